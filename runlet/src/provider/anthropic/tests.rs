//! What goes out; what comes back is in `answers`.

mod answers;

use crate::provider::pieces::RequestBody;
use serde_json::json;

use super::*;
use crate::message::{
    Extra, Media, MediaKind, MediaSource, Message, Native, Part, Reasoning, Role, ToolCall, ToolResult,
};
use crate::model::{OutputFormat, StopReason, ToolChoice};
use crate::schema::Schema;
use crate::tool::ToolSpec;

/// The body of a request, as JSON.
fn body(request: &ModelRequest) -> Value {
    body_of("m", request, Delivery::Whole(100))
}

fn body_of(model: &str, request: &ModelRequest, how: Delivery) -> Value {
    let chunks = try_body(model, request, how).expect("a request that can be written");
    serde_json::from_slice(&chunks.concat()).expect("JSON")
}

fn try_body(model: &str, request: &ModelRequest, how: Delivery) -> Result<RequestBody> {
    encode::body(model, request, &encode::tools(&request.tools)?, how)
}

fn check_messages(messages: Vec<Message>, expected: &Value) {
    assert_eq!(&body(&ModelRequest::from_messages(messages))["messages"], expected);
}

fn check_round_trip(request: &Value) {
    let read = Anthropic::request_from_wire(request).expect("a request that can be read");
    let mut built = body(&read);
    let built = built.as_object_mut().expect("an object");
    built.remove("model");
    if request.get("max_tokens").is_none() {
        built.remove("max_tokens");
    }
    assert_eq!(&Value::Object(built.clone()), request);
}

fn extra(fields: &Value) -> Extra {
    Extra::new(PROVIDER, fields.as_object().cloned().expect("an object"))
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn whole(content: &Value, rest: &Value) -> ModelResponse {
    let mut answer = json!({ "type": "message", "role": "assistant", "id": "msg_1", "model": "m", "content": content });
    for (name, value) in rest.as_object().expect("an object") {
        answer[name] = value.clone();
    }
    decode::response(&answer.to_string()).expect("an answer")
}

#[test]
fn data_in_an_address_is_sent_as_data() {
    let image = Media::image_url("data:image/png;base64,AAAA");
    let source = json!({ "type": "base64", "media_type": "image/png", "data": "AAAA" });
    check_messages(
        vec![Message::new(Role::User, vec![Part::Media(image)])],
        &json!([{ "role": "user", "content": [{ "type": "image", "source": source }] }]),
    );
}

#[test]
fn a_conversation_is_written_in_blocks() {
    let call = ToolCall::new("call_1", "lookup", r#"{"id": 7}"#);
    let result = ToolResult::text(&call, "found");
    let request = ModelRequest::from_messages([
        Message::system("Be polite."),
        Message::user("Hi"),
        Message::new(Role::Assistant, vec![Part::text("Let me see."), Part::tool_call(call)]),
        Message::tool(vec![result]),
    ])
    .instructions("Be brief.");
    assert_eq!(
        body(&request),
        json!({
            "model": "m",
            "max_tokens": 100,
            "system": [text("Be brief."), text("Be polite.")],
            "messages": [
                { "role": "user", "content": [text("Hi")] },
                { "role": "assistant", "content": [
                    text("Let me see."),
                    { "type": "tool_use", "id": "call_1", "name": "lookup", "input": { "id": 7 } },
                ] },
                { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "call_1", "content": "found" }] },
            ],
        })
    );
}

#[test]
fn row_58_all_results_of_a_turn_come_first_in_one_message_of_the_user() {
    let (a, b) = (ToolCall::new("a", "f", ""), ToolCall::new("b", "f", "{}"));
    let use_of = |id: &str| json!({ "type": "tool_use", "id": id, "name": "f", "input": {} });
    check_messages(
        vec![
            Message::new(Role::Assistant, vec![Part::tool_call(a.clone()), Part::tool_call(b.clone())]),
            Message::tool(vec![ToolResult::text(&a, "1")]),
            Message::tool(vec![ToolResult::error(&b, "2")]),
            Message::user("And now?"),
            Message::user("Well?"),
        ],
        &json!([
            { "role": "assistant", "content": [use_of("a"), use_of("b")] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "a", "content": "1" },
                { "type": "tool_result", "tool_use_id": "b", "content": "2", "is_error": true },
                text("And now?"),
            ] },
            { "role": "user", "content": [text("Well?")] },
        ]),
    );
}

#[test]
fn row_46_thinking_and_the_providers_own_blocks_go_back_byte_for_byte() {
    let signature = "EpUC+/=Zm9v\u{0}";
    let content = json!([
        { "type": "thinking", "thinking": "Two\u{2028}things, \"a\".", "signature": signature },
        { "type": "redacted_thinking", "data": "EmwK+/==" },
        { "type": "thinking", "thinking": "", "signature": "omitted" },
        { "type": "text", "text": "It is 7.", "citations": [{ "type": "char_location", "cited_text": "7" }] },
        { "type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": { "query": "7" } },
        { "type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{ "encrypted_content": "x" }] },
        { "type": "novelty", "of": [1, 2.5, null] },
        { "type": "tool_use", "id": "toolu_1", "name": "f", "input": { "b": 1, "a": 2 }, "caller": { "type": "direct" } },
    ]);
    let response = whole(&content, &json!({ "stop_reason": "tool_use" }));
    assert_eq!(response.message.reasoning(), "Two\u{2028}things, \"a\".");
    assert_eq!(response.message.tool_calls().count(), 1, "the provider's own calls are not the caller's");
    check_messages(vec![response.message], &json!([{ "role": "assistant", "content": content }]));
}

#[test]
fn thinking_that_broke_off_is_not_sent() {
    let unsigned = json!([{ "type": "thinking", "thinking": "Let me", "signature": "" }, text("So")]);
    let response = whole(&unsigned, &json!({ "stop_reason": "max_tokens" }));
    check_messages(vec![response.message], &json!([{ "role": "assistant", "content": [text("So")] }]));
}

#[test]
fn what_other_providers_keep_is_not_sent() {
    let signed = Extra::new("openai", serde_json::Map::from_iter([("encrypted_content".to_owned(), json!("canary"))]));
    let thought = Part::Reasoning(Reasoning { text: "canary".to_owned(), extra: signed.clone() });
    let native = Part::Native(Native::new("openai", "canary", r#"{"canary":1}"#));
    let said = Part::Text(crate::message::Text { text: "Hi".to_owned(), extra: signed });
    let request = ModelRequest::from_messages([
        Message::new(Role::Assistant, vec![thought.clone(), native.clone()]),
        Message::new(Role::Assistant, vec![thought, native, said]),
    ]);
    let request = request.tool(Native::new("openai", "canary", "{}")).option("openai", "canary", 1);
    let messages = json!([{ "role": "assistant", "content": [text("Hi")] }]);
    assert_eq!(body(&request), json!({ "model": "m", "max_tokens": 100, "messages": messages }));
}

#[test]
fn text_that_says_nothing_is_not_sent() {
    let blank = Message::new(Role::Assistant, vec![Part::text(""), Part::text(" \n")]);
    check_messages(vec![Message::user("Hi"), blank], &json!([{ "role": "user", "content": [text("Hi")] }]));
}

#[test]
fn images_and_documents_are_blocks() {
    let file = |media_type: &str, data: &str| Media {
        kind: MediaKind::File,
        source: MediaSource::Base64 { media_type: media_type.to_owned(), data: data.to_owned() },
        name: Some("a.txt".to_owned()),
        extra: extra(&json!({ "citations": { "enabled": true } })),
    };
    let id = Media { source: MediaSource::FileId { id: "file_1".to_owned() }, ..Media::image_url("") };
    let source = |source: Value| json!({ "type": "image", "source": source });
    check_messages(
        vec![Message::new(
            Role::User,
            [
                Media::image_base64("image/png", "AAAA"),
                Media::image_url("https://example.com/a.png"),
                id,
                file("application/pdf", "JVBE"),
                file("text/markdown", "SGk="),
            ]
            .map(Part::Media)
            .into(),
        )],
        &json!([{ "role": "user", "content": [
            source(json!({ "type": "base64", "media_type": "image/png", "data": "AAAA" })),
            source(json!({ "type": "url", "url": "https://example.com/a.png" })),
            source(json!({ "type": "file", "file_id": "file_1" })),
            {
                "type": "document", "title": "a.txt", "citations": { "enabled": true },
                "source": { "type": "base64", "media_type": "application/pdf", "data": "JVBE" },
            },
            {
                "type": "document", "title": "a.txt", "citations": { "enabled": true },
                "source": { "type": "text", "media_type": "text/plain", "data": "Hi" },
            },
        ] }]),
    );
}

#[test]
fn settings_and_options_meet_in_the_body() {
    let schema = Schema::from_value(json!({ "type": "object", "properties": {} })).expect("a schema");
    let mut spec = ToolSpec::new("lookup", "Looks up.", schema);
    spec.strict = Some(true);
    let request = ModelRequest::new("Hi")
        .instructions("Be brief.")
        .tool(spec)
        .tool(Native::new("anthropic", "web_search", r#"{"type":"web_search_20250305","name":"web_search"}"#))
        .tool_choice(ToolChoice::Tool("lookup".to_owned()))
        .max_output_tokens(7)
        .temperature(0.5)
        .metadata("canary", "not sent")
        .option("anthropic", "thinking", json!({ "type": "adaptive" }))
        .option("anthropic", "cache_control", json!({ "type": "ephemeral" }))
        .option("anthropic", "cache_instructions", json!({ "type": "ephemeral", "ttl": "1h" }))
        .option("anthropic", "betas", json!(["canary-2026-01-01"]))
        .option("anthropic", "extra_headers", json!({ "x-canary": "not sent" }))
        .option("anthropic", "extra_body", json!({ "top_k": 5 }));
    let request = ModelRequest { parallel_tool_calls: Some(false), ..request };
    assert_eq!(
        body_of("m", &request, Delivery::Streamed(100)),
        json!({
            "model": "m",
            "max_tokens": 7,
            "stream": true,
            "system": [{ "type": "text", "text": "Be brief.", "cache_control": { "type": "ephemeral", "ttl": "1h" } }],
            "messages": [{ "role": "user", "content": [text("Hi")] }],
            "tools": [
                {
                    "name": "lookup", "description": "Looks up.", "strict": true,
                    "input_schema": { "type": "object", "properties": {} },
                },
                { "type": "web_search_20250305", "name": "web_search" },
            ],
            "tool_choice": { "type": "tool", "name": "lookup", "disable_parallel_tool_use": true },
            "temperature": 0.5,
            "thinking": { "type": "adaptive" },
            "cache_control": { "type": "ephemeral" },
            "top_k": 5,
        })
    );
    assert_eq!(betas(&request).expect("a header").expect("a header"), "canary-2026-01-01");
}

#[test]
fn the_choice_of_tools_is_only_said_where_it_says_something() {
    let check = |choice: Option<ToolChoice>, parallel: Option<bool>, tools: bool, expected: Value| {
        let schema = Schema::from_value(json!({ "type": "object" })).expect("a schema");
        let mut request = ModelRequest::new("Hi");
        if tools {
            request = request.tool(ToolSpec::new("f", "", schema));
        }
        let request = ModelRequest { tool_choice: choice, parallel_tool_calls: parallel, ..request };
        assert_eq!(body(&request)["tool_choice"], expected);
    };
    check(None, None, true, Value::Null);
    check(None, Some(true), true, Value::Null);
    check(None, Some(false), true, json!({ "type": "auto", "disable_parallel_tool_use": true }));
    check(None, Some(false), false, Value::Null);
    check(Some(ToolChoice::Auto), None, true, json!({ "type": "auto" }));
    check(Some(ToolChoice::Auto), None, false, Value::Null);
    check(Some(ToolChoice::None), Some(false), true, json!({ "type": "none" }));
    check(Some(ToolChoice::None), None, false, Value::Null);
    check(Some(ToolChoice::Required), None, true, json!({ "type": "any" }));
}

#[test]
fn what_is_only_counted_says_nothing_of_the_answer() {
    let request = ModelRequest::new("Hi")
        .max_output_tokens(7)
        .temperature(1.0)
        .option("anthropic", "metadata", json!({ "user_id": "u" }))
        .option("anthropic", "thinking", json!({ "type": "adaptive" }));
    assert_eq!(
        body_of("m", &request, Delivery::Counted),
        json!({
            "model": "m",
            "messages": [{ "role": "user", "content": [text("Hi")] }],
            "thinking": { "type": "adaptive" },
        })
    );
}

#[test]
fn later_system_messages_stay_where_the_model_takes_them() {
    let conversation = || vec![Message::user("Hi"), Message::system("Be kind."), Message::assistant("Hello")];
    let request = ModelRequest::from_messages(conversation());
    let (hi, hello) = (json!({ "role": "user", "content": [text("Hi")] }), text("Hello"));
    let answer = json!({ "role": "assistant", "content": [hello] });
    let kind = json!({ "role": "system", "content": [text("Be kind.")] });
    let newer = body_of("claude-opus-4-8", &request, Delivery::Whole(1));
    assert_eq!((&newer["messages"], &newer["system"]), (&json!([hi, kind, answer]), &Value::Null));
    let older = body_of("claude-sonnet-4-5", &request, Delivery::Whole(1));
    assert_eq!((&older["messages"], &older["system"]), (&json!([hi, answer]), &json!([text("Be kind.")])));
}

#[test]
fn ids_and_arguments_of_other_models_are_made_fit_for_the_api() {
    let call = ToolCall::new("functions.f:0", "f", r#"{"a": "#);
    let result = ToolResult::text(&call, "");
    let sent = body(&ModelRequest::from_messages([
        Message::new(Role::Assistant, vec![Part::tool_call(call)]),
        Message::tool(vec![result]),
    ]));
    let call = &sent["messages"][0]["content"][0];
    assert_eq!(call["input"], json!({ "malformed_json": "{\"a\": " }));
    let id = call["id"].as_str().expect("an id");
    assert!(id.starts_with("functions_f_0_") && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    assert_eq!(sent["messages"][1]["content"][0]["tool_use_id"], id);
}

#[test]
fn a_turn_goes_on_in_the_container_it_began_in() {
    let content = json!([{ "type": "tool_use", "id": "a", "name": "f", "input": {} }]);
    let response = whole(&content, &json!({ "stop_reason": "tool_use", "container": { "id": "container_1" } }));
    let result = ToolResult::text(&ToolCall::new("a", "f", "{}"), "1");
    let mut request = ModelRequest::new("Hi");
    request.messages.extend([response.message, Message::tool(vec![result])]);
    assert_eq!(body(&request)["container"], "container_1");
    request.messages.push(Message::user("Next."));
    assert_eq!(body(&request)["container"], Value::Null);
}

#[test]
fn what_the_api_cannot_say_is_an_error() {
    let image = Part::Media(Media::image_url("https://example.com/a.png"));
    let sound = Part::Media(Media { kind: MediaKind::Audio, ..Media::image_url("") });
    let broken = Part::Native(Native::new("anthropic", "broken", "{"));
    let requests = [
        ModelRequest::from_messages([Message::new(Role::Assistant, vec![image])]),
        ModelRequest::from_messages([Message::new(Role::User, vec![sound])]),
        ModelRequest::from_messages([Message::new(Role::User, vec![broken])]),
        ModelRequest::new("Hi").tool(Native::new("anthropic", "broken", "{")),
        ModelRequest::new("Hi").temperature(f64::NAN),
        ModelRequest::new("Hi").option("anthropic", "extra_body", 7),
    ];
    for request in requests {
        let error = try_body("m", &request, Delivery::Whole(1)).expect_err("an error");
        assert_eq!(error.provider().map(|error| error.category), Some(Category::InvalidRequest), "{error}");
    }
    assert!(betas(&ModelRequest::new("Hi").option("anthropic", "betas", 7)).is_err());
}

#[tokio::test]
async fn an_answer_that_takes_longer_than_the_wait_is_refused_unless_it_is_streamed() {
    let model = Anthropic::new("claude-opus-5").api_key("k").base_url("https://localhost:1");
    let request = |tokens: u64| ModelRequest::new("Hi").max_output_tokens(tokens).unbudgeted();
    let error = model.complete(request(21_334)).await.expect_err("an error");
    assert!(error.to_string().contains("stream it"), "{error}");
    // Nobody listens, which shows that it is tried.
    let error = model.complete(request(21_333)).await.expect_err("an error");
    assert_eq!(error.provider().map(|error| error.category), Some(Category::Transport), "{error}");
    let patient = model.timeout(Duration::from_mins(20));
    let error = patient.complete(request(42_666)).await.expect_err("an error");
    assert_eq!(error.provider().map(|error| error.category), Some(Category::Transport), "{error}");
}

#[test]
fn the_output_limit_is_the_models() {
    let request = ModelRequest::new("Hi").unbudgeted();
    assert_eq!(Anthropic::new("claude-opus-5").output_limit(&request), 128_000);
    assert_eq!(Anthropic::new("qwen3").output_limit(&request), 4_096);
}

#[test]
fn a_message_is_written_once() {
    let request = ModelRequest::new("Hi".repeat(20_000));
    let pointers = |request: &ModelRequest| try_body("m", request, Delivery::Whole(1)).expect("a body")[1].as_ptr();
    assert_eq!(pointers(&request), pointers(&request.clone()));
}

#[test]
fn what_requests_have_no_word_for_is_kept() {
    let cached = json!({ "type": "text", "text": "a", "cache_control": { "type": "ephemeral" } });
    check_round_trip(&json!({
        "max_tokens": 9,
        "system": [cached, { "type": "text", "text": "b", "novelty": 1 }],
        "messages": [
            { "role": "user", "content": [cached, { "type": "container_upload", "file_id": "f" }] },
            { "role": "user", "content": [{ "type": "document", "source": { "type": "content", "content": [] } }] },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "t", "signature": "s" },
                { "type": "redacted_thinking", "data": "d" },
                { "type": "mcp_tool_use", "id": "m", "name": "n", "input": {}, "server_name": "s" },
                { "type": "tool_use", "id": "c", "name": "f", "input": { "x": 1 } },
            ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "c", "content": [
                    { "type": "image", "source": { "type": "file", "file_id": "f" } },
                    { "type": "tool_reference", "tool_name": "g" },
                    { "type": "document", "title": "t", "source": { "type": "text", "media_type": "text/plain", "data": "é" } },
                ], "cache_control": { "type": "ephemeral" } },
                { "type": "text", "text": "after" },
            ] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "c" }] },
            { "role": "assistant", "content": [text("a")] },
            { "role": "assistant", "content": [text("b")] },
            { "role": "user", "content": [text("c")] },
            { "role": "system", "content": [{ "type": "tool_addition", "tool": {} }] },
        ],
        "tools": [
            { "name": "f", "description": "d", "input_schema": { "type": "object", "properties": {} } },
            { "name": "g", "input_schema": { "type": "object" }, "defer_loading": true },
            { "type": "custom", "name": "h", "input_schema": { "type": "object", "properties": {} } },
        ],
        "tool_choice": { "type": "auto", "disable_parallel_tool_use": false },
        "output_config": { "effort": "low", "format": { "type": "json_schema", "schema": { "minimum": 1 } } },
        "mcp_servers": [{ "type": "url" }],
        "novelty": { "x": [1, 2.5, null] },
    }));
    check_round_trip(&json!({ "messages": [], "tools": [], "top_p": "high", "system": "" }));
    check_round_trip(
        &json!({ "messages": [{ "role": "novelty", "content": "Hi" }], "tool_choice": { "type": "auto" } }),
    );
    check_round_trip(&json!({ "messages": [{ "role": "user", "content": "" }] }));
    check_round_trip(&json!({}));
}

#[test]
fn results_and_what_the_user_says_apart_from_them_stay_apart() {
    check_round_trip(&json!({ "messages": [
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "c", "content": "1" }] },
        { "role": "user", "content": [text("Well?")] },
    ] }));
}

#[test]
fn an_output_is_held_to_its_schema_or_told_it() {
    let check = |schema: Value, strict: Option<bool>, expected: Option<Value>| {
        let schema = Schema::from_value(schema).expect("a schema");
        let output = OutputFormat::Schema { name: "o".to_owned(), description: None, schema, strict };
        let sent = body(&ModelRequest::new("Hi").output(output));
        let told = sent["system"][0]["text"].as_str().is_some_and(|words| words.contains("JSON schema"));
        assert_eq!(told, expected.is_none(), "{sent}");
        assert_eq!(sent.pointer("/output_config/format/schema"), expected.as_ref());
    };
    let figure =
        json!({ "type": "object", "properties": { "n": { "type": "integer", "minimum": 0, "format": "uint8" } } });
    let closed = json!({
        "type": "object",
        "properties": { "n": { "type": "integer", "description": "(minimum: 0)" } },
        "additionalProperties": false,
    });
    check(figure.clone(), None, Some(closed));
    check(figure.clone(), Some(true), Some(figure.clone()));
    check(figure, Some(false), None);
    let one_of = json!({ "oneOf": [{ "const": 1 }, { "type": ["string", "null"] }] });
    check(one_of, None, Some(json!({ "anyOf": [{ "const": 1 }, { "type": ["string", "null"] }] })));
    // Any keys, anything at all, and a type that contains itself.
    check(json!({ "type": "object", "additionalProperties": { "type": "string" } }), None, None);
    check(json!({ "type": "object", "properties": { "any": {} } }), None, None);
    check(json!({ "type": "object", "properties": { "any": true } }), None, None);
    let node = json!({ "type": "array", "items": { "$ref": "#/$defs/Node" } });
    check(json!({ "$ref": "#/$defs/Node", "$defs": { "Node": node } }), None, None);
    let json = body(&ModelRequest::new("Hi").output(OutputFormat::Json));
    assert_eq!(json["system"][0]["text"], "Answer with one JSON object and nothing else.");
}

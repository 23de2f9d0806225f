use crate::provider::pieces::RequestBody;
use serde_json::json;

use super::*;
use crate::message::{Extra, Media, Message, Native, Part, Reasoning, Role, ToolCall, ToolResult};
use crate::model::{OutputFormat, ToolChoice};
use crate::schema::Schema;
use crate::tool::ToolSpec;

/// The body of a request, as JSON.
fn body(request: &ModelRequest) -> Value {
    let chunks = try_body(request).expect("a request that can be written");
    serde_json::from_slice(&chunks.concat()).expect("JSON")
}

fn try_body(request: &ModelRequest) -> Result<RequestBody> {
    let tools = encode::tools(&request.tools, encode::auto_strict(request))?;
    encode::body("m", request, &tools, Delivery::Whole)
}

fn check_input(messages: Vec<Message>, expected: &Value) {
    assert_eq!(body(&ModelRequest::from_messages(messages)), json!({ "model": "m", "input": expected }));
}

fn check_round_trip(request: &Value) {
    let read = OpenAiResponses::request_from_wire(request).expect("a request that can be read");
    let mut built = body(&read);
    built.as_object_mut().expect("an object").remove("model");
    assert_eq!(&built, request);
}

#[test]
fn a_conversation_is_written_in_the_shortest_form() {
    let call = ToolCall::new("call_1", "lookup", "{}");
    let result = ToolResult::text(&call, "found");
    check_input(
        vec![
            Message::system("Be brief."),
            Message::user("Hi"),
            Message::new(Role::Assistant, vec![Part::text("Let me see."), Part::tool_call(call)]),
            Message::tool(vec![result]),
        ],
        &json!([
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Hi" },
            { "role": "assistant", "content": "Let me see." },
            { "type": "function_call", "call_id": "call_1", "name": "lookup", "arguments": "{}" },
            { "type": "function_call_output", "call_id": "call_1", "output": "found" },
        ]),
    );
}

#[test]
fn a_call_id_that_is_too_long_is_cut_in_the_call_and_its_result() {
    let call = ToolCall::new("x".repeat(65), "f", "{}");
    let history = vec![Message::new(Role::Assistant, vec![Part::tool_call(call.clone())])];
    let history = [history, vec![Message::tool(vec![ToolResult::text(&call, "found")])]].concat();
    let built = body(&ModelRequest::from_messages(history));
    let id = built["input"][0]["call_id"].as_str().expect("an id");
    assert_eq!((id.len(), id), (64, built["input"][1]["call_id"].as_str().expect("an id")));
}

#[test]
fn data_in_an_address_is_sent_as_data() {
    let source = crate::message::MediaSource::Url { url: "data:application/pdf;base64,AAAA".into(), media_type: None };
    let file = Media { kind: crate::message::MediaKind::File, source, ..Media::image_url("") };
    check_input(
        vec![Message::new(Role::User, vec![Part::Media(file)])],
        &json!([{ "role": "user", "content": [
            { "type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": "file" },
        ] }]),
    );
}

#[test]
fn images_and_files_are_content() {
    let image = Part::Media(Media::image_base64("image/png", "AAAA"));
    let at = Part::Media(Media::image_url("https://example.com/a.png"));
    check_input(
        vec![Message::new(Role::User, vec![Part::text("Look:"), image, at])],
        &json!([{ "role": "user", "content": [
            { "type": "input_text", "text": "Look:" },
            { "type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto" },
            { "type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto" },
        ] }]),
    );
}

#[test]
fn what_other_providers_keep_is_not_sent() {
    let signed = Extra::new("anthropic", serde_json::Map::from_iter([("signature".to_owned(), json!("canary"))]));
    let thought = Part::Reasoning(Reasoning { text: "canary".to_owned(), extra: signed.clone() });
    let native = Part::Native(Native::new("anthropic", "canary", r#"{"canary":1}"#));
    let text = Part::Text(crate::message::Text { text: "Hi".to_owned(), extra: signed });
    let mut request = ModelRequest::from_messages([
        Message::new(Role::Assistant, vec![thought.clone(), native.clone()]),
        Message::new(Role::Assistant, vec![thought, native, text]),
    ]);
    request = request.tool(Native::new("anthropic", "canary", "{}")).option("anthropic", "canary", 1);
    assert_eq!(body(&request), json!({ "model": "m", "input": [{ "role": "assistant", "content": "Hi" }] }));
}

#[test]
fn settings_and_options_meet_in_the_body() {
    let schema = Schema::from_value(json!({ "type": "object" })).expect("a schema");
    let mut spec = ToolSpec::new("lookup", "Looks up.", schema.clone());
    spec.strict = Some(false);
    let request = ModelRequest::new("Hi")
        .instructions("Be brief.")
        .tool(spec)
        .tool(Native::new("openai", "web_search", r#"{"type":"web_search"}"#))
        .tool_choice(ToolChoice::Tool("lookup".to_owned()))
        .output(OutputFormat::Schema { name: "answer".to_owned(), description: None, schema, strict: Some(true) })
        .max_output_tokens(7)
        .temperature(0.5)
        .metadata("canary", "not sent")
        .option("openai", "text", json!({ "verbosity": "low" }))
        .option("openai", "store", false)
        .option("openai", "extra_headers", json!({ "x-canary": "not sent" }))
        .option("openai", "extra_body", json!({ "store": true, "text": { "format": { "strict": null } } }));
    assert_eq!(
        body(&request),
        json!({
            "model": "m",
            "instructions": "Be brief.",
            "input": [{ "role": "user", "content": "Hi" }],
            "tools": [
                {
                    "type": "function",
                    "name": "lookup",
                    "description": "Looks up.",
                    "parameters": { "type": "object" },
                    "strict": false,
                },
                { "type": "web_search" },
            ],
            "tool_choice": { "type": "function", "name": "lookup" },
            "text": {
                "verbosity": "low",
                "format": { "type": "json_schema", "name": "answer", "schema": { "type": "object" }, "strict": null },
            },
            "max_output_tokens": 7,
            "temperature": 0.5,
            "store": true,
        })
    );
}

#[test]
fn an_item_that_is_named_like_a_part_of_a_message_stays_an_item() {
    let odd = json!({ "type": "output_forecast", "degrees": 7 });
    check_round_trip(&json!({ "input": [{ "role": "user", "content": "Hi" }, odd] }));
    check_round_trip(&json!({ "input": [{ "type": "input_text", "text": "Hi" }] }));
    let parts = decode::item(&odd.to_string()).expect("an item");
    let said = Message::new(Role::Assistant, [parts, vec![Part::text("Cold.")]].concat());
    check_input(vec![said], &json!([odd, { "role": "assistant", "content": "Cold." }]));
}

#[test]
fn extra_body_can_replace_anything() {
    let extra = json!({ "model": "other", "input": "Hello", "tools": [] });
    assert_eq!(body(&ModelRequest::new("Hi").option("openai", "extra_body", extra.clone())), extra);
}

#[test]
fn what_the_api_cannot_say_is_an_error() {
    let image = Part::Media(Media::image_url("https://example.com/a.png"));
    let broken = Part::Native(Native::new("openai", "broken", "{"));
    let requests = [
        ModelRequest::from_messages([Message::new(Role::Assistant, vec![image])]),
        ModelRequest::from_messages([Message::new(Role::User, vec![broken])]),
        ModelRequest::new("Hi").tool(Native::new("openai", "broken", "{")),
        ModelRequest::new("Hi").temperature(f64::NAN),
        ModelRequest::new("Hi").option("openai", "extra_body", 7),
    ];
    for request in requests {
        let error = try_body(&request).expect_err("an error");
        assert_eq!(error.provider().map(|error| error.category), Some(Category::InvalidRequest), "{error}");
    }
}

#[test]
fn a_message_is_written_once() {
    let request = ModelRequest::new("Hi".repeat(20_000));
    let pointers = |request: &ModelRequest| try_body(request).expect("a body")[1].as_ptr();
    assert_eq!(pointers(&request), pointers(&request.clone()));
}

#[test]
fn what_requests_have_no_word_for_is_kept() {
    check_round_trip(&json!({
        "input": [
            { "role": "developer", "content": "Be brief." },
            { "role": "user", "content": [{ "type": "input_text", "text": "Hi", "prompt_cache_breakpoint": {} }] },
            { "role": "user", "content": [{ "type": "input_novelty", "x": 1 }, { "type": "input_file", "file_id": "f" }] },
            { "role": "user", "content": [{ "type": "novelty", "x": 1 }] },
            { "role": "user", "content": [] },
            { "role": "novelty", "content": "Hi" },
            { "role": "assistant", "content": "a" },
            { "role": "assistant", "content": "b", "phase": "commentary" },
            { "type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "x", "novelty": 1 },
            {
                "type": "message", "id": "msg", "role": "assistant", "status": "completed",
                "content": [
                    { "type": "output_text", "text": "c", "annotations": [{ "type": "url_citation" }], "logprobs": [] },
                    { "type": "refusal", "refusal": "no" },
                ],
            },
            { "type": "function_call", "call_id": "c", "name": "f", "arguments": "{", "id": "fc", "namespace": "n" },
            { "type": "function_call_output", "call_id": "c", "output": [
                { "type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "low" },
            ] },
            { "type": "function_call_output", "call_id": "d", "output": { "novelty": 1 } },
            { "type": "compaction", "encrypted_content": "x" },
        ],
        "instructions": null,
        "tools": [{ "type": "function", "name": "f", "parameters": null }, { "type": "web_search" }],
        "tool_choice": { "type": "allowed_tools", "tools": [] },
        "text": { "format": { "type": "text" } },
        "previous_response_id": null,
        "novelty": { "x": [1, 2.5, null] },
    }));
    check_round_trip(&json!({ "input": [], "tools": [], "top_p": "high", "max_output_tokens": -1 }));
    check_round_trip(&json!({}));
}

#[test]
fn strict_is_chosen_where_it_loses_nothing() {
    let check = |schema: Value, strict: Option<bool>, expected: Value| {
        let schema = Schema::from_value(schema).expect("a schema");
        let mut spec = ToolSpec::new("t", "", schema.clone());
        spec.strict = strict;
        let output = OutputFormat::Schema { name: "o".to_owned(), description: None, schema, strict };
        let sent = body(&ModelRequest::new("Hi").tool(spec).output(output));
        let (tool, format) = (&sent["tools"][0], &sent["text"]["format"]);
        assert_eq!((&tool["parameters"], &tool["strict"]), (&expected["schema"], &expected["strict"]));
        assert_eq!((&format["schema"], &format["strict"]), (&expected["schema"], &expected["strict"]));
    };
    let optional = json!({ "type": "object", "properties": { "a": { "type": ["string", "null"] } } });
    let lowered = json!({
        "type": "object",
        "properties": { "a": { "type": ["string", "null"] } },
        "required": ["a"],
        "additionalProperties": false,
    });
    check(optional.clone(), None, json!({ "schema": lowered, "strict": true }));
    check(optional.clone(), Some(false), json!({ "schema": optional, "strict": false }));
    check(optional.clone(), Some(true), json!({ "schema": optional, "strict": true }));
    // A default: null is none of its values, so strict mode cannot ask for it.
    let default = json!({ "type": "object", "properties": { "a": { "type": "integer", "default": 1 } } });
    check(default.clone(), None, json!({ "schema": default, "strict": false }));
}

#[test]
fn a_request_that_says_nothing_of_strict_is_sent_so() {
    let schema = json!({ "type": "object", "properties": {} });
    check_round_trip(&json!({
        "input": [{ "role": "user", "content": "Hi" }],
        "tools": [
            { "type": "function", "name": "a", "parameters": schema },
            { "type": "function", "name": "b", "parameters": schema, "strict": true },
        ],
        "text": { "format": { "type": "json_schema", "name": "o", "schema": schema } },
    }));
}

#[test]
fn a_long_history_is_written_as_its_messages_are() {
    let mut request = ModelRequest::default();
    let items = |request: &ModelRequest| body(request)["input"].as_array().cloned().unwrap_or_default();
    let mut expected = Vec::new();
    for place in 0..200 {
        let words = if place == 100 { "long ".repeat(5_000) } else { format!("message {place}") };
        let message = Message::user(words);
        expected.extend(items(&ModelRequest::from_messages([message.clone()])));
        request.messages.push(message);
        assert_eq!(items(&request), expected, "{place}");
    }
}

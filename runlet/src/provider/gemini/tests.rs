//! What goes out; what comes back is in `answers`.

mod answers;

use std::collections::VecDeque;
use std::ops::ControlFlow;

use crate::provider::pieces::RequestBody;
use serde_json::{Map, json};

use super::*;
use crate::message::{
    Extra, Media, MediaKind, MediaSource, Message, Native, Part, Reasoning, Role, Text, ToolCall, ToolResult,
    UsageSource,
};
use crate::model::{ModelEvent, OutputFormat, StopReason, ToolChoice};
use crate::provider::http::StreamDecoder;
use crate::provider::sse::SseEvent;
use crate::schema::Schema;
use crate::tool::ToolSpec;

const OLD: &str = "gemini-2.5-flash";
const NEW: &str = "gemini-3-pro-preview";

/// The body of a request, as JSON.
fn body_for(model: &str, request: &ModelRequest) -> Value {
    let chunks = try_body(model, request).expect("a request that can be written");
    serde_json::from_slice(&chunks.concat()).expect("JSON")
}

fn body(request: &ModelRequest) -> Value {
    body_for(OLD, request)
}

fn try_body(model: &str, request: &ModelRequest) -> Result<RequestBody> {
    let tools = encode::tools(&request.tools, encode::tool_form(request)?)?;
    encode::body(model, request, &tools)
}

fn check_contents(messages: Vec<Message>, expected: &Value) {
    assert_eq!(body(&ModelRequest::from_messages(messages)), json!({ "contents": expected }));
}

fn check_round_trip(request: &Value) {
    let read = Gemini::request_from_wire(request).expect("a request that can be read");
    assert_eq!(&body_for(NEW, &read), request);
}

#[test]
fn data_in_an_address_is_sent_as_data() {
    check_contents(
        vec![Message::new(Role::User, vec![Part::Media(Media::image_url("data:image/png;base64,AAAA"))])],
        &json!([{ "role": "user", "parts": [{ "inlineData": { "mimeType": "image/png", "data": "AAAA" } }] }]),
    );
}

fn schema(value: Value) -> Schema {
    Schema::from_value(value).expect("a schema")
}

fn answer(json: &Value) -> ModelResponse {
    decode::response(&json.to_string()).expect("an answer")
}

/// An answer of one candidate.
fn candidate(parts: &Value, reason: &str) -> Value {
    json!({ "candidates": [{ "content": { "parts": parts, "role": "model" }, "finishReason": reason }] })
}

/// What goes back of an answer.
fn sent_back(response: &ModelResponse) -> Value {
    body_for(NEW, &ModelRequest::from_messages([response.message.clone()]))["contents"][0]["parts"].clone()
}

/// Reads chunks up to the end of a stream: what was shown, and the answer where it was complete.
fn fold(chunks: &[Value]) -> Result<(Vec<ModelEvent>, Option<ModelResponse>), Failure> {
    let mut stream = stream::GeminiStream::default();
    let mut out = VecDeque::new();
    for chunk in chunks {
        let going = stream.event(SseEvent { name: "", data: &chunk.to_string() }, &mut out)?;
        assert_eq!(going, ControlFlow::Continue(()));
    }
    let ended = stream.end(&mut out)?;
    let mut events: Vec<ModelEvent> = out.into();
    let last = match ended {
        ControlFlow::Break(()) => events.pop(),
        ControlFlow::Continue(()) => None,
    };
    let response = last.map(|last| match last {
        ModelEvent::Completed(response) => *response,
        event => panic!("{event:?} is not the end"),
    });
    Ok((events, response))
}

#[test]
fn a_conversation_is_written_in_the_shortest_form() {
    let call = ToolCall::new("call_1", "lookup", r#"{"id":9007199254740993}"#);
    let result = ToolResult::text(&call, "found");
    let other = ToolResult::error(&ToolCall::new("call_2", "lookup", ""), "gone");
    let request = ModelRequest::from_messages(vec![
        Message::system("Be kind."),
        Message::user("Hi"),
        Message::new(Role::Assistant, vec![Part::text("Let me see."), Part::tool_call(call)]),
        Message::tool(vec![result]),
        Message::tool(vec![other]),
    ]);
    assert_eq!(
        body(&request.instructions("Be brief.")),
        json!({
            "systemInstruction": { "parts": [{ "text": "Be brief." }, { "text": "Be kind." }] },
            "contents": [
                { "role": "user", "parts": [{ "text": "Hi" }] },
                { "role": "model", "parts": [
                    { "text": "Let me see." },
                    { "functionCall": { "id": "call_1", "name": "lookup", "args": { "id": 9_007_199_254_740_993_u64 } } },
                ] },
                { "role": "user", "parts": [
                    { "functionResponse": { "id": "call_1", "name": "lookup", "response": { "output": "found" } } },
                    { "functionResponse": { "id": "call_2", "name": "lookup", "response": { "error": "gone" } } },
                ] },
            ],
        })
    );
}

#[test]
fn media_are_parts() {
    let media = |kind, source| Part::Media(Media { kind, source, name: None, extra: Extra::default() });
    check_contents(
        vec![Message::new(
            Role::User,
            vec![
                Part::Media(Media::image_base64("image/png", "AAAA")),
                media(
                    MediaKind::Video,
                    MediaSource::Url { url: "gs://a/b".into(), media_type: Some("video/mp4".into()) },
                ),
                media(MediaKind::File, MediaSource::FileId { id: "files/x".into() }),
            ],
        )],
        &json!([{ "role": "user", "parts": [
            { "inlineData": { "mimeType": "image/png", "data": "AAAA" } },
            { "fileData": { "fileUri": "gs://a/b", "mimeType": "video/mp4" } },
            { "fileData": { "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x" } },
        ] }]),
    );
}

#[test]
fn what_tools_give_is_sent_without_loss() {
    let check = |content: Vec<Part>, model: &str, expected: Value| {
        let result = ToolResult { content, ..ToolResult::text(&ToolCall::new("c", "f", "{}"), "") };
        let sent = body_for(model, &ModelRequest::from_messages([Message::tool(vec![result])]));
        assert_eq!(sent["contents"][0]["parts"], expected);
    };
    let response = |response: Value| json!([{ "functionResponse": { "id": "c", "name": "f", "response": response } }]);
    check(vec![], OLD, response(json!({ "output": "" })));
    check(vec![Part::text("42")], OLD, response(json!({ "output": "42" })));
    check(vec![Part::text(r#"{"a":[1,2.5]}"#)], OLD, response(json!({ "output": { "a": [1, 2.5] } })));
    // The API keeps numbers as `double`: this one would become 9007199254740992.
    let long = r#"{"id":9007199254740993}"#;
    check(vec![Part::text(long)], OLD, response(json!({ "output": long })));
    let image = || Part::Media(Media::image_base64("image/png", "AA"));
    let data = json!({ "inlineData": { "mimeType": "image/png", "data": "AA" } });
    check(
        vec![image()],
        NEW,
        json!([{ "functionResponse": { "id": "c", "name": "f", "response": {}, "parts": [data] } }]),
    );
    check(vec![image()], OLD, json!([{ "functionResponse": { "id": "c", "name": "f", "response": {} } }, data]));
}

#[test]
fn what_other_providers_keep_is_not_sent() {
    let signed = Extra::new("anthropic", Map::from_iter([("signature".to_owned(), json!("canary"))]));
    let thought = Part::Reasoning(Reasoning { text: "canary".to_owned(), extra: signed.clone() });
    let native = Part::Native(Native::new("anthropic", "canary", r#"{"canary":1}"#));
    let text = Part::Text(Text { text: "Hi".to_owned(), extra: signed });
    let request = ModelRequest::from_messages([
        Message::new(Role::Assistant, vec![thought.clone(), native.clone()]),
        Message::new(Role::Assistant, vec![thought, native, text]),
    ]);
    let request = request.tool(Native::new("anthropic", "canary", "{}")).option("anthropic", "canary", 1);
    assert_eq!(body(&request), json!({ "contents": [{ "role": "model", "parts": [{ "text": "Hi" }] }] }));
}

#[test]
fn row_46_signatures_go_back_byte_for_byte() {
    let parts = json!([
        { "text": "Hm.", "thought": true, "thoughtSignature": "a+/b==" },
        { "text": "Yes", "thoughtSignature": "c-_d" },
        { "functionCall": { "name": "f", "args": { "b": 1, "a": 2 }, "id": "x1" }, "thoughtSignature": "e\u{e9}" },
        { "functionCall": { "name": "f", "args": {} } },
        { "executableCode": { "language": "PYTHON", "code": "1" }, "thoughtSignature": "g" },
        { "codeExecutionResult": { "outcome": "OUTCOME_OK", "output": "1" } },
        { "text": "", "thoughtSignature": "h" },
        { "inlineData": { "mimeType": "image/png", "data": "AA" }, "thoughtSignature": "i" },
        { "inlineData": { "mimeType": "image/png", "data": "AA" }, "thought": true },
        { "novelty": { "x": 1 } },
        { "thoughtSignature": "j" },
    ]);
    let whole = answer(&candidate(&parts, "STOP"));
    assert_eq!(sent_back(&whole), parts);
    let (events, streamed) = fold(&[candidate(&parts, "STOP")]).expect("an answer");
    assert_eq!(streamed.as_ref(), Some(&whole));
    assert_eq!(events.iter().filter(|event| matches!(event, ModelEvent::ToolCallCompleted(_))).count(), 2);
}

#[test]
fn the_calls_of_other_models_go_with_the_placeholder() {
    let call = |id: &str| Part::tool_call(ToolCall::new(id, "f", "{}"));
    let request = ModelRequest::from_messages([Message::new(Role::Assistant, vec![call("a"), call("b")])]);
    let signature =
        |model: &str, at: usize| body_for(model, &request)["contents"][0]["parts"][at]["thoughtSignature"].clone();
    assert_eq!(signature(NEW, 0), "skip_thought_signature_validator");
    assert_eq!(signature(NEW, 1), Value::Null);
    assert_eq!(signature(OLD, 0), Value::Null);
}

#[test]
fn row_30_a_call_without_an_id_gets_one_that_is_not_sent() {
    let call = json!({ "functionCall": { "name": "f", "args": {} } });
    let mut json = candidate(&json!([call, call]), "STOP");
    json["responseId"] = "r/1".into();
    let whole = answer(&json);
    let ids: Vec<&str> = whole.message.tool_calls().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, ["gemini_call_r1_0", "gemini_call_r1_1"]);
    let result = ToolResult::text(whole.message.tool_calls().next().expect("a call"), "x");
    let sent = body(&ModelRequest::from_messages([whole.message.clone(), Message::tool(vec![result])]));
    assert_eq!(sent["contents"][0]["parts"], json!([call, call]));
    assert_eq!(
        sent["contents"][1]["parts"][0]["functionResponse"],
        json!({ "name": "f", "response": { "output": "x" } })
    );
}

#[test]
fn arguments_stay_as_they_were_written() {
    let text = r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{ "b": 1e2, "a":12345678901234567890123 }}}]}}]}"#;
    let response = decode::response(text).expect("an answer");
    let call = response.message.tool_calls().next().expect("a call");
    assert_eq!(call.arguments, r#"{ "b": 1e2, "a":12345678901234567890123 }"#);
    let sent = try_body(OLD, &ModelRequest::from_messages([response.message.clone()])).expect("a body").concat();
    assert!(String::from_utf8_lossy(&sent).contains(&call.arguments));
}

#[test]
fn row_23_a_malformed_call_of_another_model_is_sent_as_an_object() {
    let call = ToolCall::new("c", "f", r#"{"a":"#);
    check_contents(
        vec![Message::new(Role::Assistant, vec![Part::tool_call(call)])],
        &json!([{ "role": "model", "parts": [
            { "functionCall": { "id": "c", "name": "f", "args": { "arguments": "{\"a\":" } } },
        ] }]),
    );
}

#[test]
fn settings_and_options_meet_in_the_body() {
    let object = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"] });
    let own = json!({ "type": "OBJECT", "properties": { "a": { "type": "STRING" } }, "required": ["a"] });
    let format = OutputFormat::Schema {
        name: "answer".to_owned(),
        description: None,
        schema: schema(object.clone()),
        strict: None,
    };
    let map = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let request = ModelRequest::new("Hi")
        .instructions("Be brief.")
        .tool(ToolSpec::new("lookup", "Looks up.", schema(object)))
        .tool(ToolSpec::new("store", "", schema(map.clone())))
        .tool(ToolSpec::new("now", "", schema(json!({ "type": "object", "properties": {} }))))
        .tool(Native::new("gemini", "googleSearch", r#"{"googleSearch":{}}"#))
        .tool_choice(ToolChoice::Tool("lookup".to_owned()))
        .output(format)
        .max_output_tokens(7)
        .temperature(0.5)
        .metadata("canary", "not sent")
        .option("gemini", "generationConfig", json!({ "thinkingConfig": { "thinkingBudget": 0 } }))
        .option("gemini", "extra_headers", json!({ "x-canary": "not sent" }))
        .option("gemini", "extra_body", json!({ "cachedContent": "c", "generationConfig": { "temperature": 1 } }));
    assert_eq!(
        body(&request),
        json!({
            "systemInstruction": { "parts": [{ "text": "Be brief." }] },
            "tools": [
                { "functionDeclarations": [
                    { "name": "lookup", "description": "Looks up.", "parameters": own },
                    { "name": "store", "description": "", "parametersJsonSchema": map },
                    { "name": "now", "description": "" },
                ] },
                { "googleSearch": {} },
            ],
            "toolConfig": { "functionCallingConfig": { "mode": "ANY", "allowedFunctionNames": ["lookup"] } },
            "generationConfig": {
                "maxOutputTokens": 7,
                "temperature": 1,
                "thinkingConfig": { "thinkingBudget": 0 },
                "responseMimeType": "application/json",
                "responseSchema": own,
            },
            "cachedContent": "c",
            "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }],
        })
    );
}

#[test]
fn what_the_api_cannot_say_is_an_error() {
    let broken = Part::Native(Native::new("gemini", "broken", "{"));
    let mut serial = ModelRequest::new("Hi");
    serial.parallel_tool_calls = Some(false);
    let requests = [
        ModelRequest::from_messages([Message::new(Role::User, vec![broken])]),
        ModelRequest::new("Hi").tool(Native::new("gemini", "broken", "{")),
        ModelRequest::new("Hi").temperature(f64::NAN),
        ModelRequest::new("Hi").option("gemini", "extra_body", 7),
        serial,
    ];
    for request in requests {
        let error = try_body(OLD, &request).expect_err("an error");
        assert_eq!(error.provider().map(|error| error.category), Some(Category::InvalidRequest), "{error}");
    }
    let error = try_body(OLD, &ModelRequest::new("Hi").option("gemini", "tool_schema", "yaml")).expect_err("an error");
    assert_eq!(error.kind(), crate::ErrorKind::Config);
}

#[test]
fn a_message_is_written_once() {
    let request = ModelRequest::new("Hi".repeat(20_000));
    let pointers = |request: &ModelRequest| try_body(OLD, request).expect("a body")[1].as_ptr();
    assert_eq!(pointers(&request), pointers(&request.clone()));
}

#[test]
fn a_count_asks_for_the_whole_request() {
    let request = ModelRequest::new("Hi").instructions("Be brief.");
    let chunks = encode::count(OLD, &try_body(OLD, &request).expect("a body")).expect("a body");
    let sent: Value = serde_json::from_slice(&chunks.concat()).expect("JSON");
    let mut expected = body(&request);
    expected["model"] = "models/gemini-2.5-flash".into();
    assert_eq!(sent, json!({ "generateContentRequest": expected }));
    assert_eq!(decode::token_count(r#"{"totalTokens":12}"#).expect("a count"), 12);
    assert_eq!(decode::token_count("{}").expect_err("no count").category, Category::Protocol);
}

#[test]
fn what_requests_have_no_word_for_is_kept() {
    let parameters = json!({ "type": "object", "properties": { "a": { "type": "string", "novelty": 1 } } });
    check_round_trip(&json!({
        "systemInstruction": { "parts": [{ "text": "Be brief." }], "role": "user" },
        "contents": [
            { "role": "user", "parts": [{ "text": "Hi" }, { "text": "", "thought": false }] },
            { "role": "user", "parts": [{ "text": "again" }] },
            { "parts": [{ "fileData": { "fileUri": "gs://a", "mimeType": "video/mp4" }, "videoMetadata": { "fps": 2 } }] },
            { "role": "model", "parts": [
                { "functionCall": { "name": "f", "args": { "x_y": 1 }, "id": "1", "willContinue": false }, "thought": false },
                { "functionCall": { "name": "f", "args": {} } },
                { "novelty": 1 },
                { "text": 7 },
            ] },
            { "role": "user", "parts": [
                { "functionResponse": { "name": "f", "response": { "result": 5 }, "id": "1" }, "thought": false },
                { "functionResponse": { "name": "f", "response": { "output": 5 }, "scheduling": "SILENT" } },
            ] },
            { "role": "user", "parts": [{ "functionResponse": { "name": "f", "response": {}, "parts": [
                { "inlineData": { "mimeType": "image/png", "data": "AA" } },
            ] } }] },
        ],
        "tools": [
            { "googleSearch": {} },
            { "functionDeclarations": [
                { "name": "f", "description": "", "parameters": parameters },
                { "name": "g", "description": "" },
            ] },
        ],
        "toolConfig": { "functionCallingConfig": { "mode": "VALIDATED" } },
        "generationConfig": {
            "topK": 1, "maxOutputTokens": -1, "responseMimeType": "application/json",
            "responseJsonSchema": { "type": "object" },
        },
        "safetySettings": null,
        "novelty": { "x": [1, 2.5, null] },
    }));
    check_round_trip(
        &json!({ "contents": [], "generationConfig": {}, "tools": [], "systemInstruction": { "role": "a" } }),
    );
    check_round_trip(&json!({
        "contents": [],
        "tools": { "functionDeclarations": [] },
        "toolConfig": { "functionCallingConfig": { "mode": "ANY", "allowedFunctionNames": ["a", "b"] } },
        "generationConfig": null,
    }));
    for broken in [json!([]), json!({ "contents": 7 }), json!({ "contents": [7] }), json!({ "contents": [{}] })] {
        let error = Gemini::request_from_wire(&broken).expect_err("an error");
        assert_eq!(error.kind(), crate::ErrorKind::Config);
    }
}

#[test]
fn row_30_results_find_calls_without_ids_by_name_and_order() {
    let call = |name: &str| json!({ "functionCall": { "name": name, "args": {} } });
    let result = |name: &str| json!({ "functionResponse": { "name": name, "response": { "output": "" } } });
    let request = Gemini::request_from_wire(&json!({ "contents": [
        { "role": "model", "parts": [call("f"), call("g"), call("f")] },
        { "role": "user", "parts": [result("g"), result("f"), result("f"), result("h")] },
    ] }))
    .expect("a request");
    let calls: Vec<&str> = request.messages[0].tool_calls().map(|call| call.id.as_str()).collect();
    let results: Vec<&str> = request.messages[1].tool_results().map(|result| result.call_id.as_str()).collect();
    assert_eq!(results, [calls[1], calls[0], calls[2], ""]);
}

#[test]
fn names_in_snake_case_are_read_alike() {
    let request = Gemini::request_from_wire(&json!({
        "contents": [{ "role": "model", "parts": [
            { "function_call": { "name": "f", "args": { "x_y": 1 } }, "thought_signature": "s" },
            { "file_data": { "file_uri": "gs://a", "mime_type": "image/png" } },
        ] }],
        "system_instruction": { "parts": [{ "text": "Be brief." }] },
    }))
    .expect("a request");
    assert_eq!(
        body(&request),
        json!({
            "systemInstruction": { "parts": [{ "text": "Be brief." }] },
            "contents": [{ "role": "model", "parts": [
                { "functionCall": { "name": "f", "args": { "x_y": 1 } }, "thoughtSignature": "s" },
                { "fileData": { "fileUri": "gs://a", "mimeType": "image/png" } },
            ] }],
        })
    );
}

#[test]
fn generations_are_told_by_the_number() {
    for (model, expected) in [
        ("gemini-3-pro-preview", true),
        ("models/gemini-3.5-flash", true),
        ("gemini-4-argon", true),
        ("gemini-2.5-flash", false),
        ("gemini-1.5-pro", false),
        ("gemma-3-27b-it", false),
        ("gemini-pro", false),
    ] {
        assert_eq!(is_generation_3(model), expected, "{model}");
    }
}

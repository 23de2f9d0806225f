use std::collections::VecDeque;
use std::ops::ControlFlow;

use bytes::Bytes;
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

fn try_body(model: &str, request: &ModelRequest) -> Result<Vec<Bytes>> {
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
        Message::new(Role::Assistant, vec![Part::text("Let me see."), Part::ToolCall(call)]),
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
    let call = |id: &str| Part::ToolCall(ToolCall::new(id, "f", "{}"));
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
        vec![Message::new(Role::Assistant, vec![Part::ToolCall(call)])],
        &json!([{ "role": "model", "parts": [
            { "functionCall": { "id": "c", "name": "f", "args": { "arguments": "{\"a\":" } } },
        ] }]),
    );
}

#[test]
fn row_26_and_45_every_finish_reason_has_its_stop_reason() {
    let text = json!([{ "text": "a" }]);
    let call = json!([{ "functionCall": { "name": "f" } }]);
    for (parts, reason, expected) in [
        (&text, "STOP", StopReason::EndTurn),
        (&call, "STOP", StopReason::ToolCalls),
        (&call, "MAX_TOKENS", StopReason::MaxTokens),
        (&text, "SAFETY", StopReason::ContentFilter),
        (&text, "RECITATION", StopReason::ContentFilter),
        (&text, "BLOCKLIST", StopReason::ContentFilter),
        (&text, "PROHIBITED_CONTENT", StopReason::ContentFilter),
        (&text, "SPII", StopReason::ContentFilter),
        (&text, "MODEL_ARMOR", StopReason::ContentFilter),
        (&text, "IMAGE_SAFETY", StopReason::ContentFilter),
        (&text, "MALFORMED_FUNCTION_CALL", StopReason::Other("MALFORMED_FUNCTION_CALL".to_owned())),
        (&call, "UNEXPECTED_TOOL_CALL", StopReason::Other("UNEXPECTED_TOOL_CALL".to_owned())),
        (&text, "LANGUAGE", StopReason::Other("LANGUAGE".to_owned())),
        (&text, "novelty", StopReason::Other("novelty".to_owned())),
    ] {
        let json = candidate(parts, reason);
        assert_eq!(answer(&json).stop_reason, expected, "{reason}");
        let (_, streamed) = fold(&[json]).expect("an answer");
        assert_eq!(streamed.map(|response| response.stop_reason), Some(expected), "{reason}");
    }
}

#[test]
fn row_45_a_prompt_that_is_blocked_is_refused_in_the_servers_words() {
    let json = json!({ "promptFeedback": { "blockReason": "SAFETY", "blockReasonMessage": "No." } });
    let whole = answer(&json);
    assert_eq!(
        (whole.stop_reason.clone(), whole.message.refusal()),
        (StopReason::ContentFilter, Some("No.".to_owned()))
    );
    let (events, streamed) = fold(&[json]).expect("an answer");
    assert_eq!((events, streamed), (vec![ModelEvent::RefusalDelta("No.".to_owned())], Some(whole)));
    let silent = answer(&json!({ "promptFeedback": { "blockReason": "OTHER" } }));
    assert_eq!((silent.stop_reason, silent.message.parts.len()), (StopReason::ContentFilter, 0));
}

#[test]
fn row_44_an_answer_may_have_no_content() {
    for content in [
        Value::Null,
        json!({}),
        json!({ "role": "model" }),
        json!({ "parts": [] }),
        json!({ "parts": [{ "text": "" }] }),
    ] {
        let json = json!({ "candidates": [{ "content": content, "finishReason": "MAX_TOKENS" }] });
        let whole = answer(&json);
        assert_eq!((whole.message.parts.len(), &whole.stop_reason), (0, &StopReason::MaxTokens));
        assert_eq!(fold(&[json]).expect("an answer").1, Some(whole));
    }
    let none = decode::response("{}").expect_err("no answer");
    assert_eq!(none.category, Category::Protocol);
}

#[test]
fn row_49_usage_is_never_zero_where_it_is_unknown() {
    let check = |usage: Value, input: Option<u64>, output: Option<u64>, source: UsageSource| {
        let mut json = candidate(&json!([{ "text": "a" }]), "STOP");
        json["usageMetadata"] = usage;
        let usage = answer(&json).usage;
        assert_eq!((usage.input_tokens, usage.output_tokens, usage.source), (input, output, source));
    };
    check(Value::Null, None, None, UsageSource::Unknown);
    check(json!({ "trafficType": "ON_DEMAND" }), None, None, UsageSource::Unknown);
    check(json!({ "promptTokenCount": "many" }), None, None, UsageSource::Unknown);
    check(json!({ "promptTokenCount": 3 }), Some(3), None, UsageSource::Partial);
    check(json!({ "promptTokenCount": 3, "totalTokenCount": 3 }), Some(3), Some(0), UsageSource::Reported);
    let full = json!({
        "promptTokenCount": 10, "cachedContentTokenCount": 4, "toolUsePromptTokenCount": 5,
        "candidatesTokenCount": 6, "thoughtsTokenCount": 7, "totalTokenCount": 28,
    });
    check(full.clone(), Some(15), Some(13), UsageSource::Reported);
    let mut json = candidate(&json!([]), "STOP");
    json["usageMetadata"] = full;
    let usage = answer(&json).usage;
    assert_eq!((usage.cache_read_tokens, usage.reasoning_tokens), (Some(4), Some(7)));
}

#[test]
fn what_belongs_to_an_answer_as_a_whole_is_kept_and_not_sent() {
    let grounding = json!({ "groundingChunks": [{ "web": { "uri": "https://example.com" } }] });
    let mut json = candidate(&json!([{ "text": "a" }]), "STOP");
    json["candidates"][0]["groundingMetadata"] = grounding.clone();
    let whole = answer(&json);
    assert_eq!(whole.message.extra.of("gemini").expect("kept fields")["candidate"]["groundingMetadata"], grounding);
    assert_eq!(fold(&[json]).expect("an answer").1.as_ref(), Some(&whole));
    check_contents(vec![whole.message], &json!([{ "role": "model", "parts": [{ "text": "a" }] }]));
}

#[test]
fn row_10_a_stream_is_complete_only_after_a_finish_reason() {
    let open = json!({ "candidates": [{ "content": { "parts": [{ "text": "a" }] } }] });
    assert_eq!(fold(std::slice::from_ref(&open)).expect("no failure").1, None);
    let usage_only = json!({ "usageMetadata": { "promptTokenCount": 1, "candidatesTokenCount": 1 } });
    // Around code that the provider runs, more may come after a finish reason.
    let (_, response) =
        fold(&[open.clone(), candidate(&json!([]), "STOP"), open, candidate(&json!([]), "STOP"), usage_only])
            .expect("no failure");
    let response = response.expect("an answer");
    assert_eq!((response.message.text(), response.usage.input_tokens), ("aa".to_owned(), Some(1)));
}

#[test]
fn text_and_thoughts_of_a_stream_are_joined() {
    let chunk = |part: Value| json!({ "candidates": [{ "content": { "parts": [part] } }] });
    let thought = |text: &str| json!({ "text": text, "thought": true });
    let signed = json!({ "text": "", "thoughtSignature": "s" });
    let (events, response) = fold(&[
        chunk(thought("a")),
        chunk(thought("b")),
        chunk(json!({ "text": "c" })),
        chunk(json!({ "text": "d" })),
        chunk(thought("e")),
        chunk(signed.clone()),
        candidate(&json!([{ "text": "f" }]), "STOP"),
    ])
    .expect("an answer");
    let response = response.expect("an answer");
    let parts = json!([
        { "text": "ab", "thought": true }, { "text": "cd" }, { "text": "e", "thought": true }, signed, { "text": "f" },
    ]);
    assert_eq!(sent_back(&response), parts);
    let shown: String = events
        .iter()
        .filter_map(|event| if let ModelEvent::ReasoningDelta(text) = event { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(shown, response.message.reasoning());
}

#[test]
fn rows_31_to_33_arguments_may_come_in_pieces() {
    let chunk = |call: Value| json!({ "candidates": [{ "content": { "parts": [{ "functionCall": call }] } }] });
    let piece = |path: &str, value: Value| {
        let mut piece = value;
        piece["jsonPath"] = path.into();
        chunk(json!({ "partialArgs": [piece], "willContinue": true }))
    };
    let (events, response) = fold(&[
        chunk(json!({ "name": "f", "willContinue": true })),
        piece("$.list[0].text", json!({ "stringValue": "a", "willContinue": true })),
        piece("$.list[0].text", json!({ "stringValue": "b" })),
        piece("$.list[1]['a.b']", json!({ "numberValue": 0.5 })),
        piece("$.flag", json!({ "boolValue": true })),
        piece("$.none", json!({ "nullValue": "NULL_VALUE" })),
        chunk(json!({})),
        // Two calls without their ends.
        chunk(json!({ "name": "g", "willContinue": true })),
        chunk(json!({ "name": "h", "willContinue": true })),
        candidate(&json!([{ "text": "" }]), "STOP"),
    ])
    .expect("an answer");
    let response = response.expect("an answer");
    let calls: Vec<(&str, Value)> = response
        .message
        .tool_calls()
        .map(|call| (call.name.as_str(), serde_json::from_str(&call.arguments).expect("JSON")))
        .collect();
    let expected = json!({ "list": [{ "text": "ab" }, { "a.b": 0.5 }], "flag": true, "none": null });
    assert_eq!(calls, [("f", expected), ("g", json!({})), ("h", json!({}))]);
    let completed: Vec<_> = events
        .iter()
        .filter_map(|event| if let ModelEvent::ToolCallCompleted(call) = event { Some(call) } else { None })
        .collect();
    assert_eq!(completed, response.message.tool_calls().collect::<Vec<_>>());
    for path in ["", "$", "$.", "$[0]", "$.a[99999999999]", "$.a[65]", "$.a..b"] {
        let chunks = [chunk(json!({ "name": "f", "willContinue": true })), piece(path, json!({ "stringValue": "" }))];
        assert_eq!(fold(&chunks).expect_err(path).category, Category::Protocol);
    }
}

#[test]
fn rows_13_and_14_an_error_object_is_an_error_whatever_stands_beside_it() {
    let error = json!({ "error": { "code": 503, "message": "busy", "status": "UNAVAILABLE" }, "candidates": [] });
    for json in [error.clone(), json!([error])] {
        let whole = decode::response(&json.to_string()).expect_err("an error");
        let streamed = fold(&[json]).expect_err("an error");
        for error in [whole, streamed] {
            assert_eq!(
                (error.category, error.code.as_deref(), error.status),
                (Category::Overloaded, Some("UNAVAILABLE"), Some(503))
            );
        }
    }
}

#[test]
fn row_16_malformed_json_fails_and_row_15_unknown_fields_do_not() {
    for json in ["{", "[]", "7", r#"{"candidates":7}"#, r#"{"candidates":[{"content":{"parts":[{"text":1}]}}]}"#] {
        assert_eq!(decode::response(json).expect_err(json).category, Category::Protocol);
        let mut out = VecDeque::new();
        let failed = stream::GeminiStream::default().event(SseEvent { name: "", data: json }, &mut out);
        assert_eq!(failed.expect_err(json).category, Category::Protocol);
    }
    let mut json = candidate(&json!([{ "text": "a" }]), "STOP");
    json["novelty"] = json!({ "x": [1] });
    json["candidates"][0]["novelty"] = json!(1);
    assert_eq!(answer(&json).message.text(), "a");
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
    let request = ModelRequest::new("Hi");
    let pointers = |request: &ModelRequest| try_body(OLD, request).expect("a body")[2].as_ptr();
    assert_eq!(pointers(&request), pointers(&request.clone()));
}

#[test]
fn a_count_asks_for_the_whole_request() {
    let request = ModelRequest::new("Hi").instructions("Be brief.");
    let chunks = encode::count(OLD, try_body(OLD, &request).expect("a body")).expect("a body");
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

use std::collections::VecDeque;
use std::ops::ControlFlow;

use crate::provider::pieces::RequestBody;
use serde_json::json;

use super::*;
use crate::error::ProviderErrorCategory as Category;
use crate::message::{Media, Message, Native, Part, Role, ToolCall, ToolResult, UsageSource};
use crate::model::{ModelEvent, OutputFormat, StopReason, ToolChoice};
use crate::provider::Failure;
use crate::provider::http::StreamDecoder;
use crate::provider::sse::SseEvent;
use crate::schema::Schema;
use crate::tool::ToolSpec;

fn try_body(request: &ModelRequest, kind: Compatibility, how: Delivery) -> Result<RequestBody> {
    let tools = encode::tools(&request.tools, encode::auto_strict(request, kind.row()))?;
    encode::body("m", request, &tools, how, kind.row())
}

/// The body of a request, as JSON.
fn body(request: &ModelRequest, kind: Compatibility) -> Value {
    let chunks = try_body(request, kind, Delivery::Whole).expect("a request that can be written");
    serde_json::from_slice(&chunks.concat()).expect("JSON")
}

fn check_messages(kind: Compatibility, messages: Vec<Message>, expected: &Value) {
    assert_eq!(body(&ModelRequest::from_messages(messages), kind)["messages"], *expected);
}

fn check_round_trip(request: &Value) {
    let read = OpenAiChat::request_from_wire(request).expect("a request that can be read");
    let mut built = body(&read, Compatibility::other());
    built.as_object_mut().expect("an object").remove("model");
    assert_eq!(&built, request);
}

fn whole(body: &Value, kind: Compatibility) -> Result<ModelResponse, Failure> {
    decode::response(&body.to_string(), kind.row())
}

fn answer(message: &Value, finish: &Value) -> Value {
    json!({ "id": "1", "model": "m", "choices": [{ "index": 0, "message": message, "finish_reason": finish }] })
}

/// Streams chunks, then `[DONE]`.
fn stream(chunks: &[Value]) -> Result<(Vec<ModelEvent>, ModelResponse), Failure> {
    let mut decoder = stream::ChatStream::new(Compatibility::other().row());
    let mut out = VecDeque::new();
    for chunk in chunks.iter().map(Value::to_string).chain(["[DONE]".to_owned()]) {
        let flow = decoder.event(SseEvent { name: "", data: &chunk }, &mut out);
        let flow = flow.map_err(|mut error| {
            error.partial_text = decoder.take_partial_text();
            error
        })?;
        if flow == ControlFlow::Break(()) {
            break;
        }
    }
    match out.pop_back() {
        Some(ModelEvent::Completed(response)) => Ok((out.into(), *response)),
        last => panic!("{last:?} is not the end"),
    }
}

fn delta(delta: &Value) -> Value {
    json!({ "choices": [{ "index": 0, "delta": delta }] })
}

fn finish(reason: &str) -> Value {
    json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] })
}

/// Streams tool call deltas, one a chunk, and checks the calls: id, name, arguments.
fn check_calls(deltas: &[Value], expected: &[(&str, &str, &str)]) {
    let mut chunks: Vec<Value> = deltas.iter().map(|call| delta(&json!({ "tool_calls": [call] }))).collect();
    chunks.push(finish("tool_calls"));
    let (events, response) = stream(&chunks).expect("an answer");
    let calls: Vec<_> = response.message.tool_calls().map(|call| (&*call.id, &*call.name, &*call.arguments)).collect();
    assert_eq!(calls, expected);
    // The deltas tell the same.
    let mut told = vec![(String::new(), String::new()); expected.len()];
    for event in &events {
        if let ModelEvent::ToolCallDelta { index, name, arguments } = event {
            told[*index].0.push_str(name.as_deref().unwrap_or_default());
            told[*index].1.push_str(arguments);
        }
    }
    let told: Vec<_> = told.iter().map(|(name, arguments)| (&**name, &**arguments)).collect();
    assert_eq!(told, expected.iter().map(|(_, name, arguments)| (*name, *arguments)).collect::<Vec<_>>());
}

#[test]
fn what_a_server_can_do_is_told_by_the_address_that_will_be_asked() {
    let variable = |name: &str| (name == "OPENAI_BASE_URL").then(|| "https://api.deepseek.com".to_owned());
    let check = |model: OpenAiChat, expected| assert_eq!(model.known_compatibility(variable), expected);
    let model = || OpenAiChat::new("m");
    check(model(), Compatibility::deepseek());
    check(model().api_key("k"), Compatibility::openai());
    check(model().base_url("https://api.mistral.ai/v1"), Compatibility::mistral());
    check(model().compatibility(Compatibility::vllm()), Compatibility::vllm());
    assert_eq!(model().known_compatibility(|_| None), Compatibility::openai());
}

#[test]
fn a_conversation_is_written_in_the_shortest_form() {
    let call = ToolCall::new("call_1", "lookup", "{}");
    let result = ToolResult::text(&call, "found");
    check_messages(
        Compatibility::openai(),
        vec![
            Message::system("Be brief."),
            Message::user("Hi"),
            Message::new(Role::Assistant, vec![Part::tool_call(call)]),
            Message::tool(vec![result]),
        ],
        &json!([
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Hi" },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "call_1", "type": "function", "function": { "name": "lookup", "arguments": "{}" } },
            ] },
            { "role": "tool", "tool_call_id": "call_1", "content": "found" },
        ]),
    );
}

#[test]
fn a_call_id_that_is_too_long_is_cut_in_the_call_and_its_result() {
    let long = format!("call_{}", "x".repeat(60));
    let (one, other) = (ToolCall::new(&*long, "f", "{}"), ToolCall::new(format!("{long}2"), "f", "{}"));
    let history = [
        Message::new(Role::Assistant, vec![Part::tool_call(one.clone()), Part::tool_call(other.clone())]),
        Message::tool(vec![ToolResult::text(&one, "1"), ToolResult::text(&other, "2")]),
    ];
    let ids = |kind| {
        let body = body(&ModelRequest::from_messages(history.clone()), kind);
        let messages = body["messages"].as_array().expect("messages").clone();
        let called = messages[0]["tool_calls"].as_array().expect("calls").iter().map(|call| call["id"].clone());
        let called: Vec<Value> = called.collect();
        let answered: Vec<Value> = messages[1..].iter().map(|message| message["tool_call_id"].clone()).collect();
        assert_eq!(called, answered);
        called
    };
    let short = ids(Compatibility::openai());
    assert!(short[0] != short[1] && short.iter().all(|id| id.as_str().is_some_and(|id| id.len() == 40)), "{short:?}");
    assert_eq!(ids(Compatibility::openrouter())[0], *long);
}

#[test]
fn images_of_a_result_stand_where_the_server_takes_them() {
    let call = ToolCall::new("call_1", "look", "{}");
    let mut result = ToolResult::text(&call, "seen");
    result.content.push(Part::Media(Media::image_base64("image/png", "AAAA")));
    let image = json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } });
    let text = json!({ "type": "text", "text": "seen" });
    let messages = vec![Message::tool(vec![result])];
    check_messages(
        Compatibility::openai(),
        messages.clone(),
        &json!([
            { "role": "tool", "tool_call_id": "call_1", "content": "seen" },
            { "role": "user", "content": [image] },
        ]),
    );
    check_messages(
        Compatibility::openrouter(),
        messages,
        &json!([{ "role": "tool", "tool_call_id": "call_1", "content": [text, image] }]),
    );
}

#[test]
fn requests_are_read_and_built_again() {
    check_round_trip(&json!({
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "name": null, "content": [
                { "type": "text", "text": "Look:", "cache_control": { "type": "ephemeral" } },
                { "type": "image_url", "image_url": { "url": "https://example.com/a.png", "detail": "low" } },
                { "type": "input_audio", "input_audio": { "data": "AAAA", "format": "mp3" } },
                { "type": "file", "file": { "file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf" } },
                { "type": "file", "file": { "file_id": "file-1" } },
                { "type": "document_url", "document_url": "https://example.com/a.pdf" },
            ] },
            { "role": "assistant", "content": "Hm.", "reasoning_content": "Let me see.", "tool_calls": [
                { "id": "1", "type": "function", "index": 0, "function": { "name": "f", "arguments": "{}" } },
            ] },
            { "role": "tool", "tool_call_id": "1", "content": "found" },
            { "role": "function", "name": "old", "content": "kept" },
            { "role": "assistant", "content": null, "tool_calls": [{ "id": "2", "type": "custom", "custom": {} }] },
            { "role": "assistant", "content": "", "tool_calls": [] },
        ],
        "tools": [
            { "type": "function", "function": { "name": "f", "parameters": { "type": "object" } } },
            { "type": "openrouter:web_search" },
        ],
        "tool_choice": { "type": "function", "function": { "name": "f" } },
        "response_format": { "type": "json_schema", "json_schema": { "name": "a", "schema": {}, "strict": true } },
        "max_completion_tokens": 7,
        "n": 2,
    }));
}

#[test]
fn settings_are_said_in_the_words_of_the_server() {
    let request = ModelRequest::new("Hi").max_output_tokens(7).tool_choice(ToolChoice::Required);
    let check = |kind, expected: Value| {
        let chunks = try_body(&request, kind, Delivery::Streamed).expect("a request");
        let mut body: Value = serde_json::from_slice(&chunks.concat()).expect("JSON");
        let fields = body.as_object_mut().expect("an object");
        fields.retain(|name, _| !["model", "messages", "stream"].contains(&name.as_str()));
        assert_eq!(body, expected, "{kind:?}");
    };
    let usage = json!({ "include_usage": true });
    check(
        Compatibility::openai(),
        json!({ "max_completion_tokens": 7, "tool_choice": "required", "stream_options": usage }),
    );
    check(Compatibility::mistral(), json!({ "max_tokens": 7, "tool_choice": "any" }));
    let ollama = try_body(&request, Compatibility::ollama(), Delivery::Whole).expect_err("nothing to say it with");
    assert!(ollama.to_string().contains("ollama"), "{ollama}");
    let schema = Schema::from_value(json!({ "type": "object" })).expect("a schema");
    let output = OutputFormat::Schema { name: "a".to_owned(), description: None, schema, strict: None };
    let request = ModelRequest::new("Hi").output(output);
    assert!(try_body(&request, Compatibility::deepseek(), Delivery::Whole).is_err());
    let options = ModelRequest::new("Hi").option(PROVIDER, "stream_options", json!({ "include_usage": true }));
    assert!(body(&options, Compatibility::openai()).get("stream_options").is_none(), "a whole answer has none");
}

#[test]
fn strict_mode_is_chosen_where_the_server_knows_it() {
    let schema = Schema::from_value(json!({
        "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"],
        "additionalProperties": false,
    }));
    let spec = ToolSpec::new("f", "", schema.expect("a schema"));
    let request = ModelRequest::new("Hi").tool(spec);
    let strict = |kind| body(&request, kind)["tools"][0]["function"]["strict"].clone();
    assert_eq!(strict(Compatibility::openai()), true);
    assert_eq!(strict(Compatibility::llama_cpp()), Value::Null);
}

#[test]
fn reasoning_goes_back_to_the_kind_of_server_that_gave_it_alone() {
    let message = json!({ "role": "assistant", "content": "Hi", "reasoning_content": "canary" });
    let read = whole(&answer(&message, &json!("stop")), Compatibility::deepseek()).expect("an answer");
    assert_eq!(read.message.reasoning(), "canary");
    let sent = |kind| body(&ModelRequest::from_messages([read.message.clone()]), kind)["messages"].to_string();
    assert!(sent(Compatibility::deepseek()).contains("canary"));
    // Written for one kind first, a message is written anew for another.
    let shared = ModelRequest::from_messages([read.message.clone()]);
    assert!(body(&shared, Compatibility::deepseek()).to_string().contains("canary"));
    for kind in [Compatibility::llama_cpp(), Compatibility::openai(), Compatibility::other()] {
        assert!(!body(&shared, kind).to_string().contains("canary"), "{kind:?}");
    }
}

#[test]
fn thinking_as_content_goes_back_as_content() {
    let content = json!([
        { "type": "thinking", "thinking": [{ "type": "text", "text": "Hm." }] },
        { "type": "text", "text": "4" },
    ]);
    let message = json!({ "role": "assistant", "content": content });
    let read = whole(&answer(&message, &json!("stop")), Compatibility::mistral()).expect("an answer");
    assert_eq!((read.message.reasoning(), read.message.text()), ("Hm.".to_owned(), "4".to_owned()));
    check_messages(Compatibility::mistral(), vec![read.message], &json!([message]));
}

#[test]
fn call_ids_fit_the_server_in_calls_and_results_alike() {
    let call = ToolCall::new("toolu_0123456789", "f", "");
    let messages = vec![
        Message::new(Role::Assistant, vec![Part::tool_call(call.clone())]),
        Message::tool(vec![ToolResult::text(&call, "done")]),
    ];
    let body = body(&ModelRequest::from_messages(messages), Compatibility::mistral());
    let id = body["messages"][0]["tool_calls"][0]["id"].as_str().expect("an id");
    assert!(id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
    assert_eq!(body["messages"][1]["tool_call_id"], id);
    assert_eq!(body["messages"][0]["tool_calls"][0]["function"]["arguments"], "{}");
}

#[test]
fn what_other_providers_keep_is_not_sent() {
    let native = Part::Native(Native::new("anthropic", "canary", r#"{"canary":1}"#));
    let request = ModelRequest::from_messages([
        Message::new(Role::Assistant, vec![native.clone()]),
        Message::new(Role::User, vec![Part::text("Hi"), native]),
    ]);
    assert_eq!(body(&request, Compatibility::openai())["messages"], json!([{ "role": "user", "content": "Hi" }]));
}

#[test]
fn row_26_stop_reasons_have_one_name() {
    let check = |finish: Value, expected: StopReason| {
        let read = whole(&answer(&json!({ "content": "Hi" }), &finish), Compatibility::other()).expect("an answer");
        assert_eq!(read.stop_reason, expected, "{finish}");
    };
    check(json!("stop"), StopReason::EndTurn);
    check(json!(null), StopReason::EndTurn);
    check(json!(""), StopReason::EndTurn);
    for name in ["length", "max_tokens", "max_output_tokens", "MAX_TOKENS"] {
        check(json!(name), StopReason::MaxTokens);
    }
    check(json!("content_filter"), StopReason::ContentFilter);
    check(json!("weary"), StopReason::Other("weary".to_owned()));
    let call = json!({ "function_call": { "name": "f", "arguments": "{}" } });
    let read = whole(&answer(&call, &json!("stop")), Compatibility::other()).expect("an answer");
    assert_eq!(read.stop_reason, StopReason::ToolCalls);
    let refused = whole(&answer(&json!({ "refusal": "No." }), &json!("stop")), Compatibility::other());
    assert_eq!(refused.expect("an answer").stop_reason, StopReason::Refusal);
}

#[test]
fn row_10_and_11_a_stream_without_a_reason_for_stopping_is_truncated() {
    let error = stream(&[delta(&json!({ "content": "Hel" }))]).expect_err("no answer");
    assert_eq!((error.category, &*error.partial_text), (Category::Truncated, "Hel"));
}

#[test]
fn row_13_and_14_an_error_is_one_wherever_it_stands() {
    let failed = json!({ "error": { "code": 429, "message": "slow down" }, "choices": [] });
    let error = whole(&failed, Compatibility::openrouter()).expect_err("an error");
    assert_eq!((error.category, error.code.as_deref()), (Category::RateLimited, Some("429")));
    let error = stream(&[delta(&json!({ "content": "Hel" })), failed]).expect_err("an error");
    assert_eq!((error.category, &*error.partial_text), (Category::RateLimited, "Hel"));
    assert!(stream(&[finish("error")]).is_err());
    // A gateway may put it into the choice.
    let mut failed = answer(&json!({ "content": "Hel" }), &json!("error"));
    failed["choices"][0]["error"] = json!({ "code": 502, "message": "the server behind it failed" });
    let error = whole(&failed, Compatibility::openrouter()).expect_err("an error");
    assert_eq!((error.category, &*error.message), (Category::Server, "the server behind it failed"));
    let mut chunk = delta(&json!({ "content": "Hel" }));
    chunk["choices"][0]["error"] = json!({ "code": 429, "message": "slow down" });
    let error = stream(&[chunk]).expect_err("an error");
    assert_eq!((error.category, &*error.partial_text), (Category::RateLimited, "Hel"));
}

/// What a server keeps with a message as a whole.
fn kept_with(response: &ModelResponse) -> &Value {
    &response.message.extra.of(PROVIDER).expect("extra fields")["fields"]
}

#[test]
fn how_likely_the_tokens_were_is_kept_and_not_sent_back() {
    let token = |text: &str| json!({ "token": text, "logprob": -0.5, "top_logprobs": [] });
    let mut body_of_whole = answer(&json!({ "content": "Hello" }), &json!("stop"));
    body_of_whole["choices"][0]["logprobs"] = json!({ "content": [token("Hel"), token("lo")], "refusal": null });
    let response = whole(&body_of_whole, Compatibility::openai()).expect("an answer");
    let expected = json!({ "logprobs": { "content": [token("Hel"), token("lo")] } });
    assert_eq!(kept_with(&response), &expected);
    let chunk = |text: &str| {
        let mut chunk = delta(&json!({ "content": text }));
        chunk["choices"][0]["logprobs"] = json!({ "content": [token(text)], "refusal": null });
        chunk
    };
    let (_, streamed) = stream(&[chunk("Hel"), chunk("lo"), finish("stop")]).expect("an answer");
    assert_eq!(kept_with(&streamed), &expected);
    let sent = json!([{ "role": "assistant", "content": "Hello" }]);
    check_messages(Compatibility::openai(), vec![response.message], &sent);
}

#[test]
fn sound_that_comes_in_pieces_is_put_together() {
    let piece = |audio: Value| delta(&json!({ "audio": audio }));
    let pieces = [
        piece(json!({ "id": "audio_1" })),
        piece(json!({ "transcript": "Hel" })),
        piece(json!({ "transcript": "lo", "data": "AAAA" })),
        piece(json!({ "data": "BBBB", "expires_at": 7 })),
        finish("stop"),
    ];
    let (_, response) = stream(&pieces).expect("an answer");
    let audio = json!({ "id": "audio_1", "transcript": "Hello", "data": "AAAABBBB", "expires_at": 7 });
    assert_eq!(kept_with(&response)["audio"], audio);
}

#[test]
fn a_call_with_text_for_arguments_is_kept_as_it_came_and_goes_back_so() {
    let call = json!({ "id": "call_1", "type": "custom", "custom": { "name": "run_sql", "input": "select \"1\"" } });
    let body = answer(&json!({ "content": null, "tool_calls": [call] }), &json!("tool_calls"));
    let response = whole(&body, Compatibility::openai()).expect("an answer");
    let pieces = [
        json!({ "index": 0, "id": "call_1", "type": "custom", "custom": { "name": "run_sql", "input": "" } }),
        json!({ "index": 0, "custom": { "input": "select " } }),
        json!({ "index": 0, "custom": { "input": "\"1\"" } }),
    ];
    let chunks = pieces.map(|piece| delta(&json!({ "tool_calls": [piece] })));
    let (_, streamed) = stream(&[&chunks[..], &[finish("tool_calls")]].concat()).expect("an answer");
    for response in [response, streamed] {
        assert!(response.message.tool_calls().next().is_none());
        let [Part::Native(native)] = response.message.parts.as_slice() else { panic!("{response:?}") };
        assert!(native.is_open_call());
        let sent = json!([{ "role": "assistant", "content": null, "tool_calls": [call] }]);
        check_messages(Compatibility::openai(), vec![response.message], &sent);
    }
    // Some servers write the field for every call.
    let function = json!({ "name": "f", "arguments": "{}" });
    let both =
        json!({ "id": "call_1", "type": "function", "function": function, "custom": { "name": "", "input": "" } });
    let body = answer(&json!({ "content": null, "tool_calls": [both] }), &json!("tool_calls"));
    let response = whole(&body, Compatibility::openai()).expect("an answer");
    assert_eq!((response.stop_reason, response.message.tool_calls().count()), (StopReason::ToolCalls, 1));
}

#[test]
fn row_16_a_malformed_event_fails_the_stream() {
    let mut decoder = stream::ChatStream::new(Compatibility::other().row());
    let event = SseEvent { name: "", data: "{\"choices\":[" };
    let error = decoder.event(event, &mut VecDeque::new()).expect_err("an error");
    assert_eq!(error.category, Category::Protocol);
}

#[test]
fn row_30_a_call_without_an_id_is_kept() {
    check_calls(&[json!({ "index": 0, "function": { "name": "f", "arguments": "{}" } })], &[("", "f", "{}")]);
}

#[test]
fn row_31_calls_are_told_apart_however_they_are_numbered() {
    let begin = |index: Value, id: &str, name: &str| json!({ "index": index, "id": id, "function": { "name": name, "arguments": "" } });
    let more = |index: Value, arguments: &str| json!({ "index": index, "function": { "arguments": arguments } });
    let two = [("a", "f", "{\"x\":1}"), ("b", "g", "{}")];
    for (first, second) in
        [(json!(0), json!(1)), (json!(7), json!(8)), (json!(0), json!(0)), (json!(null), json!(null))]
    {
        check_calls(
            &[
                begin(first.clone(), "a", "f"),
                more(first.clone(), "{\"x\":"),
                more(first, "1}"),
                begin(second.clone(), "b", "g"),
                more(second, "{}"),
            ],
            &two,
        );
    }
    // The id comes late; an empty id says nothing.
    check_calls(
        &[
            json!({ "index": 0, "function": { "name": "f", "arguments": "" } }),
            json!({ "index": 0, "id": "a", "function": { "arguments": "{}" } }),
            json!({ "index": 0, "id": "", "function": { "name": null, "arguments": "" } }),
        ],
        &[("a", "f", "{}")],
    );
    // No ids, one index, whole calls.
    let whole = json!({ "index": 0, "function": { "name": "f", "arguments": "{}" } });
    check_calls(&[whole.clone(), whole], &[("", "f", "{}"), ("", "f", "{}")]);
}

#[test]
fn row_32_interleaved_calls_are_put_together() {
    let more = |index: u64, arguments: &str| json!({ "index": index, "function": { "arguments": arguments } });
    check_calls(
        &[
            json!({ "index": 0, "id": "a", "function": { "name": "f", "arguments": "{\"x\"" } }),
            json!({ "index": 1, "id": "b", "function": { "name": "g", "arguments": "{\"y\"" } }),
            more(0, ":1}"),
            more(1, ":2}"),
        ],
        &[("a", "f", "{\"x\":1}"), ("b", "g", "{\"y\":2}")],
    );
}

#[test]
fn row_33_a_name_comes_in_pieces_or_late() {
    let name = |name: &str| json!({ "index": 0, "id": "a", "function": { "name": name } });
    let arguments = json!({ "index": 0, "id": "a", "function": { "arguments": "{}" } });
    check_calls(&[name("look"), name("up"), arguments.clone()], &[("a", "lookup", "{}")]);
    check_calls(&[arguments, name("lookup")], &[("a", "lookup", "{}")]);
}

#[test]
fn row_44_and_49_usage_comes_with_or_without_choices_and_is_never_zero_by_default() {
    let usage = json!({ "prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 14,
        "prompt_tokens_details": { "cached_tokens": 4 }, "completion_tokens_details": { "reasoning_tokens": 3 } });
    let only = json!({ "choices": [], "usage": usage });
    let (_, response) = stream(&[delta(&json!({ "content": "Hi" })), finish("stop"), only]).expect("an answer");
    let read = response.usage;
    assert_eq!((read.input_tokens, read.cache_read_tokens), (Some(9), Some(4)));
    // Counted beside the output, as the total tells.
    assert_eq!((read.output_tokens, read.reasoning_tokens), (Some(5), Some(3)));
    let (_, response) = stream(&[finish("stop")]).expect("an answer");
    assert_eq!((response.usage.input_tokens, response.usage.source), (None, UsageSource::Unknown));
}

#[test]
fn the_first_choice_is_the_answer() {
    let second = json!({ "choices": [{ "index": 1, "delta": { "content": "no" }, "finish_reason": "stop" }] });
    let (_, response) = stream(&[second, delta(&json!({ "content": "yes" })), finish("stop")]).expect("an answer");
    assert_eq!(response.message.text(), "yes");
}

#[test]
fn a_long_history_is_written_as_its_messages_are() {
    for instructions in [None, Some("Be brief.".into())] {
        let mut request = ModelRequest { instructions, ..ModelRequest::default() };
        let alone = |message: &Message| body(&ModelRequest::from_messages([message.clone()]), Compatibility::openai());
        let said = |body: &Value| body["messages"].as_array().cloned().unwrap_or_default();
        let mut expected = said(&body(&request, Compatibility::openai()));
        for place in 0..200 {
            let words = if place == 100 { "long ".repeat(5_000) } else { format!("message {place}") };
            let message = Message::user(words);
            expected.extend(said(&alone(&message)));
            request.messages.push(message);
            assert_eq!(said(&body(&request, Compatibility::openai())), expected, "{place}");
        }
    }
}

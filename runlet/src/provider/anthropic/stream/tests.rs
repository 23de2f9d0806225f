use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::message::{ToolCall, UsageSource};
use crate::model::{ModelResponse, StopReason};

/// What a stream of events tells: all but the last event, and the answer or the error.
fn fold(events: &[Value]) -> (Vec<ModelEvent>, Result<ModelResponse, Failure>) {
    let mut stream = MessageStream::default();
    let mut out = VecDeque::new();
    for event in events {
        let data = if let Value::String(raw) = event { raw.clone() } else { event.to_string() };
        let name = event["type"].as_str().unwrap_or_default();
        match stream.event(SseEvent { name, data: &data }, &mut out) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => {
                let Some(ModelEvent::Completed(response)) = out.pop_back() else { panic!("no answer") };
                return (out.into(), Ok(*response));
            }
            Err(error) => return (out.into(), Err(error)),
        }
    }
    (out.into(), Err(fail(PROVIDER, Category::Truncated, "the stream ended")))
}

/// A whole stream with these events in its middle.
fn answer(middle: &[Value]) -> (Vec<ModelEvent>, Result<ModelResponse, Failure>) {
    let mut events = vec![start()];
    events.extend_from_slice(middle);
    events.extend([stop_because("tool_use"), stop()]);
    fold(&events)
}

fn start() -> Value {
    let usage = json!({ "input_tokens": 7, "cache_read_input_tokens": 3, "output_tokens": 1 });
    json!({ "type": "message_start", "message": { "id": "msg_1", "model": "m", "content": [], "usage": usage } })
}

#[allow(clippy::needless_pass_by_value, reason = "the tests read better without references")]
fn begin(index: u64, block: Value) -> Value {
    json!({ "type": "content_block_start", "index": index, "content_block": block })
}

#[allow(clippy::needless_pass_by_value, reason = "the tests read better without references")]
fn delta(index: u64, delta: Value) -> Value {
    json!({ "type": "content_block_delta", "index": index, "delta": delta })
}

fn text(index: u64, text: &str) -> Value {
    delta(index, json!({ "type": "text_delta", "text": text }))
}

fn input(index: u64, json: &str) -> Value {
    delta(index, json!({ "type": "input_json_delta", "partial_json": json }))
}

fn call(id: &str, name: &str) -> Value {
    json!({ "type": "tool_use", "id": id, "name": name, "input": {} })
}

fn end(index: u64) -> Value {
    json!({ "type": "content_block_stop", "index": index })
}

fn stop_because(reason: &str) -> Value {
    json!({ "type": "message_delta", "delta": { "stop_reason": reason }, "usage": { "output_tokens": 9 } })
}

fn stop() -> Value {
    json!({ "type": "message_stop" })
}

#[test]
fn calls_are_told_in_their_order_even_if_they_end_in_another_or_not_at_all() {
    let (one, two) = (call("t1", "one"), call("t2", "two"));
    for ends in [&[end(1), end(0)][..], &[end(1)], &[]] {
        let mut middle = vec![begin(0, one.clone()), begin(1, two.clone()), input(0, "{\"a\":1}")];
        middle.extend_from_slice(ends);
        let (events, result) = answer(&middle);
        let told: Vec<&Arc<ToolCall>> = events
            .iter()
            .filter_map(|event| match event {
                ModelEvent::ToolCallCompleted(call) => Some(call),
                _ => None,
            })
            .collect();
        let response = result.expect("an answer");
        assert_eq!(told, response.message.tool_calls().collect::<Vec<_>>(), "{ends:?}");
        assert_eq!(told.first().map(|call| call.arguments.as_str()), Some("{\"a\":1}"));
    }
}

fn check_calls(middle: &[Value], expected: &[(&str, &str, &str)]) {
    let (events, result) = answer(middle);
    let response = result.expect("an answer");
    let calls: Vec<Arc<ToolCall>> =
        expected.iter().map(|(id, name, arguments)| ToolCall::new(*id, *name, *arguments).into()).collect();
    assert_eq!(response.message.tool_calls().cloned().collect::<Vec<_>>(), calls);
    let completed = events.iter().filter_map(|event| match event {
        ModelEvent::ToolCallCompleted(call) => Some(call.clone()),
        _ => None,
    });
    let mut completed: Vec<Arc<ToolCall>> = completed.collect();
    completed.sort_by_key(|call| calls.iter().position(|known| known.id == call.id));
    assert_eq!(completed, calls);
    for (place, call) in calls.iter().enumerate() {
        let told: String = events
            .iter()
            .filter_map(|event| match event {
                ModelEvent::ToolCallDelta { index, arguments, .. } if *index == place => Some(arguments.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(told, call.arguments);
    }
}

fn check_error(events: &[Value], category: Category) {
    let error = fold(events).1.expect_err("an error");
    assert_eq!(error.category, category, "{error}");
}

#[test]
fn text_reasoning_and_calls_come_as_they_are_written() {
    let (events, result) = answer(&[
        begin(0, json!({ "type": "thinking", "thinking": "", "signature": "" })),
        delta(0, json!({ "type": "thinking_delta", "thinking": "Hm." })),
        delta(0, json!({ "type": "signature_delta", "signature": "sig+/=" })),
        end(0),
        json!({ "type": "ping" }),
        begin(1, json!({ "type": "redacted_thinking", "data": "abc" })),
        end(1),
        begin(2, json!({ "type": "text", "text": "", "citations": [] })),
        text(2, "Hel"),
        delta(2, json!({ "type": "citations_delta", "citation": { "cited_text": "x" } })),
        text(2, "lo"),
        end(2),
        begin(3, call("a", "f")),
        input(3, ""),
        input(3, r#"{"x": "#),
        input(3, "1}"),
        end(3),
    ]);
    let response = result.expect("an answer");
    let delta = |name: Option<&str>, arguments: &str| ModelEvent::ToolCallDelta {
        index: 0,
        name: name.map(str::to_owned),
        arguments: arguments.to_owned(),
    };
    assert_eq!(
        events,
        [
            ModelEvent::ReasoningDelta("Hm.".to_owned()),
            ModelEvent::TextDelta("Hel".to_owned()),
            ModelEvent::TextDelta("lo".to_owned()),
            delta(Some("f"), ""),
            delta(None, r#"{"x": "#),
            delta(None, "1}"),
            ModelEvent::ToolCallCompleted(ToolCall::new("a", "f", r#"{"x": 1}"#).into()),
        ]
    );
    assert_eq!(response.stop_reason, StopReason::ToolCalls);
    assert_eq!((response.usage.input_tokens, response.usage.output_tokens), (Some(10), Some(9)));
    let parts = &response.message.parts;
    let fields = |part: &Part| match part {
        Part::Reasoning(part) => part.extra.of(PROVIDER).cloned().map(Value::Object),
        Part::Text(part) => part.extra.of(PROVIDER).cloned().map(Value::Object),
        _ => None,
    };
    assert_eq!(fields(&parts[0]), Some(json!({ "type": "thinking", "signature": "sig+/=" })));
    assert_eq!(fields(&parts[1]), Some(json!({ "type": "redacted_thinking", "data": "abc" })));
    assert_eq!(fields(&parts[2]), Some(json!({ "citations": [{ "cited_text": "x" }] })));
}

#[test]
fn the_providers_own_blocks_grow_to_what_they_would_be_whole() {
    let (events, result) = answer(&[
        begin(0, json!({ "type": "server_tool_use", "id": "s", "name": "web_search", "input": {} })),
        input(0, r#"{"query":"#),
        input(0, r#""7"}"#),
        end(0),
        begin(1, json!({ "type": "compaction", "content": null })),
        delta(1, json!({ "type": "compaction_delta", "content": "So " })),
        delta(1, json!({ "type": "compaction_delta", "content": "far." })),
        end(1),
    ]);
    assert_eq!(events, []);
    let items: Vec<Value> = result
        .expect("an answer")
        .message
        .parts
        .iter()
        .filter_map(|part| if let Part::Native(native) = part { serde_json::from_str(&native.item).ok() } else { None })
        .collect();
    assert_eq!(
        items,
        [
            json!({ "type": "server_tool_use", "id": "s", "name": "web_search", "input": { "query": "7" } }),
            json!({ "type": "compaction", "content": "So far." }),
        ]
    );
}

#[test]
fn row_10_and_11_only_the_last_event_ends_an_answer() {
    let told = [start(), begin(0, json!({ "type": "text", "text": "" })), text(0, "Hel")];
    check_error(&told, Category::Truncated);
    check_error(&[&told[..], &[end(0), stop_because("end_turn")]].concat(), Category::Truncated);
    check_error(&[&told[..], &[end(0), json!("[DONE]")]].concat(), Category::Truncated);
    check_error(&[&told[..], &[end(0), stop()]].concat(), Category::Truncated);
    assert!(fold(&[&told[..], &[stop_because("end_turn"), stop()]].concat()).1.is_ok(), "a block may be left open");
}

#[test]
fn row_14_an_error_event_is_typed_by_its_type() {
    let error = |kind: &str| json!({ "type": "error", "error": { "type": kind, "message": "canary" } });
    check_error(&[start(), error("overloaded_error")], Category::Overloaded);
    check_error(&[start(), error("rate_limit_error")], Category::RateLimited);
    check_error(&[start(), error("api_error")], Category::Server);
    check_error(&[error("authentication_error")], Category::Authentication);
    check_error(&[json!({ "error": { "type": "overloaded_error" } })], Category::Overloaded);
}

#[test]
fn row_15_unknown_events_fields_and_deltas_are_passed_over() {
    let novel = [
        json!({ "type": "novelty", "delta": 7, "index": "x" }),
        begin(0, json!({ "type": "text", "text": "" })),
        delta(0, json!({ "type": "novelty", "words": 1 })),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "Hi" }, "x": [] }),
    ];
    let (events, result) = answer(&novel);
    assert_eq!(events, [ModelEvent::TextDelta("Hi".to_owned())]);
    assert_eq!(result.expect("an answer").message.text(), "Hi");
}

#[test]
fn row_16_a_malformed_event_fails_the_stream() {
    for data in ["{", "", "null", r#"{"type":"content_block_start"}"#] {
        check_error(&[start(), json!(data)], Category::Protocol);
    }
    check_error(&[start(), text(0, "of no block")], Category::Protocol);
}

#[test]
fn row_24_a_call_that_is_cut_short_keeps_what_came_of_it() {
    let middle = [begin(0, call("a", "f")), input(0, r#"{"x": "#), stop_because("max_tokens")];
    let mut events = vec![start()];
    events.extend_from_slice(&middle);
    events.push(stop());
    let response = fold(&events).1.expect("an answer");
    assert_eq!(response.stop_reason, StopReason::MaxTokens);
    assert_eq!(response.message.tool_calls().next(), Some(&ToolCall::new("a", "f", r#"{"x": "#).into()));
}

#[test]
fn row_29_and_30_repeated_and_empty_ids_are_read_as_they_came() {
    let repeated =
        [begin(0, call("a", "f")), end(0), begin(1, call("a", "g")), end(1), begin(2, call("", "h")), end(2)];
    let response = answer(&repeated).1.expect("an answer");
    let calls: Vec<_> = response.message.tool_calls().map(|call| (call.id.as_str(), call.name.as_str())).collect();
    assert_eq!(calls, [("a", "f"), ("a", "g"), ("", "h")]);
}

#[test]
fn row_31_a_block_at_an_index_that_was_used_is_another_block() {
    let again =
        [begin(0, call("a", "f")), input(0, r#"{"x":1}"#), begin(0, call("b", "f")), input(0, r#"{"x":2}"#), end(0)];
    check_calls(&again, &[("a", "f", r#"{"x":1}"#), ("b", "f", r#"{"x":2}"#)]);
    let late = [begin(7, call("a", "f")), input(7, "{}"), end(7)];
    check_calls(&late, &[("a", "f", "{}")]);
}

#[test]
fn row_32_deltas_of_two_calls_may_alternate() {
    let both = [
        begin(0, call("a", "f")),
        begin(1, call("b", "g")),
        input(1, r#"{"y""#),
        input(0, r#"{"x""#),
        input(1, ":2}"),
        input(0, ":1}"),
        end(1),
        end(0),
    ];
    check_calls(&both, &[("a", "f", r#"{"x":1}"#), ("b", "g", r#"{"y":2}"#)]);
}

#[test]
fn row_34_a_call_without_deltas_has_the_arguments_it_began_with() {
    check_calls(&[begin(0, call("a", "f")), end(0)], &[("a", "f", "{}")]);
    let early = json!({ "type": "tool_use", "id": "a", "name": "f", "input": { "x": 1 } });
    check_calls(&[begin(0, early), end(0)], &[("a", "f", r#"{"x":1}"#)]);
}

#[test]
fn row_45_a_refusal_is_told_at_the_end() {
    let details = json!({ "type": "refusal", "explanation": "No." });
    let refusal = json!({ "type": "message_delta", "delta": { "stop_reason": "refusal", "stop_details": details } });
    let (events, result) = fold(&[start(), refusal, stop()]);
    assert_eq!(events, [ModelEvent::RefusalDelta("No.".to_owned())]);
    let response = result.expect("an answer");
    assert_eq!(
        (response.stop_reason.clone(), response.message.refusal()),
        (StopReason::Refusal, Some("No.".to_owned()))
    );
}

#[test]
fn row_49_the_output_figure_of_the_beginning_is_none_of_the_end() {
    let silent = json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" } });
    let usage = fold(&[start(), silent, stop()]).1.expect("an answer").usage;
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.source), (Some(10), None, UsageSource::Partial));
    let nulls = json!({ "input_tokens": null, "output_tokens": 4 });
    let told = json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": nulls });
    let usage = fold(&[start(), told, stop()]).1.expect("an answer").usage;
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.source), (Some(10), Some(4), UsageSource::Reported));
}

#[test]
fn an_answer_may_begin_twice_but_not_in_its_middle() {
    let twice =
        [start(), start(), begin(0, json!({ "type": "text", "text": "Hi" })), end(0), stop_because("end_turn"), stop()];
    assert_eq!(fold(&twice).1.expect("an answer").message.text(), "Hi");
    let spliced = [start(), begin(0, call("a", "f")), input(0, "{"), start()];
    check_error(&spliced, Category::Protocol);
}

#[test]
fn an_answer_may_be_whole_in_its_first_event() {
    let message =
        json!({ "id": "m", "content": [call("a", "f")], "stop_reason": "tool_use", "usage": { "output_tokens": 2 } });
    let (events, result) = fold(&[json!({ "type": "message_start", "message": message }), stop()]);
    let response = result.expect("an answer");
    assert_eq!((response.stop_reason, response.usage.output_tokens), (StopReason::ToolCalls, Some(2)));
    assert_eq!(events.last(), Some(&ModelEvent::ToolCallCompleted(ToolCall::new("a", "f", "{}").into())));
}

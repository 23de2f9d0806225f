//! How Anthropic's Messages API is written.

use std::time::Duration;

use runlet::model::StopReason;
use runlet::provider::{Anthropic, RetryPolicy};
use runlet::testing::conformance::{Answer, Call, Fault, Stream, Wire};
use serde_json::{Value, json};

pub(crate) struct Messages;

runlet::testing::provider_conformance!(rows, Messages);

impl Wire for Messages {
    type Model = Anthropic;

    fn model(&self, base_url: &str, key: &str) -> Anthropic {
        Anthropic::new("claude-sonnet-4-5").api_key(key).base_url(base_url).retry(RetryPolicy::never())
    }

    fn impatient(&self, base_url: &str, key: &str) -> Anthropic {
        let soon = Duration::from_millis(50);
        self.model(base_url, key).timeout(soon).first_event_timeout(soon).idle_timeout(soon)
    }

    /// Arguments are JSON here, and objects.
    fn whole(&self, answer: &Answer) -> Option<String> {
        let mut content = Vec::new();
        if !answer.text.is_empty() {
            content.push(json!({ "type": "text", "text": answer.text.concat() }));
        }
        for call in &answer.calls {
            let arguments = call.arguments.concat();
            let written = if arguments.is_empty() { "{}" } else { &arguments };
            let input: Value = serde_json::from_str(written).ok().filter(Value::is_object)?;
            // JSON that says a thing twice is not written so by any server that parsed it.
            if input.to_string().len() < arguments.trim().len() {
                return None;
            }
            content.push(json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": input }));
        }
        let mut body = json!({ "id": "msg_1", "type": "message", "role": "assistant", "content": content });
        body["stop_reason"] = json!(stop(answer)?);
        if let Some((input, output)) = answer.usage {
            body["usage"] = json!({ "input_tokens": input, "output_tokens": output });
        }
        Some(body.to_string())
    }

    /// Blocks come one after the other.
    fn stream(&self, answer: &Answer) -> Option<Stream> {
        if answer.interleaved {
            return None;
        }
        let mut message = json!({ "id": "msg_1", "type": "message", "role": "assistant", "content": [] });
        if let Some((input, _)) = answer.usage {
            message["usage"] = json!({ "input_tokens": input, "output_tokens": 1 });
        }
        let mut begin = vec![event("message_start", json!({ "message": message })), event("ping", json!({}))];
        if !answer.text.is_empty() {
            let deltas = answer.text.iter().map(|piece| json!({ "type": "text_delta", "text": piece }));
            block(&mut begin, 0, &json!({ "type": "text", "text": "" }), deltas);
        }
        let first = usize::from(!answer.text.is_empty());
        for (place, call) in answer.calls.iter().enumerate() {
            let Call { id, name, arguments, .. } = call;
            let deltas = arguments.iter().map(|piece| json!({ "type": "input_json_delta", "partial_json": piece }));
            let start = json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
            block(&mut begin, first + place, &start, deltas);
        }
        let mut delta = json!({ "delta": { "stop_reason": stop(answer)?, "stop_sequence": null } });
        if let Some((_, output)) = answer.usage {
            delta["usage"] = json!({ "output_tokens": output });
        }
        begin.push(event("message_delta", delta));
        Some(Stream { begin, end: vec![event("message_stop", json!({}))] })
    }

    fn error(&self, fault: Fault) -> String {
        json!({ "type": "error", "error": error(fault) }).to_string()
    }

    fn error_event(&self, fault: Fault) -> String {
        event("error", json!({ "error": error(fault) }))
    }
}

fn event(kind: &str, mut data: Value) -> String {
    data["type"] = json!(kind);
    format!("event: {kind}\ndata: {data}\n\n")
}

fn block(events: &mut Vec<String>, index: usize, start: &Value, deltas: impl Iterator<Item = Value>) {
    events.push(event("content_block_start", json!({ "index": index, "content_block": start })));
    events.extend(deltas.map(|delta| event("content_block_delta", json!({ "index": index, "delta": delta }))));
    events.push(event("content_block_stop", json!({ "index": index })));
}

/// The API has no word for an answer that a filter took back.
fn stop(answer: &Answer) -> Option<&str> {
    Some(match &answer.stop {
        Some(StopReason::ToolCalls) => "tool_use",
        Some(StopReason::MaxTokens) => "max_tokens",
        Some(StopReason::Refusal) => "refusal",
        Some(StopReason::Other(word)) => word,
        Some(StopReason::ContentFilter) => return None,
        _ => "end_turn",
    })
}

fn error(fault: Fault) -> Value {
    match fault {
        Fault::Overloaded => json!({ "type": "overloaded_error", "message": "Overloaded" }),
        Fault::RateLimited => json!({ "type": "rate_limit_error", "message": "slower" }),
        Fault::ContextOverflow => {
            let message = "prompt is too long: 205000 tokens > 200000 maximum";
            json!({ "type": "invalid_request_error", "message": message })
        }
        _ => json!({ "type": "invalid_request_error", "message": "no" }),
    }
}

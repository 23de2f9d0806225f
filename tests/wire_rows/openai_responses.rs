//! How OpenAI's Responses API is written.

use std::time::Duration;

use runlet::model::StopReason;
use runlet::provider::{OpenAiResponses, RetryPolicy};
use runlet::testing::conformance::{Answer, Call, Fault, Stream, Wire};
use serde_json::{Value, json};

use super::openai_error;

pub(crate) struct Responses;

runlet::testing::provider_conformance!(rows, Responses);

impl Wire for Responses {
    type Model = OpenAiResponses;

    fn model(&self, base_url: &str, key: &str) -> OpenAiResponses {
        OpenAiResponses::new("gpt-5.5").api_key(key).base_url(base_url).retry(RetryPolicy::never())
    }

    fn impatient(&self, base_url: &str, key: &str) -> OpenAiResponses {
        let soon = Duration::from_millis(50);
        self.model(base_url, key).timeout(soon).first_event_timeout(soon).idle_timeout(soon)
    }

    fn whole(&self, answer: &Answer) -> Option<String> {
        Some(response(answer).to_string())
    }

    fn stream(&self, answer: &Answer) -> Option<Stream> {
        let mut begin = vec![event("response.created", json!({ "response": { "id": "resp_1" } }))];
        let kind = if refused(answer) { "response.refusal.delta" } else { "response.output_text.delta" };
        for piece in &answer.text {
            begin.push(event(kind, json!({ "output_index": 0, "content_index": 0, "delta": piece })));
        }
        let first = usize::from(!answer.text.is_empty());
        let mut pieces = Vec::new();
        for (place, call) in answer.calls.iter().enumerate() {
            let index = first + place;
            let added = json!({ "output_index": index, "item": item(place, call, "") });
            begin.push(event("response.output_item.added", added));
            for (turn, piece) in call.arguments.iter().enumerate() {
                let delta = json!({ "output_index": index, "delta": piece });
                pieces.push((turn, event("response.function_call_arguments.delta", delta)));
            }
        }
        if answer.interleaved {
            pieces.sort_by_key(|(turn, _)| *turn);
        }
        begin.extend(pieces.into_iter().map(|(_, piece)| piece));
        for (place, call) in answer.calls.iter().enumerate() {
            let done = json!({ "output_index": first + place, "item": item(place, call, &call.arguments.concat()) });
            begin.push(event("response.output_item.done", done));
        }
        let response = response(answer);
        let status = response["status"].as_str().unwrap_or("completed").to_owned();
        let kind = if status == "incomplete" { "response.incomplete" } else { "response.completed" };
        Some(Stream { begin, end: vec![event(kind, json!({ "response": response }))] })
    }

    fn error(&self, fault: Fault) -> String {
        json!({ "error": openai_error(fault) }).to_string()
    }

    fn error_event(&self, fault: Fault) -> String {
        event("error", json!({ "error": openai_error(fault) }))
    }
}

fn event(kind: &str, mut data: Value) -> String {
    data["type"] = json!(kind);
    format!("event: {kind}\ndata: {data}\n\n")
}

fn refused(answer: &Answer) -> bool {
    answer.stop == Some(StopReason::Refusal)
}

fn item(place: usize, call: &Call, arguments: &str) -> Value {
    let id = format!("fc_{place}");
    json!({ "type": "function_call", "id": id, "call_id": call.id, "name": call.name, "arguments": arguments })
}

fn response(answer: &Answer) -> Value {
    let mut output = Vec::new();
    if !answer.text.is_empty() {
        let text = answer.text.concat();
        let content = if refused(answer) {
            json!({ "type": "refusal", "refusal": text })
        } else {
            json!({ "type": "output_text", "text": text, "annotations": [] })
        };
        output.push(json!({ "type": "message", "id": "msg_1", "role": "assistant", "content": [content] }));
    }
    output.extend(answer.calls.iter().enumerate().map(|(place, call)| item(place, call, &call.arguments.concat())));
    let reason = match &answer.stop {
        Some(StopReason::MaxTokens) => Some("max_output_tokens"),
        Some(StopReason::ContentFilter) => Some("content_filter"),
        Some(StopReason::Other(word)) => Some(word.as_str()),
        _ => None,
    };
    let mut response = json!({ "id": "resp_1", "status": "completed", "output": output });
    if let Some(reason) = reason {
        response["status"] = json!("incomplete");
        response["incomplete_details"] = json!({ "reason": reason });
    }
    if let Some((input, output)) = answer.usage {
        response["usage"] = json!({ "input_tokens": input, "output_tokens": output });
    }
    response
}

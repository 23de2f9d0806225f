//! How the Chat Completions API is written.

use std::time::Duration;

use runlet::model::StopReason;
use runlet::provider::{OpenAiChat, RetryPolicy};
use runlet::testing::conformance::{Answer, Call, Fault, Stream, Wire};
use serde_json::{Value, json};

use super::{data, openai_error};

pub(crate) struct Chat;

runlet::testing::provider_conformance!(rows, Chat);

impl Wire for Chat {
    type Model = OpenAiChat;

    fn model(&self, base_url: &str, key: &str) -> OpenAiChat {
        OpenAiChat::new("gpt-5.5").api_key(key).base_url(base_url).retry(RetryPolicy::never())
    }

    fn impatient(&self, base_url: &str, key: &str) -> OpenAiChat {
        let soon = Duration::from_millis(50);
        self.model(base_url, key).timeout(soon).first_event_timeout(soon).idle_timeout(soon)
    }

    fn whole(&self, answer: &Answer) -> Option<String> {
        let text = answer.text.concat();
        let mut message = json!({ "role": "assistant", "content": null });
        let field = if refused(answer) { "refusal" } else { "content" };
        if !text.is_empty() {
            message[field] = json!(text);
        }
        if !answer.calls.is_empty() {
            message["tool_calls"] = answer.calls.iter().map(call).collect();
        }
        let choice = json!({ "index": 0, "message": message, "finish_reason": finish(answer) });
        let mut body = json!({ "id": "chatcmpl_1", "object": "chat.completion", "choices": [choice] });
        if let Some(usage) = usage(answer) {
            body["usage"] = usage;
        }
        Some(body.to_string())
    }

    fn stream(&self, answer: &Answer) -> Option<Stream> {
        let mut begin = vec![chunk(&json!({ "role": "assistant", "content": "" }), &Value::Null)];
        let field = if refused(answer) { "refusal" } else { "content" };
        begin.extend(answer.text.iter().map(|piece| chunk(&json!({ field: piece }), &Value::Null)));
        let mut pieces = Vec::new();
        for (index, call) in answer.calls.iter().enumerate() {
            let mut first = json!({ "index": index, "id": call.id, "type": "function" });
            first["function"] = json!({ "name": call.name, "arguments": "" });
            pieces.push((0, first));
            for (turn, piece) in call.arguments.iter().enumerate() {
                pieces.push((turn, json!({ "index": index, "function": { "arguments": piece } })));
            }
        }
        if answer.interleaved {
            pieces.sort_by_key(|(turn, _)| *turn);
        }
        begin.extend(pieces.into_iter().map(|(_, piece)| chunk(&json!({ "tool_calls": [piece] }), &Value::Null)));
        let mut end = vec![chunk(&json!({}), &json!(finish(answer)))];
        end.extend(usage(answer).map(|usage| data(&json!({ "id": "chatcmpl_1", "choices": [], "usage": usage }))));
        end.push("data: [DONE]\n\n".to_owned());
        Some(Stream { begin, end })
    }

    fn error(&self, fault: Fault) -> String {
        json!({ "error": openai_error(fault) }).to_string()
    }

    fn error_event(&self, fault: Fault) -> String {
        data(&json!({ "error": openai_error(fault) }))
    }

    fn end_marker(&self) -> Option<String> {
        Some("data: [DONE]\n\n".to_owned())
    }

    fn unknown_event(&self) -> String {
        data(&json!({ "object": "novelty", "choices": [] }))
    }
}

fn refused(answer: &Answer) -> bool {
    answer.stop == Some(StopReason::Refusal)
}

fn call(call: &Call) -> Value {
    let function = json!({ "name": call.name, "arguments": call.arguments.concat() });
    json!({ "id": call.id, "type": "function", "function": function })
}

fn finish(answer: &Answer) -> &str {
    match &answer.stop {
        Some(StopReason::ToolCalls) => "tool_calls",
        Some(StopReason::MaxTokens) => "length",
        Some(StopReason::ContentFilter) => "content_filter",
        Some(StopReason::Other(word)) => word,
        _ => "stop",
    }
}

fn usage(answer: &Answer) -> Option<Value> {
    let (input, output) = answer.usage?;
    Some(json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output }))
}

fn chunk(delta: &Value, finish: &Value) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    data(&json!({ "id": "chatcmpl_1", "object": "chat.completion.chunk", "choices": [choice] }))
}

//! How Google's Gemini API is written.

use std::time::Duration;

use runlet::model::StopReason;
use runlet::provider::{Gemini, RetryPolicy};
use runlet::testing::conformance::{Answer, Fault, Stream, Wire};
use serde_json::{Value, json};

use super::data;

pub(crate) struct GenerateContent;

runlet::testing::provider_conformance!(rows, GenerateContent);

impl Wire for GenerateContent {
    type Model = Gemini;

    fn model(&self, base_url: &str, key: &str) -> Gemini {
        Gemini::new("gemini-2.5-flash").api_key(key).base_url(base_url).retry(RetryPolicy::never())
    }

    fn impatient(&self, base_url: &str, key: &str) -> Gemini {
        let soon = Duration::from_millis(50);
        self.model(base_url, key).timeout(soon).first_event_timeout(soon).idle_timeout(soon)
    }

    fn whole(&self, answer: &Answer) -> Option<String> {
        let mut parts = Vec::new();
        if !answer.text.is_empty() {
            parts.push(json!({ "text": answer.text.concat() }));
        }
        parts.extend(calls(answer)?);
        let mut body = chunk(&parts);
        end(&mut body, answer)?;
        Some(body.to_string())
    }

    /// A call comes whole.
    fn stream(&self, answer: &Answer) -> Option<Stream> {
        if answer.interleaved {
            return None;
        }
        let texts = answer.text.iter().map(|piece| json!({ "text": piece }));
        let begin = texts.chain(calls(answer)?).map(|part| data(&chunk(&[part]))).collect();
        let mut last = chunk(&[json!({ "text": "" })]);
        end(&mut last, answer)?;
        Some(Stream { begin, end: vec![data(&last)] })
    }

    fn error(&self, fault: Fault) -> String {
        json!({ "error": error(fault) }).to_string()
    }

    fn error_event(&self, fault: Fault) -> String {
        data(&json!({ "error": error(fault) }))
    }

    fn unknown_event(&self) -> String {
        data(&json!({ "novelty": [1] }))
    }
}

/// The calls as parts; `None` where the arguments are no object, or not one that a server would write.
fn calls(answer: &Answer) -> Option<Vec<Value>> {
    let call = |call: &runlet::testing::conformance::Call| {
        let arguments = call.arguments.concat();
        let written = if arguments.is_empty() { "{}" } else { &arguments };
        let args: Value = serde_json::from_str(written).ok().filter(Value::is_object)?;
        (args.to_string().len() >= arguments.trim().len())
            .then(|| json!({ "functionCall": { "id": call.id, "name": call.name, "args": args } }))
    };
    answer.calls.iter().map(call).collect()
}

fn chunk(parts: &[Value]) -> Value {
    json!({ "candidates": [{ "index": 0, "content": { "role": "model", "parts": parts } }], "responseId": "r_1" })
}

/// The reason for stopping and the usage. The API stops for `STOP` after calls, too, and has no word for a refusal.
fn end(body: &mut Value, answer: &Answer) -> Option<()> {
    let reason = match &answer.stop {
        Some(StopReason::MaxTokens) => "MAX_TOKENS",
        Some(StopReason::ContentFilter) => "SAFETY",
        Some(StopReason::Other(word)) => word,
        Some(StopReason::Refusal) => return None,
        _ => "STOP",
    };
    body["candidates"][0]["finishReason"] = json!(reason);
    if let Some((input, output)) = answer.usage {
        let total = input + output;
        body["usageMetadata"] =
            json!({ "promptTokenCount": input, "candidatesTokenCount": output, "totalTokenCount": total });
    }
    Some(())
}

fn error(fault: Fault) -> Value {
    match fault {
        Fault::Overloaded => json!({ "code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE" }),
        Fault::RateLimited => json!({ "code": 429, "message": "slower", "status": "RESOURCE_EXHAUSTED" }),
        Fault::ContextOverflow => {
            let message = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).";
            json!({ "code": 400, "message": message, "status": "INVALID_ARGUMENT" })
        }
        _ => json!({ "code": 400, "message": "no", "status": "INVALID_ARGUMENT" }),
    }
}

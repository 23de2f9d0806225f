//! OpenAI's Responses API.

use std::collections::BTreeMap;

use runlet::Part;
use runlet::message::UsageSource;
use runlet::model::{AnyModel, ModelRequest, ModelResponse, StopReason};
use runlet::provider::{OpenAiResponses, RetryPolicy};
use runlet::{Error, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::api::{Answer, Api};
use crate::known_differences::DELTAS_LEFT_OUT;
use crate::set::Exchange;

pub(crate) struct OpenAiResponsesApi;

impl Api for OpenAiResponsesApi {
    fn name(&self) -> &'static str {
        "openai-responses"
    }

    fn model(&self, exchange: &Exchange, base_url: &str) -> AnyModel {
        let name = exchange.recorded.request.body.get("model").and_then(Value::as_str).unwrap_or("recorded");
        let model = OpenAiResponses::new(name).api_key("sk-test").base_url(base_url);
        // A file that stands at an address has no size here, and is counted as a very large one.
        let model = model.context_window(1 << 30);
        // Every recorded answer is to be read, failures too.
        AnyModel::new(model.retry(RetryPolicy::never()))
    }

    fn no_request(&self, exchange: &Exchange) -> Option<&'static str> {
        let request = &exchange.recorded.request;
        match &request.body {
            _ if request.method != "POST" => Some("reads a stored answer"),
            Value::Object(body) if body.is_empty() => Some("empty request"),
            Value::Object(_) => None,
            _ => Some("request not recorded"),
        }
    }

    fn import(&self, body: &Value) -> Result<ModelRequest> {
        OpenAiResponses::request_from_wire(body)
    }

    fn is_stream(&self, exchange: &Exchange) -> bool {
        let response = &exchange.recorded.response;
        let body = response.body.as_deref().unwrap_or_default();
        ["event:", "data:", ":"].iter().any(|field| body.trim_start().starts_with(field))
    }

    fn whole_of_stream(&self, stream: &str) -> Option<String> {
        let events = events(stream);
        let response = events.iter().find_map(Event::terminal)?;
        let output = response.get("output").map_or("null", |output| output.get());
        if !matches!(output, "null" | "[]") {
            return serde_json::to_string(&response).ok();
        }
        let done = events.iter().filter(|event| event.kind == "response.output_item.done");
        let done: Vec<&RawValue> = done.filter_map(|event| event.item.as_deref()).collect();
        let done = serde_json::value::to_raw_value(&done).ok()?;
        let mut response = response;
        response.insert("output".to_owned(), done);
        serde_json::to_string(&response).ok()
    }

    fn answers<'a>(&self, stream: &'a str) -> Vec<&'a str> {
        let mut answers = Vec::new();
        let (mut begin, mut at) = (0, 0);
        for event in stream.split_inclusive("\n\n") {
            at += event.len();
            if events(event).iter().any(|event| event.terminal().is_some()) {
                answers.push(&stream[begin..at]);
                begin = at;
            }
        }
        match answers.last_mut() {
            // What comes after the last answer, such as `[DONE]`, belongs to it.
            Some(last) => *last = &stream[begin - last.len()..],
            None => answers.push(stream),
        }
        answers
    }

    fn known_stream(&self, stream: &str) -> Option<&'static str> {
        let events = events(stream);
        // What the deltas of a content part add up to, and what the server then says that they did.
        let mut told = BTreeMap::<_, String>::new();
        for event in &events {
            let part = (event.output_index, event.content_index);
            match event.kind.as_str() {
                "response.output_text.delta" => {
                    told.entry(part).or_default().push_str(event.delta.as_str().unwrap_or_default());
                }

                "response.output_item.done" => {
                    let told: String = told
                        .iter()
                        .filter(|((index, _), _)| *index == event.output_index)
                        .map(|(_, text)| text.as_str())
                        .collect();
                    let item: Value = event.item.as_ref().and_then(|item| serde_json::from_str(item.get()).ok())?;
                    let parts = item["content"].as_array().into_iter().flatten();
                    let text: String = parts.filter_map(|part| part["text"].as_str()).collect();
                    if item["type"] == "message" && !told.is_empty() && told != text {
                        return Some(DELTAS_LEFT_OUT);
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn compare(&self, answer: &Answer, expected: &Value) -> Vec<String> {
        match (&answer.result, expected["outcome"].as_str()) {
            (Ok(response), Some("ok")) => compare_response(response, &expected["result"]),
            (Err(error), Some("error")) => compare_error(error, expected),
            (Ok(_), _) => vec![format!("answered, where the SDK failed: {}", expected["message"])],
            (Err(error), _) => vec![format!("failed, where the SDK answered: {error}")],
        }
    }

    fn items(&self, body: &Value) -> Vec<Value> {
        match &body["input"] {
            Value::String(text) => vec![json!({ "role": "user", "content": text })],
            Value::Array(items) => items.clone(),
            _ => Vec::new(),
        }
    }

    fn body_of(&self, items: Vec<Value>) -> Value {
        json!({ "input": items })
    }

    fn is_models(&self, item: &Value) -> bool {
        match item["type"].as_str() {
            None | Some("message") => item["role"] == "assistant",
            Some("additional_tools") => false,
            Some(kind) => !kind.ends_with("_output") || item["execution"] == "server",
        }
    }

    fn output(&self, response: &str) -> Vec<Value> {
        let whole = self.whole_of_stream(response).unwrap_or_else(|| response.to_owned());
        let whole: Value = serde_json::from_str(&whole).unwrap_or_default();
        whole["output"].as_array().cloned().unwrap_or_default()
    }

    fn is_rewritten(&self, recorded: &Value, sent: &Value) -> bool {
        let same = |names: &[&str]| names.iter().all(|name| recorded[*name] == sent[*name]);
        match (recorded["type"].as_str(), sent["type"].as_str()) {
            (None | Some("message"), None | Some("message")) => {
                same(&["role"]) && recorded["role"] == "assistant" && text_of(recorded) == text_of(sent)
            }
            (Some("function_call"), Some("function_call")) => same(&["name", "arguments"]),
            // Clients that renumber calls renumber the results alike; to which call a result belongs, its place tells.
            (Some("function_call_output"), Some("function_call_output")) => same(&["output"]),
            (Some("message"), _) => false,
            (Some(_), _) => same(&["type"]) && (recorded["id"].is_null() || same(&["id"])),
            _ => false,
        }
    }

    fn is_empty(&self, item: &Value) -> bool {
        item["role"] == "assistant" && text_of(item).is_empty()
    }

    fn no_turn(&self, body: &Value) -> Option<&'static str> {
        let on_server = ["previous_response_id", "conversation"].iter().any(|name| !body[*name].is_null());
        on_server.then_some("the server keeps the history")
    }
}

fn text_of(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => plain(text),
        content => {
            content.as_array().into_iter().flatten().filter_map(|part| part["text"].as_str()).map(plain).collect()
        }
    }
}

/// A text with the quotes of a typewriter: one source writes JSON bodies anew with these, but streams as they came.
fn plain(text: &str) -> String {
    text.replace(['\u{2018}', '\u{2019}'], "'").replace(['\u{201c}', '\u{201d}'], "\"")
}

/// The fields of a stream's events that the checks look at, as they came.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    output_index: Option<u64>,
    #[serde(default)]
    content_index: Option<u64>,
    #[serde(default)]
    delta: Value,
    item: Option<Box<RawValue>>,
    response: Option<Box<RawValue>>,
}

impl Event {
    /// The answer that the event ends, where it ends one.
    fn terminal(&self) -> Option<BTreeMap<String, Box<RawValue>>> {
        let ends = ["response.completed", "response.incomplete", "response.failed"].contains(&self.kind.as_str());
        serde_json::from_str(self.response.as_ref().filter(|_| ends)?.get()).ok()
    }
}

fn events(stream: &str) -> Vec<Event> {
    let stream = stream.replace("\r\n", "\n");
    let data = stream.split("\n\n").filter_map(|event| event.lines().find_map(|line| line.strip_prefix("data:")));
    data.filter_map(|data| serde_json::from_str(data).ok()).collect()
}

fn compare_response(response: &ModelResponse, expected: &Value) -> Vec<String> {
    let message = &response.message;
    let summaries = message.parts.iter().filter_map(|part| match part {
        Part::Reasoning(reasoning) => reasoning.extra.of("openai")?.get("summary")?.as_array(),
        _ => None,
    });
    let summaries: Vec<&str> = summaries.flatten().filter_map(|part| part["text"].as_str()).collect();
    let calls: Vec<Value> = message
        .tool_calls()
        .map(|call| json!({ "id": call.id, "name": call.name, "arguments_raw": call.arguments }))
        .collect();
    let expected_calls: Vec<Value> = expected["tool_calls"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|call| json!({ "id": call["id"], "name": call["name"], "arguments_raw": call["arguments_raw"] }))
        .collect();
    let usage = &response.usage;
    let figures = json!({
        "input_tokens": usage.input_tokens,
        "input_tokens_details": { "cached_tokens": usage.cache_read_tokens },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": { "reasoning_tokens": usage.reasoning_tokens },
    });
    let wanted = &expected["usage"];
    let expected_figures = json!({
        "input_tokens": wanted["input_tokens"],
        "input_tokens_details": { "cached_tokens": wanted["input_tokens_details"]["cached_tokens"] },
        "output_tokens": wanted["output_tokens"],
        "output_tokens_details": { "reasoning_tokens": wanted["output_tokens_details"]["reasoning_tokens"] },
    });
    let source = if wanted.is_null() { UsageSource::Unknown } else { UsageSource::Reported };

    let mut differences = Vec::new();
    let mut equal = |what: &str, ours: Value, theirs: Value| {
        if ours != theirs {
            differences.push(format!("{what}: {ours}, where the SDK read {theirs}"));
        }
    };
    equal("text", message.text().into(), expected["text"].clone());
    equal("refusal", message.refusal().into(), expected["refusal"].clone());
    equal("reasoning", summaries.join("\n").into(), expected["reasoning_summary"].clone());
    equal("tool calls", calls.into(), expected_calls.into());
    equal("usage", figures, expected_figures);
    equal("usage source", format!("{:?}", usage.source).into(), format!("{source:?}").into());
    equal("stop reason", json!(response.stop_reason), json!(stop_reason(expected)));
    equal("id", response.id.clone().into(), expected["id"].clone());
    equal("model", response.model.clone().into(), expected["model"].clone());
    equal("item types", item_types(&message.parts).into(), expected["item_types"].clone());
    differences
}

/// The stop reason that the SDK's reading amounts to.
fn stop_reason(expected: &Value) -> StopReason {
    match (expected["status"].as_str(), expected["incomplete"]["reason"].as_str()) {
        (Some("incomplete"), Some("max_output_tokens")) => StopReason::MaxTokens,
        (Some("incomplete"), Some("content_filter")) => StopReason::ContentFilter,
        (Some("completed" | "complete"), _)
            if expected["tool_calls"].as_array().is_some_and(|calls| !calls.is_empty()) =>
        {
            StopReason::ToolCalls
        }
        (Some("completed" | "complete"), _) if !expected["refusal"].is_null() => StopReason::Refusal,
        (Some("completed" | "complete"), _) => StopReason::EndTurn,
        (status, _) => StopReason::Other(status.unwrap_or_default().to_owned()),
    }
}

/// The types of the items that the parts came in.
fn item_types(parts: &[Part]) -> Vec<String> {
    let begins = |extra: &runlet::message::Extra| extra.of("openai").is_some_and(|extra| extra.contains_key("item"));
    let kind = |part: &Part| match part {
        Part::Text(text) => begins(&text.extra).then(|| "message".to_owned()),
        Part::Refusal(refusal) => begins(&refusal.extra).then(|| "message".to_owned()),
        Part::Reasoning(_) => Some("reasoning".to_owned()),
        Part::ToolCall(_) => Some("function_call".to_owned()),
        Part::Native(native) => Some(native.kind.clone()),
        _ => None,
    };
    parts.iter().filter_map(kind).collect()
}

fn compare_error(error: &Error, expected: &Value) -> Vec<String> {
    let Some(provider) = error.provider() else { return vec![format!("an error of no provider: {error}")] };
    let mut differences = Vec::new();
    if let Some(status) = expected["status_code"].as_u64()
        && provider.status.map(u64::from) != Some(status)
    {
        differences.push(format!("status {:?}, where the SDK read {status}", provider.status));
    }
    if let Some(code) = expected["code"].as_str()
        && provider.code.as_deref() != Some(code)
    {
        differences.push(format!("code {:?}, where the SDK read {code}", provider.code));
    }
    let words = expected["message"].as_str().unwrap_or_default();
    if expected["type"].is_string() && !words.ends_with(&provider.message) {
        differences.push(format!("message {:?}, where the SDK read {words:?}", provider.message));
    }
    differences
}

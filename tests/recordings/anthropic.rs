//! Anthropic's Messages API.

use std::collections::BTreeMap;
use std::time::Duration;

use runlet::message::UsageSource;
use runlet::model::{AnyModel, ModelRequest, ModelResponse, StopReason};
use runlet::provider::{Anthropic, RetryPolicy};
use runlet::{Error, Part, Result};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::api::{Answer, Api};
use crate::known_differences::{AFTER_THE_END, JOINED_ANSWERS, SPLICED_ANSWERS};
use crate::set::Exchange;

pub(crate) struct AnthropicApi;

impl Api for AnthropicApi {
    fn name(&self) -> &'static str {
        "anthropic-messages"
    }

    fn model(&self, exchange: &Exchange, base_url: &str) -> AnyModel {
        let name = exchange.recorded.request.body.get("model").and_then(Value::as_str).unwrap_or("recorded");
        // Some clients wait for answers of more than ten minutes.
        let patient = Duration::from_hours(1);
        let model = Anthropic::new(name).api_key("sk-test").base_url(base_url).timeout(patient);
        // A file whose pages nobody has counted may take more than the window.
        AnyModel::new(model.context_window(1 << 30).retry(RetryPolicy::never()))
    }

    fn no_request(&self, exchange: &Exchange) -> Option<&'static str> {
        (!exchange.recorded.request.body.is_object()).then_some("request not recorded")
    }

    fn import(&self, body: &Value) -> Result<ModelRequest> {
        Anthropic::request_from_wire(body)
    }

    fn counts_tokens(&self, exchange: &Exchange) -> bool {
        exchange.recorded.request.path.ends_with("/count_tokens")
    }

    fn is_stream(&self, exchange: &Exchange) -> bool {
        let body = exchange.recorded.response.body.as_deref().unwrap_or_default();
        ["event:", "data:", ":"].iter().any(|field| body.trim_start().starts_with(field))
    }

    fn answers<'a>(&self, stream: &'a str) -> Vec<&'a str> {
        let mut answers = Vec::new();
        let (mut begin, mut at) = (0, 0);
        for event in stream.split_inclusive("\n\n") {
            at += event.len();
            if events(event).iter().any(|event| event["type"] == "message_stop") {
                answers.push(&stream[begin..at]);
                begin = at;
            }
        }
        if answers.is_empty() { vec![stream] } else { answers }
    }

    fn known_reading(&self, stream: &str) -> Option<&'static str> {
        let events = events(stream);
        let of_kind = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
        let last = events.iter().rposition(|event| event["type"] == "message_stop");
        let first_block = events.iter().position(|event| event["type"] == "content_block_start");
        let last_start = events.iter().rposition(|event| event["type"] == "message_start");
        match () {
            () if of_kind("message_stop") > 1 => Some(JOINED_ANSWERS),
            () if first_block.is_some() && last_start > first_block => Some(SPLICED_ANSWERS),
            () if last.is_some_and(|last| events[last..].iter().any(Value::is_null)) => Some(AFTER_THE_END),
            () => None,
        }
    }

    fn whole_of_stream(&self, stream: &str) -> Option<String> {
        whole(stream)
    }

    fn known_stream(&self, _: &str) -> Option<&'static str> {
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
        let messages = body["messages"].as_array().into_iter().flatten();
        let blocks = |message: &Value| {
            let blocks = match &message["content"] {
                Value::String(text) => vec![json!({ "type": "text", "text": text })],
                content => content.as_array().cloned().unwrap_or_default(),
            };
            let role = message["role"].clone();
            blocks.into_iter().map(move |block| json!({ "role": role, "block": block }))
        };
        messages.flat_map(blocks).collect()
    }

    fn body_of(&self, items: Vec<Value>) -> Value {
        let mut messages: Vec<Value> = Vec::new();
        for item in items {
            match messages.last_mut() {
                Some(last) if last["role"] == item["role"] => {
                    last["content"].as_array_mut().expect("a list").push(item["block"].clone());
                }
                _ => messages.push(json!({ "role": item["role"], "content": [item["block"]] })),
            }
        }
        json!({ "messages": messages })
    }

    fn is_models(&self, item: &Value) -> bool {
        item["role"] == "assistant"
    }

    fn output(&self, response: &str) -> Vec<Value> {
        let whole = whole(response).unwrap_or_else(|| response.to_owned());
        let whole: Value = serde_json::from_str(&whole).unwrap_or_default();
        let blocks = whole["content"].as_array().into_iter().flatten();
        let items = blocks.map(|block| json!({ "role": "assistant", "block": block }));
        items.filter(|item| !self.is_empty(item)).collect()
    }

    fn is_rewritten(&self, recorded: &Value, sent: &Value) -> bool {
        let (recorded, sent) = (&recorded["block"], &sent["block"]);
        let same = |names: &[&str]| names.iter().all(|name| recorded[*name] == sent[*name]);
        same(&["type"])
            && match recorded["type"].as_str() {
                Some("text") => same(&["text"]),
                Some("thinking") => same(&["thinking"]),
                Some("tool_use") => same(&["name", "input"]),
                // Clients that renumber calls renumber the results alike; to which call a result belongs, its place tells.
                Some("tool_result") => same(&["content"]),
                _ => recorded["id"].is_null() || same(&["id"]),
            }
    }

    fn is_empty(&self, item: &Value) -> bool {
        item["block"]["text"].as_str().is_some_and(|text| text.trim().is_empty())
    }

    fn no_turn(&self, _: &Value) -> Option<&'static str> {
        None
    }
}

/// The data of a stream's events; null where it is not JSON.
fn events(stream: &str) -> Vec<Value> {
    data(stream).into_iter().map(|data| serde_json::from_str(&data).unwrap_or_default()).collect()
}

fn data(stream: &str) -> Vec<String> {
    let stream = stream.replace("\r\n", "\n");
    let data = stream.split("\n\n").filter_map(|event| event.lines().find_map(|line| line.strip_prefix("data:")));
    data.map(|data| data.trim().to_owned()).collect()
}

type Fields = BTreeMap<String, Box<RawValue>>;

/// The body of the same answer without streaming.
fn whole(stream: &str) -> Option<String> {
    let mut message = Fields::new();
    // Each block as it began and as it is.
    let mut blocks: Vec<(u64, Box<RawValue>, Fields)> = Vec::new();
    let mut inputs = BTreeMap::<u64, String>::new();
    for data in data(stream) {
        let Ok(event) = serde_json::from_str::<Fields>(&data) else { continue };
        let value = |name: &str| event.get(name).map(|json| value(json)).unwrap_or_default();
        let index = value("index").as_u64().unwrap_or(0);
        match value("type").as_str()? {
            "message_start" => {
                message = serde_json::from_str(event.get("message")?.get()).ok()?;
                let content: Vec<Box<RawValue>> = serde_json::from_str(message.get("content")?.get()).ok()?;
                for (index, block) in (0..).zip(content) {
                    let fields = serde_json::from_str(block.get()).ok()?;
                    blocks.push((index, block, fields));
                }
            }
            "content_block_start" => {
                let block = event.get("content_block")?;
                blocks.push((index, block.clone(), serde_json::from_str(block.get()).ok()?));
            }
            "content_block_delta" => {
                let (_, _, block) = blocks.iter_mut().rfind(|(known, ..)| *known == index)?;
                grow(block, inputs.entry(index).or_default(), &value("delta"))?;
            }
            "message_delta" => {
                for (name, value) in value("delta").as_object()? {
                    message.insert(name.clone(), to_raw_value(value).ok()?);
                }
                let mut usage = message.get("usage").map_or_else(|| json!({}), |usage| self::value(usage));
                for (name, figure) in value("usage").as_object().into_iter().flatten() {
                    if !figure.is_null() {
                        usage[name] = figure.clone();
                    }
                }
                message.insert("usage".to_owned(), to_raw_value(&usage).ok()?);
                if let Some(applied) = event.get("context_management") {
                    message.insert("context_management".to_owned(), applied.clone());
                }
            }
            _ => {}
        }
    }
    for (index, input) in inputs.into_iter().filter(|(_, input)| !input.is_empty()) {
        let (_, _, block) = blocks.iter_mut().rfind(|(known, ..)| *known == index)?;
        block.insert("input".to_owned(), RawValue::from_string(input).ok()?);
    }
    let mut content = Vec::new();
    for (_, began, block) in blocks {
        let same = serde_json::from_str::<Fields>(began.get()).is_ok_and(|began| text_of(&began) == text_of(&block));
        content.push(if same { began } else { to_raw_value(&block).ok()? });
    }
    if message.is_empty() {
        return None;
    }
    message.insert("content".to_owned(), to_raw_value(&content).ok()?);
    serde_json::to_string(&message).ok()
}

fn text_of(fields: &Fields) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, json)| (name.as_str(), json.get())).collect()
}

fn value(json: &RawValue) -> Value {
    serde_json::from_str(json.get()).unwrap_or_default()
}

/// Adds a delta to a block, and to the text of its input.
fn grow(block: &mut Fields, input: &mut String, delta: &Value) -> Option<()> {
    let mut append = |name: &str| {
        let known = block.get(name).map(|json| value(json)).unwrap_or_default();
        let text = format!("{}{}", known.as_str().unwrap_or_default(), delta[name].as_str()?);
        block.insert(name.to_owned(), to_raw_value(&text).ok()?);
        Some(())
    };
    match delta["type"].as_str()? {
        "text_delta" => append("text"),
        "thinking_delta" => append("thinking"),
        "input_json_delta" => {
            input.push_str(delta["partial_json"].as_str()?);
            Some(())
        }
        "signature_delta" => {
            block.insert("signature".to_owned(), to_raw_value(&delta["signature"]).ok()?);
            Some(())
        }
        "citations_delta" => {
            let mut citations = block.get("citations").map(|json| value(json)).unwrap_or_default();
            let mut list = citations.as_array_mut().map(std::mem::take).unwrap_or_default();
            list.push(delta["citation"].clone());
            block.insert("citations".to_owned(), to_raw_value(&list).ok()?);
            Some(())
        }
        "compaction_delta" => append("content"),
        _ => None,
    }
}

fn compare_response(response: &ModelResponse, expected: &Value) -> Vec<String> {
    let message = &response.message;
    let reasoning = message.parts.iter().filter_map(|part| match part {
        Part::Reasoning(reasoning) => Some(reasoning),
        _ => None,
    });
    let thinking: String = reasoning.clone().map(|reasoning| reasoning.text.as_str()).collect();
    let fields = reasoning.filter_map(|reasoning| reasoning.extra.of("anthropic"));
    let signatures: Vec<Value> = fields
        .filter(|fields| fields["type"] == "thinking")
        .map(|fields| fields.get("signature").cloned().unwrap_or_default())
        .collect();
    let calls: Vec<Value> = message
        .tool_calls()
        .map(|call| {
            let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
            json!({ "id": call.id, "name": call.name, "arguments": arguments })
        })
        .collect();
    let expected_calls: Vec<Value> = expected["tool_calls"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|call| json!({ "id": call["id"], "name": call["name"], "arguments": call["arguments"] }))
        .collect();
    let usage = &response.usage;
    let figures = json!([
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens
    ]);
    let wanted = &expected["usage"];
    let figure = |name: &str| wanted[name].as_u64();
    let (read, write) = (figure("cache_read_input_tokens"), figure("cache_creation_input_tokens"));
    let input = figure("input_tokens").map(|tokens| tokens + read.unwrap_or(0) + write.unwrap_or(0));
    let thought = wanted["output_tokens_details"]["thinking_tokens"].as_u64();
    let expected_figures = json!([input, figure("output_tokens"), read, write, thought]);

    let mut differences = Vec::new();
    let mut equal = |what: &str, ours: Value, theirs: Value| {
        if ours != theirs {
            differences.push(format!("{what}: {ours}, where the SDK read {theirs}"));
        }
    };
    equal("text", message.text().into(), expected["text"].clone());
    equal("thinking", thinking.into(), expected["thinking"].clone());
    equal("signatures", signatures.into(), expected["signatures"].clone());
    equal("tool calls", calls.into(), expected_calls.into());
    equal("usage", figures, expected_figures);
    equal("usage source", format!("{:?}", usage.source).into(), format!("{:?}", UsageSource::Reported).into());
    equal("stop reason", json!(response.stop_reason), json!(stop_reason(expected)));
    let sequence = message.extra.of("anthropic").and_then(|extra| extra.get("stop_sequence")).cloned();
    equal("stop sequence", sequence.unwrap_or_default(), expected["stop_sequence"].clone());
    equal("id", response.id.clone().into(), expected["id"].clone());
    equal("model", response.model.clone().into(), expected["model"].clone());
    equal("block types", block_types(&message.parts).into(), expected["block_types"].clone());
    differences
}

/// The stop reason that the SDK's reading amounts to.
fn stop_reason(expected: &Value) -> StopReason {
    match expected["stop_reason"].as_str().unwrap_or_default() {
        "end_turn" => StopReason::EndTurn,
        "tool_use" => StopReason::ToolCalls,
        "max_tokens" | "model_context_window_exceeded" => StopReason::MaxTokens,
        "stop_sequence" => StopReason::StopSequence,
        "pause_turn" => StopReason::Pause,
        "refusal" => StopReason::Refusal,
        other => StopReason::Other(other.to_owned()),
    }
}

/// The types of the blocks that the parts came in.
fn block_types(parts: &[Part]) -> Vec<String> {
    let kind = |part: &Part| match part {
        Part::Text(_) => Some("text".to_owned()),
        Part::Reasoning(reasoning) => reasoning.extra.of("anthropic")?["type"].as_str().map(str::to_owned),
        Part::ToolCall(_) => Some("tool_use".to_owned()),
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
    if let Some(kind) = expected["type"].as_str() {
        if provider.code.as_deref() != Some(kind) {
            differences.push(format!("code {:?}, where the SDK read {kind}", provider.code));
        }
        let words = expected["message"].as_str().unwrap_or_default();
        let plain = |text: &str| text.replace(['\'', '"', '\\'], "");
        if !plain(words).contains(&plain(&provider.message)) {
            differences.push(format!("message {:?}, where the SDK read {words:?}", provider.message));
        }
    }
    differences
}

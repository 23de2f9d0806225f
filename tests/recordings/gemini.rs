//! Google's Gemini API.

use std::collections::BTreeMap;

use runlet::Part;
use runlet::message::UsageSource;
use runlet::model::{AnyModel, ModelRequest, ModelResponse, StopReason};
use runlet::provider::{Gemini, RetryPolicy};
use runlet::{Error, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::api::{Answer, Api};
use crate::set::Exchange;

pub(crate) struct GeminiApi;

impl Api for GeminiApi {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn model(&self, exchange: &Exchange, base_url: &str) -> AnyModel {
        let path = exchange.recorded.request.path.rsplit('/').next().unwrap_or_default();
        let name = path.split(':').next().filter(|name| !name.is_empty()).unwrap_or("recorded");
        AnyModel::new(Gemini::new(name).api_key("test-key").base_url(base_url).retry(RetryPolicy::never()))
    }

    fn no_request(&self, exchange: &Exchange) -> Option<&'static str> {
        let request = &exchange.recorded.request;
        match &request.body {
            _ if request.path.ends_with(":countTokens") => Some("counts tokens"),
            Value::Object(_) => None,
            _ => Some("request not recorded"),
        }
    }

    fn import(&self, body: &Value) -> Result<ModelRequest> {
        Gemini::request_from_wire(body)
    }

    fn is_stream(&self, exchange: &Exchange) -> bool {
        let recorded = &exchange.recorded;
        let body = recorded.response.body.as_deref().unwrap_or_default();
        recorded.request.path.ends_with(":streamGenerateContent") || body.trim_start().starts_with("data:")
    }

    fn answers<'a>(&self, stream: &'a str) -> Vec<&'a str> {
        vec![stream]
    }

    /// The chunks as one: their parts in a row, those of nothing but text or thinking joined as a model would have
    /// written them.
    fn whole_of_stream(&self, stream: &str) -> Option<String> {
        let mut whole = Map::new();
        let mut candidate = Map::new();
        let mut parts: Vec<Box<RawValue>> = Vec::new();
        let chunks = chunks(stream);
        for chunk in &chunks {
            for (name, value) in chunk.fields.as_object()? {
                if name == "usageMetadata" {
                    overlay(whole.entry(name).or_insert_with(|| json!({})), value);
                } else if name != "candidates" {
                    whole.insert(name.clone(), value.clone());
                }
            }
            let Some(of_chunk) = chunk.fields["candidates"].get(0) else { continue };
            for (name, value) in of_chunk.as_object()? {
                if name != "content" {
                    overlay(candidate.entry(name).or_insert(Value::Null), value);
                }
            }
            for raw in &chunk.parts {
                let part = read(raw);
                let call = &part["functionCall"];
                if call.is_object() && (call["name"].is_null() || !call["willContinue"].is_null()) {
                    // Arguments in pieces: no whole answer has them.
                    return None;
                }
                add_part(&mut parts, raw, &part);
            }
        }
        let mut whole: BTreeMap<String, Box<RawValue>> =
            whole.iter().map(|(name, value)| (name.clone(), raw(value))).collect();
        if !candidate.is_empty() {
            let mut candidate: BTreeMap<String, Box<RawValue>> =
                candidate.iter().map(|(name, value)| (name.clone(), raw(value))).collect();
            candidate.insert("content".to_owned(), raw(&BTreeMap::from([("parts", parts)])));
            whole.insert("candidates".to_owned(), raw(&[candidate]));
        }
        if chunks.is_empty() { None } else { serde_json::to_string(&whole).ok() }
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

    /// Each part is an item, with the role of its content.
    fn items(&self, body: &Value) -> Vec<Value> {
        let contents = body["contents"].as_array().into_iter().flatten();
        let item = |role: &Value, part: &Value| {
            let mut item = part.clone();
            item["role"] = role.clone();
            item
        };
        contents
            .flat_map(|content| {
                let parts = content["parts"].as_array().into_iter().flatten();
                parts.map(|part| item(&content["role"], part)).collect::<Vec<_>>()
            })
            .collect()
    }

    fn body_of(&self, items: Vec<Value>) -> Value {
        let mut contents: Vec<Value> = Vec::new();
        for mut item in items {
            let role = item.as_object_mut().and_then(|fields| fields.remove("role")).unwrap_or_default();
            let kind = |part: &Value| part.get("functionResponse").is_some();
            let goes_on = |last: &&mut Value| last["role"] == role && kind(&last["parts"][0]) == kind(&item);
            match contents.last_mut().filter(goes_on).and_then(|last| last["parts"].as_array_mut()) {
                Some(parts) => parts.push(item),
                None => contents.push(json!({ "role": role, "parts": [item] })),
            }
        }
        json!({ "contents": contents })
    }

    fn is_models(&self, item: &Value) -> bool {
        item["role"] == "model"
    }

    fn output(&self, response: &str) -> Vec<Value> {
        let is_stream = response.trim_start().starts_with("data:");
        let whole = if is_stream { self.whole_of_stream(response) } else { Some(response.to_owned()) };
        let whole: Value = whole.and_then(|whole| serde_json::from_str(&whole).ok()).unwrap_or_default();
        let parts = whole["candidates"][0]["content"]["parts"].as_array().cloned().unwrap_or_default();
        let parts = parts.into_iter().filter(|part| *part != json!({ "text": "" }));
        self.items(&json!({ "contents": [{ "role": "model", "parts": parts.collect::<Vec<_>>() }] }))
    }

    fn is_rewritten(&self, recorded: &Value, sent: &Value) -> bool {
        let data = |item: &Value| {
            let names = [
                "text",
                "functionCall",
                "functionResponse",
                "executableCode",
                "codeExecutionResult",
                "toolCall",
                "toolResponse",
            ];
            names.into_iter().find(|name| item.get(*name).is_some())
        };
        let (Some(name), true) = (data(recorded), recorded["role"] == sent["role"]) else { return false };
        if data(sent) != Some(name) {
            return false;
        }
        let (recorded, sent) = (&recorded[name], &sent[name]);
        let same = |names: &[&str]| names.iter().all(|name| recorded[*name] == sent[*name]);
        match name {
            "text" => recorded == sent,
            "functionCall" => same(&["name", "args"]),
            // A tool that fails says so under another name.
            "functionResponse" => same(&["name"]) && values(&recorded["response"]) == values(&sent["response"]),
            "toolCall" | "toolResponse" => same(&["toolType"]),
            _ => same(&["code", "output", "outcome"]),
        }
    }

    fn is_empty(&self, item: &Value) -> bool {
        item["role"] == "model" && item["text"] == ""
    }

    fn no_turn(&self, _: &Value) -> Option<&'static str> {
        None
    }
}

fn values(object: &Value) -> Vec<&Value> {
    object.as_object().into_iter().flat_map(Map::values).collect()
}

/// A chunk of a stream; its parts as they came, byte for byte.
struct Chunk {
    fields: Value,
    parts: Vec<Box<RawValue>>,
}

/// The chunks of a stream.
fn chunks(stream: &str) -> Vec<Chunk> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Parts {
        candidates: Vec<Candidate>,
    }

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Candidate {
        content: Content,
    }

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Content {
        parts: Vec<Box<RawValue>>,
    }

    let data = stream.lines().filter_map(|line| line.strip_prefix("data:"));
    let chunk = |data: &str| {
        let parts: Parts = serde_json::from_str(data).unwrap_or_default();
        let parts = parts.candidates.into_iter().next().unwrap_or_default().content.parts;
        Some(Chunk { fields: serde_json::from_str(data).ok()?, parts })
    };
    data.filter_map(chunk).collect()
}

fn read(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

fn raw(value: &impl serde::Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("JSON")
}

/// Lays an object over another, field by field; anything else takes the place of what was there.
fn overlay(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                overlay(under.entry(name).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}

fn add_part(parts: &mut Vec<Box<RawValue>>, came: &RawValue, part: &Value) {
    let is_plain = |part: &Value| part.as_object().is_some_and(|fields| fields.len() == 1 || is_thought(part));
    if *part == json!({ "text": "" }) {
        return;
    }
    if let (Some(last), Some(more)) = (parts.last_mut(), part["text"].as_str())
        && let mut joined = read(last)
        && let Some(text) = joined["text"].as_str().map(str::to_owned)
        && is_plain(&joined)
        && is_plain(part)
        && is_thought(&joined) == is_thought(part)
        && !(is_thought(part) && text.is_empty())
    {
        joined["text"] = (text + more).into();
        *last = raw(&joined);
        return;
    }
    parts.push(came.to_owned());
}

/// Whether a part is readable thinking and nothing else.
fn is_thought(part: &Value) -> bool {
    part.as_object().is_some_and(|fields| fields.len() == 2) && part["thought"] == true && part["text"].is_string()
}

fn compare_response(response: &ModelResponse, expected: &Value) -> Vec<String> {
    let message = &response.message;
    let thoughts = message.parts.iter().filter_map(|part| match part {
        Part::Reasoning(reasoning) => Some(reasoning.text.as_str()),
        _ => None,
    });
    let calls: Vec<Value> = message
        .tool_calls()
        .map(|call| json!({ "name": call.name, "arguments": serde_json::from_str::<Value>(&call.arguments).ok() }))
        .collect();
    // Arguments that come in pieces the SDK does not put together: it gives each piece as a call.
    let told = || expected["tool_calls"].as_array().into_iter().flatten().filter(|call| call["name"].is_string());
    let expected_calls: Vec<Value> = told()
        .zip(calls.iter().map(Some).chain(std::iter::repeat(None)))
        .map(|(call, ours)| match &call["arguments"] {
            Value::Null => json!({ "name": call["name"], "arguments": ours.map(|ours| &ours["arguments"]) }),
            arguments => json!({ "name": call["name"], "arguments": arguments }),
        })
        .collect();
    let ids_given: Vec<&Value> = told().map(|call| &call["id"]).filter(|id| id.is_string()).collect();
    let ids: Vec<Value> = message.tool_calls().map(|call| call.id.as_str().into()).collect();

    let usage = &response.usage;
    let wanted = &expected["usage"];
    let figure = |name: &str| wanted[name].as_u64();
    let input = figure("prompt_token_count").map(|prompt| prompt + figure("tool_use_prompt_token_count").unwrap_or(0));
    let output = match (figure("candidates_token_count"), figure("total_token_count"), input) {
        (Some(candidates), ..) => Some(candidates + figure("thoughts_token_count").unwrap_or(0)),
        (None, Some(total), Some(input)) => Some(total - input),
        _ => None,
    };
    let source = match (input, output) {
        (Some(_), Some(_)) => UsageSource::Reported,
        _ => UsageSource::Unknown,
    };
    let kinds: Vec<Value> = message
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Native(native) if native.kind == "executableCode" => Some("executable_code".into()),
            Part::Native(native) if native.kind == "codeExecutionResult" => Some("code_execution_result".into()),
            _ => None,
        })
        .collect();
    let signatures = message.parts.iter().filter(|part| is_signed(part)).count();

    let mut differences = Vec::new();
    let mut equal = |what: &str, ours: Value, theirs: Value| {
        if ours != theirs {
            differences.push(format!("{what}: {ours}, where the SDK read {theirs}"));
        }
    };
    equal("text", message.text().into(), expected["text"].clone());
    equal("thoughts", thoughts.collect::<String>().into(), expected["thought"].clone());
    equal("tool calls", calls.into(), expected_calls.into());
    if !ids_given.is_empty() {
        equal("given ids", json!(ids.iter().filter(|id| ids_given.contains(id)).collect::<Vec<_>>()), json!(ids_given));
    }
    equal("signatures", signatures.into(), expected["thought_signatures"].clone());
    equal("own parts", kinds.into(), expected["part_kinds"].clone());
    equal("input", usage.input_tokens.into(), input.into());
    equal("output", usage.output_tokens.into(), output.into());
    equal("cached", usage.cache_read_tokens.into(), wanted["cached_content_token_count"].clone());
    equal("reasoning", usage.reasoning_tokens.into(), wanted["thoughts_token_count"].clone());
    equal("usage source", format!("{:?}", usage.source).into(), format!("{source:?}").into());
    equal("stop reason", json!(response.stop_reason), json!(stop_reason(expected, told().count() > 0)));
    equal("model", response.model.clone().into(), expected["model_version"].clone());
    differences
}

fn is_signed(part: &Part) -> bool {
    let extra = match part {
        Part::Text(text) => &text.extra,
        Part::Reasoning(reasoning) => &reasoning.extra,
        Part::ToolCall(call) => &call.extra,
        Part::Media(media) => &media.extra,
        Part::Native(native) => return native.item.contains("\"thoughtSignature\""),
        _ => return false,
    };
    extra.of("gemini").is_some_and(|extra| extra.contains_key("thoughtSignature"))
}

/// The stop reason that the SDK's reading amounts to.
fn stop_reason(expected: &Value, calls: bool) -> StopReason {
    match (expected["finish"].as_str(), expected["block_reason"].is_null()) {
        (Some("STOP") | None, true) if calls => StopReason::ToolCalls,
        (Some("STOP") | None, true) => StopReason::EndTurn,
        (Some("MAX_TOKENS"), _) => StopReason::MaxTokens,
        (Some("SAFETY" | "MODEL_ARMOR" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII"), _)
        | (None, false) => StopReason::ContentFilter,
        (Some("MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL"), _) => StopReason::MalformedCall,
        (Some(reason), _) => StopReason::Other(reason.to_owned()),
    }
}

fn compare_error(error: &Error, expected: &Value) -> Vec<String> {
    let Some(provider) = error.provider() else { return vec![format!("an error of no provider: {error}")] };
    let mut differences = Vec::new();
    if let Some(status) = expected["code"].as_u64()
        && provider.status.map(u64::from) != Some(status)
    {
        differences.push(format!("status {:?}, where the SDK read {status}", provider.status));
    }
    // The SDK's words are the status, the code and the body as Python writes it.
    let words = expected["message"].as_str().unwrap_or_default();
    let code = words.split_whitespace().nth(1).unwrap_or_default().trim_end_matches('.');
    if provider.code.as_deref() != Some(code) {
        differences.push(format!("code {:?}, where the SDK read {code}", provider.code));
    }
    differences
}

/// Where names of fields may be in snake case: everywhere but in what users and models wrote.
pub(crate) fn camel(value: &mut Value) {
    const AS_WRITTEN: &[&str] =
        &["args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"];
    match value {
        Value::Array(values) => values.iter_mut().for_each(camel),
        Value::Object(fields) => {
            let renamed = std::mem::take(fields).into_iter().map(|(name, mut value)| {
                let name = camel_name(&name);
                if !AS_WRITTEN.contains(&name.as_str()) {
                    camel(&mut value);
                }
                (name, value)
            });
            *fields = renamed.collect();
        }
        _ => {}
    }
}

fn camel_name(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &first.into_iter().chain(letters).collect::<String>()
    })
}

//! OpenAI's Chat Completions API, of OpenAI and of the servers that speak it.

use runlet::message::UsageSource;
use runlet::model::{AnyModel, ModelRequest, ModelResponse, StopReason};
use runlet::provider::{Compatibility, OpenAiChat, RetryPolicy};
use runlet::{Error, Result};
use serde_json::{Map, Value, json};

use crate::api::{Answer, Api};
use crate::set::Exchange;

pub(crate) struct OpenAiChatApi;

/// What a server shows of the reasoning, and may want to see again.
const REASONING: [&str; 3] = ["reasoning_content", "reasoning", "reasoning_details"];

impl Api for OpenAiChatApi {
    fn name(&self) -> &'static str {
        "openai-chat"
    }

    fn model(&self, exchange: &Exchange, base_url: &str) -> AnyModel {
        let name = exchange.recorded.request.body.get("model").and_then(Value::as_str).unwrap_or("recorded");
        let model = OpenAiChat::new(name).api_key("sk-test").base_url(base_url).retry(RetryPolicy::never());
        // A file that stands at an address has no size here, and is counted as a very large one.
        let model = model.context_window(1 << 30);
        AnyModel::new(model.compatibility(compatibility(&exchange.recorded.provider)))
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
        OpenAiChat::request_from_wire(body)
    }

    fn is_stream(&self, exchange: &Exchange) -> bool {
        let body = exchange.recorded.response.body.as_deref().unwrap_or_default();
        ["event:", "data:", ":"].iter().any(|field| body.trim_start().starts_with(field))
    }

    fn answers<'a>(&self, stream: &'a str) -> Vec<&'a str> {
        let end = "data: [DONE]";
        let mut answers: Vec<&str> = stream.split_inclusive(end).collect();
        if answers.last().is_some_and(|rest| rest.trim().is_empty()) {
            answers.pop();
        }
        // What comes after the last answer belongs to it.
        if let Some(last) = answers.pop() {
            let begin = last.as_ptr() as usize - stream.as_ptr() as usize;
            answers.push(&stream[begin..]);
        }
        answers
    }

    fn whole_of_stream(&self, stream: &str) -> Option<String> {
        let chunks = chunks(stream);
        if chunks.iter().any(|chunk| !chunk["error"].is_null()) || !stream.contains("data: [DONE]") {
            return None;
        }
        let mut whole = chunks.first()?.clone();
        for name in ["id", "model"] {
            // A first event about the prompt alone may have them empty.
            if let Some(chunk) = chunks.iter().find(|chunk| chunk[name].as_str().is_some_and(|text| !text.is_empty())) {
                whole[name] = chunk[name].clone();
            }
        }
        let (mut message, mut logprobs) = (Map::new(), Map::new());
        let mut finish = Value::Null;
        for chunk in &chunks {
            if !chunk["usage"].is_null() {
                whole["usage"] = chunk["usage"].clone();
            }
            let choices = chunk["choices"].as_array().into_iter().flatten();
            for choice in choices.filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0) {
                join(&mut message, &choice["delta"]);
                join(&mut logprobs, &choice["logprobs"]);
                if choice["finish_reason"].is_string() {
                    finish = choice["finish_reason"].clone();
                }
            }
        }
        whole["choices"] = json!([{ "index": 0, "message": message, "finish_reason": finish, "logprobs": logprobs }]);
        Some(whole.to_string())
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
        let mut messages = body["messages"].as_array().cloned().unwrap_or_default();
        for message in messages.iter_mut().filter_map(Value::as_object_mut) {
            // Whether reasoning goes back is each server's own rule, and tested beside the adapter.
            message.retain(|name, _| !REASONING.contains(&name.as_str()));
        }
        messages
    }

    fn body_of(&self, items: Vec<Value>) -> Value {
        json!({ "messages": items })
    }

    fn is_models(&self, item: &Value) -> bool {
        item["role"] == "assistant"
    }

    fn output(&self, response: &str) -> Vec<Value> {
        let whole = self.whole_of_stream(response).unwrap_or_else(|| response.to_owned());
        let whole: Value = serde_json::from_str(&whole).unwrap_or_default();
        let choices = whole["choices"].as_array().into_iter().flatten();
        let message = choices
            .filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0)
            .find_map(|choice| choice.get("message"));
        message.filter(|message| message.is_object()).map(sent_back).into_iter().collect()
    }

    fn is_rewritten(&self, recorded: &Value, sent: &Value) -> bool {
        let same = |names: &[&str]| names.iter().all(|name| recorded[*name] == sent[*name]);
        match recorded["role"].as_str() {
            Some("assistant") => {
                same(&["role"]) && text_of(recorded) == text_of(sent) && functions(recorded) == functions(sent)
            }
            // Clients that renumber calls renumber the results alike; to which call a result belongs, its place tells.
            Some("tool") => same(&["role", "content"]),
            _ => false,
        }
    }

    fn is_empty(&self, item: &Value) -> bool {
        item["role"] == "assistant" && text_of(item).is_empty() && functions(item).is_empty()
    }

    fn no_turn(&self, _: &Value) -> Option<&'static str> {
        None
    }
}

/// What kind of server a host is, or a name that sources have for it.
fn compatibility(provider: &str) -> Compatibility {
    match provider {
        "openai" => Compatibility::openai(),
        "llamacpp" => Compatibility::llama_cpp(),
        "groq" => Compatibility::groq(),
        "mistral" => Compatibility::mistral(),
        "deepseek" => Compatibility::deepseek(),
        "openrouter" => Compatibility::openrouter(),
        "xai" => Compatibility::xai(),
        "ollama" => Compatibility::ollama(),
        "vllm" => Compatibility::vllm(),
        host if host.starts_with("localhost") => Compatibility::of_url(&format!("http://{host}")),
        host => Compatibility::of_url(&format!("https://{host}")),
    }
}

/// The data of a stream's events.
fn chunks(stream: &str) -> Vec<Value> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data:"));
    data.filter_map(|data| serde_json::from_str(data).ok()).collect()
}

/// Adds a delta to a message as the server's documentation says: texts grow, calls by their index, lists get longer.
fn join(message: &mut Map<String, Value>, delta: &Value) {
    for (name, value) in delta.as_object().into_iter().flatten() {
        match (name.as_str(), message.get_mut(name), value) {
            (_, _, Value::Null) => {}
            ("tool_calls", known, Value::Array(deltas)) => {
                let mut calls = known.map(Value::take).and_then(|calls| calls.as_array().cloned()).unwrap_or_default();
                for delta in deltas {
                    join_call(&mut calls, delta);
                }
                message.insert(name.clone(), calls.into());
            }
            ("content", Some(Value::String(known)), Value::Array(parts)) if known.is_empty() => {
                message.insert(name.clone(), parts.clone().into());
            }
            ("content", Some(Value::Array(known)), Value::String(text)) => {
                if !text.is_empty() {
                    known.push(json!({ "type": "text", "text": text }));
                }
            }
            (
                "content" | "refusal" | "reasoning" | "reasoning_content",
                Some(Value::String(known)),
                Value::String(text),
            ) => {
                known.push_str(text);
            }
            (_, Some(Value::Array(known)), Value::Array(more)) => known.extend(more.iter().cloned()),
            _ => {
                message.insert(name.clone(), value.clone());
            }
        }
    }
}

fn join_call(calls: &mut Vec<Value>, delta: &Value) {
    let place = calls.iter().position(|call| !delta["index"].is_null() && call["index"] == delta["index"]);
    let Some(place) = place else { return calls.push(delta.clone()) };
    for name in ["name", "arguments"] {
        if let Some(more) = delta["function"][name].as_str() {
            let known = calls[place]["function"][name].as_str().unwrap_or_default();
            calls[place]["function"][name] = format!("{known}{more}").into();
        }
    }
}

/// The message as it goes back: what the API has fields for.
fn sent_back(message: &Value) -> Value {
    let mut item = json!({ "role": "assistant", "content": message["content"] });
    if let Some(refusal) = message["refusal"].as_str().filter(|refusal| !refusal.is_empty()) {
        item["refusal"] = refusal.into();
    }
    let calls = message["tool_calls"].as_array().into_iter().flatten().map(|call| {
        let mut call = call.clone();
        if let Some(fields) = call.as_object_mut() {
            fields.remove("index");
            fields.insert("type".to_owned(), "function".into());
        }
        call
    });
    let calls: Vec<Value> = calls.collect();
    if !calls.is_empty() {
        item["tool_calls"] = calls.into();
    }
    item
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

fn functions(message: &Value) -> Vec<(Value, Value)> {
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    calls.map(|call| (call["function"]["name"].clone(), call["function"]["arguments"].clone())).collect()
}

fn compare_response(response: &ModelResponse, expected: &Value) -> Vec<String> {
    let message = &response.message;
    let choice = &expected["choices"][0];
    let calls: Vec<Value> = message
        .tool_calls()
        .map(|call| json!({ "id": call.id, "name": call.name, "arguments_raw": call.arguments }))
        .collect();
    let expected_calls: Vec<Value> = choice["tool_calls"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|call| {
            json!({
                "id": call["id"],
                "name": call["name"],
                "arguments_raw": call["arguments_raw"].as_str().unwrap_or_default(),
            })
        })
        .collect();
    let usage = &response.usage;
    let figures = json!({
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cache_read_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    });
    let wanted = &expected["usage"];
    let details = &wanted["completion_tokens_details"];
    let cached = [&wanted["prompt_tokens_details"]["cached_tokens"], &wanted["prompt_cache_hit_tokens"]];
    let expected_figures = json!({
        "input_tokens": wanted["prompt_tokens"],
        "cached_tokens": cached.into_iter().find(|figure| !figure.is_null()),
        "output_tokens": output_tokens(wanted),
        "reasoning_tokens": details["reasoning_tokens"],
    });
    let source = if wanted.is_null() { UsageSource::Unknown } else { UsageSource::Reported };

    let mut differences = Vec::new();
    let mut equal = |what: &str, ours: Value, theirs: Value| {
        if ours != theirs {
            differences.push(format!("{what}: {ours}, where the SDK read {theirs}"));
        }
    };
    let text = match &choice["text"] {
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        text => text.as_str().unwrap_or_default().to_owned(),
    };
    equal("text", message.text().into(), text.into());
    equal(
        "refusal",
        message.refusal().unwrap_or_default().into(),
        choice["refusal"].as_str().unwrap_or_default().into(),
    );
    // The SDK knows nothing of `reasoning_details` and of thinking as content.
    if let Some(reasoning) = choice["reasoning"].as_str() {
        equal("reasoning", message.reasoning().into(), reasoning.into());
    }
    equal("tool calls", calls.into(), expected_calls.into());
    equal("usage", figures, expected_figures);
    equal("usage source", format!("{:?}", usage.source).into(), format!("{source:?}").into());
    equal("stop reason", json!(response.stop_reason), json!(stop_reason(choice)));
    // An empty name is none.
    equal("id", response.id.clone().unwrap_or_default().into(), expected["id"].clone());
    equal("model", response.model.clone().unwrap_or_default().into(), expected["model"].clone());
    differences
}

/// All tokens of the answer. One server counts those of reasoning beside the others, as its total tells.
fn output_tokens(usage: &Value) -> Value {
    let figure = |value: &Value| value.as_u64().unwrap_or(0);
    let (output, reasoning) =
        (figure(&usage["completion_tokens"]), figure(&usage["completion_tokens_details"]["reasoning_tokens"]));
    let beside = figure(&usage["prompt_tokens"]) + output + reasoning == figure(&usage["total_tokens"]);
    if beside && reasoning > 0 { (output + reasoning).into() } else { usage["completion_tokens"].clone() }
}

/// The stop reason that the SDK's reading amounts to.
fn stop_reason(choice: &Value) -> StopReason {
    let calls = choice["tool_calls"].as_array().is_some_and(|calls| !calls.is_empty());
    let refused = choice["refusal"].as_str().is_some_and(|refusal| !refusal.is_empty());
    match choice["finish"].as_str() {
        Some("length") => StopReason::MaxTokens,
        Some("content_filter") => StopReason::ContentFilter,
        None | Some("" | "stop" | "tool_calls" | "function_call") if calls => StopReason::ToolCalls,
        None | Some("" | "stop") if refused => StopReason::Refusal,
        None | Some("" | "stop") => StopReason::EndTurn,
        Some(finish) => StopReason::Other(finish.to_owned()),
    }
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

//! From an answer to a [`ModelResponse`]: whole bodies, and the terminal events of streams.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::PROVIDER;
use super::content::{self, Begins, native_item};
use crate::error::ProviderErrorCategory as Category;
use crate::message::{Extra, Message, Part, Reasoning, Role, ToolCall, Usage, UsageSource};
use crate::model::{ModelResponse, StopReason};
use crate::provider::http::ErrorObject;
use crate::provider::json::Words;
use crate::provider::openai::{take_text, unreadable};
use crate::provider::{Failure, fail};

/// Reads a whole answer.
pub(super) fn response(json: &str) -> Result<ModelResponse, Failure> {
    let answer = Answer::read(json)?;
    let items = answer.items()?;
    Ok(answer.finish(items.into_iter().flatten().collect()))
}

/// A response object, its items not yet read.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(default)]
    id: Value,
    #[serde(default)]
    model: Value,
    #[serde(default)]
    status: Value,
    #[serde(default)]
    error: Value,
    /// Beside an error that is only a text.
    #[serde(default)]
    code: Value,
    #[serde(default)]
    incomplete_details: Value,
    #[serde(default)]
    usage: Value,
}

impl<'a> Answer<'a> {
    pub(super) fn read(json: &'a str) -> Result<Self, Failure> {
        let answer: Self = serde_json::from_str(json).map_err(|error| malformed("the answer", &error))?;
        if answer.status == "failed" || (answer.output.is_none() && !answer.error.is_null()) {
            return Err(answer.failure());
        }
        Ok(answer)
    }

    /// The error of an answer that says it failed.
    pub(super) fn failure(&self) -> Failure {
        let object = match &self.error {
            Value::String(message) => ErrorObject::of(&json!({ "message": message, "code": self.code })),
            error => ErrorObject::of(error),
        };
        object.into_error(PROVIDER, None)
    }

    pub(super) fn has_output(&self) -> bool {
        self.output.is_some_and(|output| output.get() != "null")
    }

    /// The parts of each item of the output.
    pub(super) fn items(&self) -> Result<Vec<Vec<Part>>, Failure> {
        let output = self.output.map_or("null", RawValue::get);
        let items: Vec<&RawValue> = serde_json::from_str(output).map_err(|_| protocol("the answer has no output"))?;
        items.into_iter().map(|item| self::item(item.get())).collect()
    }

    /// The response that says `parts`.
    pub(super) fn finish(&self, parts: Vec<Part>) -> ModelResponse {
        let stop_reason = self.stop_reason(&parts);
        let mut response = ModelResponse::new(Message::new(Role::Assistant, parts), stop_reason);
        response.usage = usage(&self.usage);
        response.model = self.model.as_str().map(str::to_owned);
        response.id = self.id.as_str().map(str::to_owned);
        response
    }

    fn stop_reason(&self, parts: &[Part]) -> StopReason {
        match self.status.as_str() {
            Some("incomplete") => match self.incomplete_details.get("reason").and_then(Value::as_str) {
                Some("max_output_tokens" | "max_tokens") => StopReason::MaxTokens,
                Some("content_filter") => StopReason::ContentFilter,
                reason => StopReason::Other(reason.unwrap_or("incomplete").to_owned()),
            },
            // Some servers say `complete`, some nothing.
            Some("completed" | "complete") | None => {
                if parts.iter().any(|part| matches!(part, Part::ToolCall(_))) {
                    StopReason::ToolCalls
                } else if parts.iter().any(|part| matches!(part, Part::Refusal(_))) {
                    StopReason::Refusal
                } else {
                    StopReason::EndTurn
                }
            }
            // An answer made in the background is asked for by its id.
            Some(status) => StopReason::Other(status.to_owned()),
        }
    }
}

/// Reads one item of an output. Items that have no word of their own in Runlet are kept as they came.
pub(super) fn item(json: &str) -> Result<Vec<Part>, Failure> {
    let kind: Value = match serde_json::from_str(json) {
        Ok(Kind { kind }) => kind,
        Err(error) if error.is_data() => Value::Null,
        Err(error) => return Err(malformed("an item", &error)),
    };
    let kind = kind.as_str().unwrap_or_default();
    if !matches!(kind, "message" | "function_call" | "reasoning") {
        return Ok(vec![native_item(kind, json)]);
    }
    let fields = serde_json::from_str(json).map_err(|error| malformed("an item", &error))?;
    let parts = match kind {
        "message" => message(fields, Begins::NewItem),
        "function_call" => function_call(fields).map(|part| vec![part]),
        _ => Some(vec![reasoning(fields)]),
    };
    Ok(parts.unwrap_or_else(|| vec![native_item(kind, json)]))
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type", default)]
    kind: Value,
}

/// Reads an assistant's message. `None` where it holds what parts cannot say.
pub(super) fn message(mut fields: Map<String, Value>, begins: Begins) -> Option<Vec<Part>> {
    if fields.remove("role").is_some_and(|role| role != "assistant") {
        return None;
    }
    fields.remove("type");
    let content = fields.remove("content")?;
    content::parts(Role::Assistant, content, fields, begins)
}

fn function_call(mut fields: Map<String, Value>) -> Option<Part> {
    fields.remove("type");
    let name = take_text(&mut fields, "name")?;
    let arguments = take_text(&mut fields, "arguments")?;
    // Without an id the result could not be matched; the item's own is the next best.
    let id = take_text(&mut fields, "call_id").or_else(|| fields.get("id")?.as_str().map(str::to_owned))?;
    Some(Part::tool_call(ToolCall { id, name, arguments, extra: Extra::new(PROVIDER, fields) }))
}

/// Reads a reasoning item. All its fields are kept, as it goes back unchanged or not at all.
fn reasoning(mut fields: Map<String, Value>) -> Part {
    fields.remove("type");
    let texts = ["summary", "content"].into_iter().filter_map(|list| fields.get(list)?.as_array()).flatten();
    let texts = texts.filter_map(|part| part.get("text")?.as_str()).filter(|text| !text.is_empty());
    let text = texts.collect::<Vec<_>>().join(REASONING_BREAK);
    Part::Reasoning(Reasoning { text, extra: Extra::new(PROVIDER, fields) })
}

/// What stands between two parts of readable reasoning.
pub(super) const REASONING_BREAK: &str = "\n\n";

fn usage(usage: &Value) -> Usage {
    let figure = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
    let (input_tokens, output_tokens) = (figure("/input_tokens"), figure("/output_tokens"));
    Usage {
        input_tokens,
        output_tokens,
        cache_read_tokens: figure("/input_tokens_details/cached_tokens"),
        cache_write_tokens: figure("/input_tokens_details/cache_write_tokens"),
        reasoning_tokens: figure("/output_tokens_details/reasoning_tokens"),
        source: UsageSource::of(input_tokens, output_tokens),
    }
}

/// The JSON text of a string, read. Malformed text is the server's fault, and an answer with a hole is none.
pub(super) fn text(json: &str) -> Result<Cow<'_, str>, Failure> {
    let Words(text) = serde_json::from_str(json).map_err(|error| malformed("an event", &error))?;
    Ok(text)
}

pub(super) fn protocol(words: &str) -> Failure {
    fail(PROVIDER, Category::Protocol, words)
}

/// The error of JSON that cannot be read. It tells the place, not what stands there.
pub(super) fn malformed(what: &str, error: &serde_json::Error) -> Failure {
    protocol(&unreadable(what, error))
}

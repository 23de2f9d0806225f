//! From an answer to a [`ModelResponse`]: whole bodies, and what they have in common with streams.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{PROVIDER, content};
use crate::error::ProviderErrorCategory as Category;
use crate::message::{Extra, Message, Part, Refusal, Role, Usage, UsageSource};
use crate::model::{ModelResponse, StopReason};
use crate::provider::http::ErrorObject;
use crate::provider::{Failure, fail};

/// Reads a whole answer.
pub(super) fn response(json: &str) -> Result<ModelResponse, Failure> {
    let Answer { content, mut head, error } =
        serde_json::from_str(json).map_err(|error| malformed("the answer", &error))?;
    let Some(content) = content else {
        return Err(match error {
            Value::Null => protocol("the answer has no content"),
            error => failure(&error),
        });
    };
    let mut parts = parts(content)?;
    let words = head.refusal();
    parts.extend(words);
    Ok(head.finish(parts))
}

/// Reads how many tokens a request takes.
pub(super) fn token_count(json: &str) -> Result<u64, Failure> {
    #[derive(Deserialize)]
    struct Count {
        input_tokens: Option<u64>,
        #[serde(default)]
        error: Value,
    }

    let count: Count = serde_json::from_str(json).map_err(|error| malformed("the answer", &error))?;
    match (count.input_tokens, count.error) {
        (Some(tokens), _) => Ok(tokens),
        (None, Value::Null) => Err(protocol("the answer has no number of tokens")),
        (None, error) => Err(failure(&error)),
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(flatten)]
    head: Head,
    #[serde(default)]
    error: Value,
}

/// What an answer says beside its content.
#[derive(Clone, Default, Deserialize)]
pub(super) struct Head {
    #[serde(default)]
    pub(super) id: Value,
    #[serde(default)]
    pub(super) model: Value,
    #[serde(default)]
    pub(super) stop_reason: Value,
    #[serde(default)]
    pub(super) stop_sequence: Value,
    #[serde(default)]
    pub(super) stop_details: Value,
    #[serde(default)]
    pub(super) container: Value,
    /// What the provider took out of the conversation before the model read it.
    #[serde(default)]
    pub(super) context_management: Value,
    #[serde(default)]
    pub(super) usage: Value,
}

impl Head {
    /// Why the model refused, where the provider says so.
    pub(super) fn refusal(&mut self) -> Option<Part> {
        let words = self.stop_details.get("explanation").and_then(Value::as_str).filter(|words| !words.is_empty());
        let text = words.filter(|_| self.stop_reason == "refusal")?.to_owned();
        let details = Map::from_iter([("stop_details".to_owned(), self.stop_details.take())]);
        Some(Part::Refusal(Refusal { text, extra: Extra::new(PROVIDER, details) }))
    }

    /// The response that says `parts`.
    pub(super) fn finish(self, parts: Vec<Part>) -> ModelResponse {
        let stop_reason = match self.stop_reason.as_str() {
            Some(reason) => stop_reason(reason),
            None if parts.iter().any(|part| matches!(part, Part::ToolCall(_))) => StopReason::ToolCalls,
            None => StopReason::EndTurn,
        };
        let mut message = Message::new(Role::Assistant, parts);
        let kept = [
            ("container", self.container),
            ("context_management", self.context_management),
            ("stop_sequence", self.stop_sequence),
            // Those of a refusal in words stand with the words.
            ("stop_details", self.stop_details),
        ];
        let kept = kept.into_iter().filter(|(_, value)| !value.is_null());
        message.extra = Extra::new(PROVIDER, kept.map(|(name, value)| (name.to_owned(), value)).collect());
        let mut response = ModelResponse::new(message, stop_reason);
        response.usage = usage(&self.usage);
        response.model = self.model.as_str().map(str::to_owned);
        response.id = self.id.as_str().map(str::to_owned);
        response
    }
}

fn stop_reason(reason: &str) -> StopReason {
    match reason {
        "end_turn" => StopReason::EndTurn,
        "tool_use" => StopReason::ToolCalls,
        // The window is full: there was no more room either.
        "max_tokens" | "model_context_window_exceeded" => StopReason::MaxTokens,
        "stop_sequence" => StopReason::StopSequence,
        "pause_turn" => StopReason::Pause,
        "refusal" => StopReason::Refusal,
        other => StopReason::Other(other.to_owned()),
    }
}

/// Reads the blocks of a content list.
pub(super) fn parts(content: &RawValue) -> Result<Vec<Part>, Failure> {
    // Some servers write `null` for no content.
    let blocks: Option<Vec<&RawValue>> =
        serde_json::from_str(content.get()).map_err(|error| malformed("the content", &error))?;
    let part = |block: &RawValue| content::part(block.get()).map_err(|error| malformed("a content block", &error));
    blocks.unwrap_or_default().into_iter().map(part).collect()
}

/// Reads the usage. The API tells apart what was read from the cache, what was written to it and the rest; together they
/// are the input.
fn usage(usage: &Value) -> Usage {
    let figure = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
    let cache_read_tokens = figure("/cache_read_input_tokens");
    let cache_write_tokens = figure("/cache_creation_input_tokens");
    let cached = cache_read_tokens.unwrap_or(0).saturating_add(cache_write_tokens.unwrap_or(0));
    let (input_tokens, output_tokens) =
        (figure("/input_tokens").map(|tokens| tokens.saturating_add(cached)), figure("/output_tokens"));
    Usage {
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens,
        reasoning_tokens: figure("/output_tokens_details/thinking_tokens"),
        source: UsageSource::of(input_tokens, output_tokens),
    }
}

/// The error of an answer or an event that says it failed.
pub(super) fn failure(error: &Value) -> Failure {
    ErrorObject::of(error).into_error(PROVIDER, None)
}

pub(super) fn protocol(words: &str) -> Failure {
    fail(PROVIDER, Category::Protocol, words)
}

/// The error of JSON that cannot be read. It tells the place, not what stands there.
pub(super) fn malformed(what: &str, error: &serde_json::Error) -> Failure {
    let problem = match error.classify() {
        serde_json::error::Category::Data => "is not of the expected form",
        _ => "is not JSON",
    };
    protocol(&format!("{what} {problem} (line {}, column {})", error.line(), error.column()))
}

//! From an answer to a [`ModelResponse`]: whole bodies, and what they share with the events of streams.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::PROVIDER;
use super::answer::{Answer, Piece, Said, Words};
use super::compat::Row;
use crate::error::ProviderErrorCategory as Category;
use crate::message::{Usage, UsageSource};
use crate::model::{ModelEvent, ModelResponse, StopReason};
use crate::provider::http::ErrorObject;
use crate::provider::openai::unreadable;
use crate::provider::{Failure, fail};

/// A whole answer, or an event of one.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(default)]
    pub(super) index: Option<u64>,
    #[serde(borrow, default)]
    pub(super) delta: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) message: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Words<'a>>,
    #[serde(borrow, default)]
    pub(super) logprobs: Option<&'a RawValue>,
    /// Why the server behind a gateway failed.
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// What is told of an answer beside the message.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    /// Why the model stopped, in the server's word.
    pub(super) finish: Option<String>,
    pub(super) usage: Usage,
}

impl<'a> Chunk<'a> {
    pub(super) fn read(json: &'a str, what: &str) -> Result<Self, Failure> {
        let chunk: Self = serde_json::from_str(json).map_err(|error| protocol(&unreadable(what, &error)))?;
        // Some servers say `"error": null` where there is none.
        match chunk.error.filter(|error| error.get() != "null") {
            Some(_) => Err(error(json)),
            None => Ok(chunk),
        }
    }

    /// Names the kind of an event that says nothing this adapter reads.
    pub(super) fn unknown(&self) -> Option<&'a str> {
        let says_something = self.usage.is_some() || self.choices.as_ref().is_some_and(|choices| !choices.is_empty());
        (!says_something).then(|| self.object.map_or("without a kind", |object| object.get().trim_matches('"')))
    }

    /// The first choice, which is the answer.
    pub(super) fn first(&mut self) -> Option<Choice<'a>> {
        let choices = self.choices.take().unwrap_or_default();
        choices.into_iter().find(|choice| choice.index.is_none_or(|index| index == 0))
    }
}

impl About {
    /// Notes what a chunk tells. Later ones have the last word, but cannot take back what was told.
    pub(super) fn note(&mut self, chunk: &Chunk<'_>) {
        for (known, told) in [(&mut self.id, chunk.id), (&mut self.model, chunk.model)] {
            // A first event about the prompt alone may have them empty.
            if known.is_none() {
                let told: Option<String> = told.and_then(|told| serde_json::from_str(told.get()).ok());
                *known = told.filter(|told| !told.is_empty());
            }
        }
        if let Some(told) = chunk.usage.filter(|usage| usage.get() != "null") {
            let told = usage(&serde_json::from_str(told.get()).unwrap_or_default());
            if told.source != UsageSource::Unknown {
                self.usage = told;
            }
        }
    }

    /// Notes why the model stopped. Fails where the server says that it failed.
    pub(super) fn stopped(&mut self, choice: &Choice<'_>) -> Result<(), Failure> {
        if let Some(error) = choice.error.map(RawValue::get).filter(|error| error.starts_with('{')) {
            return Err(self::error(error));
        }
        match choice.finish_reason.as_ref().map(|Words(finish)| &**finish) {
            None | Some("") => Ok(()),
            Some("error") => Err(fail(PROVIDER, Category::Server, "the server broke off the answer with an error")),
            Some(finish) => {
                self.finish = Some(finish.to_owned());
                Ok(())
            }
        }
    }

    /// The response that says what `answer` came to.
    pub(super) fn finish(self, answer: Answer, row: &Row, out: &mut VecDeque<ModelEvent>) -> ModelResponse {
        let stop_reason = stop_reason(self.finish.as_deref(), &answer);
        let mut response = ModelResponse::new(answer.finish(row, out), stop_reason);
        response.usage = self.usage;
        response.model = self.model;
        response.id = self.id;
        response
    }
}

/// Reads a whole answer.
pub(super) fn response(json: &str, row: &Row) -> Result<ModelResponse, Failure> {
    let mut chunk = Chunk::read(json, "the answer")?;
    let mut about = About::default();
    about.note(&chunk);
    let choice = chunk.first().ok_or_else(|| protocol("the answer has no choices"))?;
    about.stopped(&choice)?;
    let message = choice.message.ok_or_else(|| protocol("the answer has no message"))?;
    let mut answer = Answer::default();
    let mut events = VecDeque::new();
    answer.add(&message, Piece::Whole, &mut events)?;
    answer.weigh(choice.logprobs);
    Ok(about.finish(answer, row, &mut events))
}

/// The reason in Runlet's words. What the model did counts for more than the word `stop`: a server that was told which
/// tool to call, and many in general, say `stop` after a call.
fn stop_reason(finish: Option<&str>, answer: &Answer) -> StopReason {
    let by_content = || {
        if answer.has_calls() {
            StopReason::ToolCalls
        } else if answer.is_refusal() {
            StopReason::Refusal
        } else {
            StopReason::EndTurn
        }
    };
    let Some(finish) = finish else { return by_content() };
    match finish.to_ascii_lowercase().as_str() {
        "stop" | "eos" | "eos_token" | "end_turn" | "complete" | "completed" | "tool_calls" | "tool_call"
        | "tool_use" | "function_call" => by_content(),
        "length" | "max_tokens" | "max_output_tokens" | "max_length" | "model_length" => StopReason::MaxTokens,
        "content_filter" | "safety" => StopReason::ContentFilter,
        "refusal" => StopReason::Refusal,
        "stop_sequence" => StopReason::StopSequence,
        _ => StopReason::Other(finish.to_owned()),
    }
}

fn usage(usage: &Value) -> Usage {
    let figure = |name: &str| usage.get(name).and_then(Value::as_u64);
    let detail = |of: &str, name: &str| usage.get(of)?.get(name)?.as_u64();
    let (input, output) = (figure("prompt_tokens"), figure("completion_tokens"));
    let reasoning = detail("completion_tokens_details", "reasoning_tokens");
    let mut read = Usage {
        input_tokens: input,
        output_tokens: output,
        cache_read_tokens: detail("prompt_tokens_details", "cached_tokens")
            .or_else(|| figure("prompt_cache_hit_tokens")),
        cache_write_tokens: detail("prompt_tokens_details", "cache_write_tokens"),
        reasoning_tokens: reasoning,
        source: UsageSource::Unknown,
    };
    // xAI counts reasoning beside the output; the total tells.
    if let (Some(input), Some(output), Some(reasoning), Some(total)) =
        (input, output, reasoning, figure("total_tokens"))
        && reasoning > 0
        && total.checked_sub(input) == output.checked_add(reasoning)
    {
        read.output_tokens = Some(output.saturating_add(reasoning));
    }
    read.source = match (read.input_tokens, read.output_tokens) {
        (Some(_), Some(_)) => UsageSource::Reported,
        (None, None) => UsageSource::Unknown,
        _ => UsageSource::Partial,
    };
    read
}

/// The error in a body that says it failed: `{"error": {..}}`, or `{"error": ".."}` with a code beside it.
pub(super) fn error(json: &str) -> Failure {
    let body: Value = serde_json::from_str(json).unwrap_or_default();
    let object = body.get("error").filter(|error| error.is_object()).unwrap_or(&body);
    // Gateways say what status the failure would have had.
    let status = ["status_code", "status", "code"].iter().find_map(|name| object.get(name)?.as_u64());
    let status = status.and_then(|status| u16::try_from(status).ok()).filter(|status| (400..600).contains(status));
    let read = ErrorObject::in_body(json.as_bytes()).unwrap_or_else(|| ErrorObject::of(object));
    read.into_error(PROVIDER, status)
}

/// The JSON text of a string, read; nothing for `null`. Malformed text is the server's fault, and an answer with a hole
/// is none.
pub(super) fn text(json: &str) -> Result<Cow<'_, str>, Failure> {
    let text: Option<Words<'_>> =
        serde_json::from_str(json).map_err(|error| protocol(&unreadable("the answer", &error)))?;
    Ok(text.unwrap_or_default().0)
}

pub(super) fn protocol(words: &str) -> Failure {
    fail(PROVIDER, Category::Protocol, words)
}

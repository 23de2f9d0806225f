//! From an answer to a [`ModelResponse`]: whole bodies, and what they share with the events of streams.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::PROVIDER;
use super::answer::{Answer, Piece, Said, Shown};
use super::compat::Row;
use crate::error::ProviderErrorCategory as Category;
use crate::message::{Usage, UsageSource};
use crate::model::{ModelResponse, StopReason};
use crate::provider::figures::figures;
use crate::provider::http::ErrorObject;
use crate::provider::json::Words;
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
    pub(super) choices: First<'a>,
    #[serde(default, deserialize_with = "usage")]
    pub(super) usage: Option<Usage>,
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

/// The first of several choices, which is the answer. The others are passed over.
#[derive(Debug, Default)]
pub(super) struct First<'a> {
    choice: Option<Choice<'a>>,
    /// Whether there is any.
    any: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for First<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<'a>(PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for List<'a> {
            type Value = First<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of choices")
            }

            fn visit_unit<E>(self) -> Result<First<'a>, E> {
                Ok(First::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut choices: A) -> Result<First<'a>, A::Error> {
                let mut first = First { choice: None, any: false };
                while let Some(choice) = choices.next_element::<Choice<'a>>()? {
                    first.any = true;
                    if first.choice.is_none() && choice.index.is_none_or(|index| index == 0) {
                        first.choice = Some(choice);
                    }
                }
                Ok(first)
            }
        }

        deserializer.deserialize_any(List(PhantomData))
    }
}

/// What is told of an answer beside the message.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    /// Why the model stopped, where the server said it.
    pub(super) finish: Option<Finish>,
    pub(super) usage: Usage,
}

/// Why the model stopped, as far as the server's word says it.
#[derive(Clone, Debug)]
pub(super) enum Finish {
    /// By itself: what it did tells the rest.
    Done,
    For(StopReason),
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
        let says_something = self.usage.is_some() || self.choices.any;
        (!says_something).then(|| self.object.map_or("without a kind", |object| object.get().trim_matches('"')))
    }

    /// The first choice, which is the answer.
    pub(super) fn first(&mut self) -> Option<Choice<'a>> {
        self.choices.choice.take()
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
        if let Some(told) = chunk.usage.filter(|told| told.source != UsageSource::Unknown) {
            self.usage = told;
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
                self.finish = Some(Finish::read(finish));
                Ok(())
            }
        }
    }

    /// The response that says what `answer` came to.
    pub(super) fn finish(self, answer: Answer, row: &Row, out: &mut Shown<'_>) -> ModelResponse {
        let stop_reason = match self.finish {
            Some(Finish::For(reason)) => reason,
            // What the model did counts for more than the word `stop`: a server that was told which tool to call, and many
            // in general, say `stop` after a call.
            Some(Finish::Done) | None if answer.has_calls() => StopReason::ToolCalls,
            Some(Finish::Done) | None if answer.is_refusal() => StopReason::Refusal,
            Some(Finish::Done) | None => StopReason::EndTurn,
        };
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
    let mut shown = Shown(None);
    answer.add(message, Piece::Whole, &mut shown)?;
    answer.weigh(choice.logprobs);
    Ok(about.finish(answer, row, &mut shown))
}

impl Finish {
    fn read(word: &str) -> Self {
        const DONE: [&str; 10] = [
            "stop",
            "eos",
            "eos_token",
            "end_turn",
            "complete",
            "completed",
            "tool_calls",
            "tool_call",
            "tool_use",
            "function_call",
        ];
        let is = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        if is(&DONE) {
            Self::Done
        } else if is(&["length", "max_tokens", "max_output_tokens", "max_length", "model_length"]) {
            Self::For(StopReason::MaxTokens)
        } else if is(&["content_filter", "safety"]) {
            Self::For(StopReason::ContentFilter)
        } else if is(&["refusal"]) {
            Self::For(StopReason::Refusal)
        } else if is(&["stop_sequence"]) {
            Self::For(StopReason::StopSequence)
        } else {
            Self::For(StopReason::Other(word.to_owned()))
        }
    }
}

/// Reads the usage; nothing where there is none.
fn usage<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Usage>, D::Error> {
    let figures = figures(
        deserializer,
        [
            ("prompt_tokens", ""),
            ("completion_tokens", ""),
            ("total_tokens", ""),
            ("prompt_tokens_details", "cached_tokens"),
            ("prompt_cache_hit_tokens", ""),
            ("prompt_tokens_details", "cache_write_tokens"),
            ("completion_tokens_details", "reasoning_tokens"),
        ],
    )?;
    let Some([input, output, total, cached, cache_hit, cache_write, reasoning]) = figures else { return Ok(None) };
    let mut read = Usage {
        input_tokens: input,
        output_tokens: output,
        cache_read_tokens: cached.or(cache_hit),
        cache_write_tokens: cache_write,
        reasoning_tokens: reasoning,
        source: UsageSource::of(input, output),
    };
    // xAI counts reasoning beside the output; the total tells.
    if let (Some(input), Some(output), Some(reasoning), Some(total)) = (input, output, reasoning, total)
        && reasoning > 0
        && total.checked_sub(input) == output.checked_add(reasoning)
    {
        read.output_tokens = Some(output.saturating_add(reasoning));
    }
    Ok(Some(read))
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

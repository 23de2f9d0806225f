//! From an answer to a [`ModelResponse`]: whole bodies, and what the chunks of streams share with them.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::PROVIDER;
use super::part::{Borrowed, WirePart, minted_id};
use crate::error::ProviderErrorCategory as Category;
use crate::message::{Extra, Message, Part, Refusal, Role, Usage, UsageSource};
use crate::model::{ModelResponse, StopReason};
use crate::provider::http::ErrorObject;
use crate::provider::json::merge;
use crate::provider::{Failure, fail};

/// Reads a whole answer.
pub(super) fn response(json: &str) -> Result<ModelResponse, Failure> {
    let mut chunk = Chunk::read(json)?;
    let mut summary = Summary::default();
    let wire = summary.take(&mut chunk)?;
    if wire.is_none() && summary.blocked.is_none() {
        return Err(protocol("the answer has no candidates"));
    }
    let mut parts = Vec::new();
    let mut calls = 0;
    for part in wire.unwrap_or_default() {
        // An empty text says nothing, and some models refuse to read one.
        if part.is_plain_text() && part.text.as_deref() == Some("") {
            continue;
        }
        let part = part.read(|| minted_id(summary.id.as_deref(), calls));
        calls += usize::from(matches!(part, Part::ToolCall(_)));
        parts.push(part);
    }
    Ok(summary.finish(parts))
}

/// Reads the answer to a request for a count.
pub(super) fn token_count(json: &str) -> Result<u64, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Count {
        total_tokens: u64,
    }

    match serde_json::from_str(json) {
        Ok(Count { total_tokens }) => Ok(total_tokens),
        Err(error) => Err(failure(json).unwrap_or_else(|| malformed("the count", &error))),
    }
}

/// An answer, or a piece of a streamed one: they have the same form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Chunk<'a> {
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow)]
    prompt_feedback: Option<&'a RawValue>,
    #[serde(borrow)]
    usage_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    model_version: Option<Borrowed<'a>>,
    #[serde(borrow)]
    response_id: Option<Borrowed<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Borrowed<'a>>,
    #[serde(borrow)]
    finish_message: Option<&'a RawValue>,
    #[serde(borrow)]
    safety_ratings: Option<&'a RawValue>,
    #[serde(borrow)]
    citation_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    grounding_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    url_context_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    avg_logprobs: Option<&'a RawValue>,
    #[serde(borrow)]
    logprobs_result: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    parts: Option<Vec<WirePart<'a>>>,
}

impl<'a> Chunk<'a> {
    pub(super) fn read(json: &'a str) -> Result<Self, Failure> {
        match serde_json::from_str::<Self>(json) {
            Ok(Self { error: Some(_), .. }) => Err(failure(json).unwrap_or_else(|| protocol("an error without words"))),
            Ok(chunk) => Ok(chunk),
            Err(error) => Err(failure(json).unwrap_or_else(|| malformed("the answer", &error))),
        }
    }
}

impl Chunk<'_> {
    /// Whether it says nothing that this adapter reads.
    pub(super) fn is_unknown(&self) -> bool {
        self.candidates.is_none() && self.prompt_feedback.is_none() && self.usage_metadata.is_none()
    }
}

/// The failure that a body tells of: `{"error": {..}}`, or a list with such an object.
fn failure(json: &str) -> Option<Failure> {
    let body: Value = serde_json::from_str(json).ok()?;
    let error = body.get(0).unwrap_or(&body).get("error").filter(|error| !error.is_null())?;
    // The object's code is the HTTP status of the failure, whatever the status of the answer was.
    let status = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let status = status.filter(|status| (400..600).contains(status));
    let object = if error.is_object() { ErrorObject::of(error) } else { ErrorObject::in_body(json.as_bytes())? };
    Some(object.into_error(PROVIDER, status))
}

/// What is known of an answer beside its parts. Of a figure that comes again, the last one counts.
#[derive(Clone, Default)]
pub(super) struct Summary {
    pub(super) id: Option<String>,
    model: Option<String>,
    finish: Option<String>,
    /// Why the prompt was not answered, where it was not.
    blocked: Option<Map<String, Value>>,
    /// What the provider keeps with the answer as a whole.
    candidate: Map<String, Value>,
    usage: Figures,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are the API's")]
struct Figures {
    prompt_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    total_token_count: Option<u64>,
}

impl Summary {
    /// Takes over what a chunk says, and gives its parts; `None` where it has no candidate.
    pub(super) fn take<'a>(&mut self, chunk: &mut Chunk<'a>) -> Result<Option<Vec<WirePart<'a>>>, Failure> {
        if self.id.is_none() {
            self.id = chunk.response_id.take().map(|id| id.0.into_owned());
        }
        if self.model.is_none() {
            self.model = chunk.model_version.take().map(|model| model.0.into_owned());
        }
        if let Some(usage) = chunk.usage_metadata {
            self.usage.update(serde_json::from_str(usage.get()).unwrap_or_default());
        }
        if let Some(feedback) = chunk.prompt_feedback
            && let Ok(Value::Object(feedback)) = serde_json::from_str(feedback.get())
            && feedback.get("blockReason").is_some_and(Value::is_string)
        {
            self.blocked = Some(feedback);
        }
        let candidates = chunk.candidates.take().unwrap_or_default();
        let Some(mut candidate) = candidates.into_iter().find(|candidate| candidate.index.unwrap_or(0) == 0) else {
            return Ok(None);
        };
        if let Some(Borrowed(reason)) = candidate.finish_reason.take() {
            self.finish = Some(reason.into_owned());
        }
        self.keep(&candidate)?;
        Ok(Some(candidate.content.and_then(|content| content.parts).unwrap_or_default()))
    }

    fn keep(&mut self, candidate: &Candidate<'_>) -> Result<(), Failure> {
        for (name, value) in [
            ("finishMessage", candidate.finish_message),
            ("safetyRatings", candidate.safety_ratings),
            ("citationMetadata", candidate.citation_metadata),
            ("groundingMetadata", candidate.grounding_metadata),
            ("urlContextMetadata", candidate.url_context_metadata),
            ("avgLogprobs", candidate.avg_logprobs),
            ("logprobsResult", candidate.logprobs_result),
        ] {
            let Some(value) = value else { continue };
            let value: Value = serde_json::from_str(value.get()).map_err(|error| malformed("the answer", &error))?;
            merge(&mut self.candidate, &Map::from_iter([(name.to_owned(), value)]));
        }
        Ok(())
    }

    /// Whether the answer has come to its end.
    pub(super) fn is_finished(&self) -> bool {
        self.finish.is_some() || self.blocked.is_some()
    }

    /// The words of the server on why it did not answer.
    pub(super) fn refusal(&self) -> Option<&str> {
        if self.finish.is_some() || !self.is_finished() {
            return None;
        }
        self.blocked.as_ref()?.get("blockReasonMessage")?.as_str().filter(|words| !words.is_empty())
    }

    /// The response that says `parts`.
    pub(super) fn finish(self, mut parts: Vec<Part>) -> ModelResponse {
        if let Some(words) = self.refusal() {
            parts.push(Part::Refusal(Refusal { text: words.to_owned(), extra: Extra::default() }));
        }
        let stop_reason = self.stop_reason(&parts);
        let mut message = Message::new(Role::Assistant, parts);
        let mut extra = Map::from_iter([("role".to_owned(), "model".into())]);
        for (name, fields) in [("candidate", self.candidate), ("promptFeedback", self.blocked.unwrap_or_default())] {
            if !fields.is_empty() {
                extra.insert(name.to_owned(), Value::Object(fields));
            }
        }
        message.extra = Extra::new(PROVIDER, extra);
        let mut response = ModelResponse::new(message, stop_reason);
        response.usage = self.usage.usage();
        response.model = self.model;
        response.id = self.id;
        response
    }

    fn stop_reason(&self, parts: &[Part]) -> StopReason {
        match self.finish.as_deref() {
            // A whole answer may leave it out: proto3 does not write the default of an enum.
            Some("STOP" | "FINISH_REASON_STOP") | None if self.blocked.is_none() => {
                if parts.iter().any(|part| matches!(part, Part::ToolCall(_))) {
                    StopReason::ToolCalls
                } else {
                    StopReason::EndTurn
                }
            }
            Some("MAX_TOKENS" | "FINISH_REASON_MAX_TOKENS" | "max_tokens" | "max_output_tokens" | "length") => {
                StopReason::MaxTokens
            }
            Some(
                "STOP"
                | "SAFETY"
                | "RECITATION"
                | "BLOCKLIST"
                | "PROHIBITED_CONTENT"
                | "SPII"
                | "MODEL_ARMOR"
                | "IMAGE_SAFETY"
                | "IMAGE_PROHIBITED_CONTENT"
                | "IMAGE_RECITATION",
            )
            | None => StopReason::ContentFilter,
            Some("MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL") => StopReason::MalformedCall,
            Some(reason) => StopReason::Other(reason.to_owned()),
        }
    }
}

impl Figures {
    fn update(&mut self, newer: Self) {
        for (own, newer) in [
            (&mut self.prompt_token_count, newer.prompt_token_count),
            (&mut self.candidates_token_count, newer.candidates_token_count),
            (&mut self.thoughts_token_count, newer.thoughts_token_count),
            (&mut self.tool_use_prompt_token_count, newer.tool_use_prompt_token_count),
            (&mut self.cached_content_token_count, newer.cached_content_token_count),
            (&mut self.total_token_count, newer.total_token_count),
        ] {
            *own = newer.or(*own);
        }
    }

    /// The API counts what its own tools read, and what the model thought, beside the prompt and the answer
    /// (<https://ai.google.dev/api/generate-content#UsageMetadata>); `promptTokenCount` includes what was cached.
    fn usage(self) -> Usage {
        let input =
            self.prompt_token_count.map(|prompt| prompt.saturating_add(self.tool_use_prompt_token_count.unwrap_or(0)));
        let rest = || self.total_token_count?.checked_sub(input?);
        let output = match self.candidates_token_count {
            Some(candidates) => Some(candidates.saturating_add(self.thoughts_token_count.unwrap_or(0))),
            // It leaves out a count of zero.
            None => rest().or(self.thoughts_token_count),
        };
        Usage {
            input_tokens: input,
            output_tokens: output,
            cache_read_tokens: self.cached_content_token_count,
            cache_write_tokens: None,
            reasoning_tokens: self.thoughts_token_count,
            source: UsageSource::of(input, output),
        }
    }
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

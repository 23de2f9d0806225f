//! The chunks of a streamed answer.
//!
//! A chunk has the form of a whole answer and holds the next parts. No chunk says that it is the last one: several may
//! have a `finishReason` (around code that the provider runs), so the answer is complete where the stream ends after one.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::PROVIDER;
use super::decode::{Chunk, Summary};
use super::part::{Fields, WirePart, minted_id};
use super::partial::PartialArguments;
use crate::message::{Extra, Part, Text, ToolCall};
use crate::model::ModelEvent;
use crate::provider::Failure;
use crate::provider::http::StreamDecoder;
use crate::provider::sse::SseEvent;

/// What stands between two parts of readable reasoning.
const REASONING_BREAK: &str = "\n\n";

/// Reads the chunks of one answer.
#[derive(Clone, Default)]
pub(super) struct GeminiStream {
    parts: Vec<Part>,
    /// Whether more of the last part would be of it: it is text or thinking, with nothing beside it.
    is_open: Open,
    /// A call whose arguments are still coming.
    call: Option<OpenCall>,
    /// How many calls have begun.
    calls: usize,
    /// Whether reasoning was shown.
    reasoned: bool,
    summary: Summary,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Nothing,
    Text,
    Thought,
}

#[derive(Clone)]
struct OpenCall {
    call: Arc<ToolCall>,
    index: usize,
    arguments: PartialArguments,
}

type Out<'a> = &'a mut VecDeque<ModelEvent>;

impl StreamDecoder for GeminiStream {
    fn event(&mut self, event: SseEvent<'_>, out: Out<'_>) -> Result<ControlFlow<()>, Failure> {
        // The API sends no such marker; servers that speak its format may.
        if event.data == "[DONE]" {
            return self.end(out);
        }
        let mut chunk = Chunk::read(event.data)?;
        if chunk.is_unknown() {
            crate::provider::unknown_event(PROVIDER, event.name);
        }
        for part in self.summary.take(&mut chunk)?.unwrap_or_default() {
            self.part(part, out)?;
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, out: Out<'_>) -> Result<ControlFlow<()>, Failure> {
        if !self.summary.is_finished() {
            return Ok(ControlFlow::Continue(()));
        }
        self.end_call(out);
        if let Some(words) = self.summary.refusal() {
            out.push_back(ModelEvent::RefusalDelta(words.to_owned()));
        }
        let response = std::mem::take(&mut self.summary).finish(std::mem::take(&mut self.parts));
        out.push_back(ModelEvent::Completed(Box::new(response)));
        Ok(ControlFlow::Break(()))
    }

    fn take_partial_text(&mut self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.text.as_str()),
            _ => None,
        });
        texts.collect()
    }
}

impl GeminiStream {
    fn part(&mut self, part: WirePart<'_>, out: Out<'_>) -> Result<(), Failure> {
        if part.is_plain_text() {
            self.plain_text(part.text.unwrap_or_default().as_ref(), out);
            return Ok(());
        }
        if part.is_plain_thought() && self.is_open == Open::Thought {
            let delta = part.text.unwrap_or_default().into_owned();
            if let Some(Part::Reasoning(reasoning)) = self.parts.last_mut() {
                reasoning.text.push_str(&delta);
            }
            out.push_back(ModelEvent::ReasoningDelta(delta));
            return Ok(());
        }
        if let Some(call) = part.fields.get("functionCall").and_then(Fields::of) {
            return self.call(part, call, out);
        }
        self.end_call(out);
        self.is_open = if part.is_plain_thought() { Open::Thought } else { Open::Nothing };
        let part = part.read(String::new);
        match &part {
            Part::Text(text) if !text.text.is_empty() => out.push_back(ModelEvent::TextDelta(text.text.clone())),
            Part::Reasoning(reasoning) if !reasoning.text.is_empty() => {
                let follows = std::mem::replace(&mut self.reasoned, true);
                let text =
                    if follows { format!("{REASONING_BREAK}{}", reasoning.text) } else { reasoning.text.clone() };
                out.push_back(ModelEvent::ReasoningDelta(text));
            }
            // What comes after it is shown as a part of its own.
            Part::Reasoning(_) => self.is_open = Open::Nothing,
            _ => {}
        }
        self.parts.push(part);
        Ok(())
    }

    fn plain_text(&mut self, delta: &str, out: Out<'_>) {
        if delta.is_empty() {
            return;
        }
        self.end_call(out);
        match self.parts.last_mut() {
            Some(Part::Text(text)) if self.is_open == Open::Text => text.text.push_str(delta),
            _ => self.parts.push(Part::Text(Text { text: delta.to_owned(), extra: Extra::default() })),
        }
        self.is_open = Open::Text;
        out.push_back(ModelEvent::TextDelta(delta.to_owned()));
    }

    /// A call, or a piece of one.
    fn call(&mut self, part: WirePart<'_>, mut call: Fields<'_>, out: Out<'_>) -> Result<(), Failure> {
        self.is_open = Open::Nothing;
        let begins = call.get("name").is_some_and(|name| !matches!(name.get(), "null" | "\"\""));
        let (goes_on, pieces) = (call.is_true("willContinue"), call.take("partialArgs"));
        if begins {
            self.end_call(out);
            let index = self.calls;
            let Part::ToolCall(mut call_part) = part.read(|| minted_id(self.summary.id.as_deref(), index)) else {
                return Ok(());
            };
            self.calls += 1;
            if !goes_on && pieces.is_none() {
                let (name, arguments) = (Some(call_part.name.clone()), call_part.arguments.clone());
                out.push_back(ModelEvent::ToolCallDelta { index, name, arguments });
                out.push_back(ModelEvent::ToolCallCompleted(call_part.clone()));
                self.parts.push(Part::ToolCall(call_part));
                return Ok(());
            }
            let name = Some(call_part.name.clone());
            out.push_back(ModelEvent::ToolCallDelta { index, name, arguments: String::new() });
            forget_pieces(Arc::make_mut(&mut call_part));
            let arguments = PartialArguments::begin(call.take("args"));
            self.call = Some(OpenCall { call: call_part, index, arguments });
        } else if self.call.is_none() {
            // The end of a call that has ended, or a call of nothing.
            return Ok(());
        }
        if let (Some(pieces), Some(open)) = (pieces, &mut self.call) {
            open.arguments.add(pieces)?;
        }
        if !goes_on {
            self.end_call(out);
        }
        Ok(())
    }

    /// The call whose arguments were coming is complete, where there is one.
    fn end_call(&mut self, out: Out<'_>) {
        let Some(OpenCall { mut call, index, arguments }) = self.call.take() else { return };
        Arc::make_mut(&mut call).arguments = arguments.json();
        out.push_back(ModelEvent::ToolCallDelta { index, name: None, arguments: call.arguments.clone() });
        out.push_back(ModelEvent::ToolCallCompleted(call.clone()));
        self.parts.push(Part::ToolCall(call));
    }
}

/// Takes out of a call's extra fields what says that it came in pieces: it is whole when it goes back.
fn forget_pieces(call: &mut ToolCall) {
    let Some(fields) = call.extra.of(PROVIDER) else { return };
    let mut fields = fields.clone();
    let is_empty = match fields.get_mut("functionCall").and_then(|call| call.as_object_mut()) {
        None => false,
        Some(inner) => {
            inner.remove("willContinue");
            inner.remove("partialArgs");
            inner.is_empty()
        }
    };
    if is_empty {
        fields.remove("functionCall");
    }
    call.extra = Extra::new(PROVIDER, fields);
}

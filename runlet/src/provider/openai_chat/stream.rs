//! The events of a streamed answer.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use super::PROVIDER;
use super::answer::{Answer, Piece, Shown};
use super::compat::Row;
use super::decode::{About, Chunk, error};
use crate::error::ProviderErrorCategory as Category;
use crate::model::ModelEvent;
use crate::provider::http::StreamDecoder;
use crate::provider::sse::SseEvent;
use crate::provider::{Failure, fail, unknown_event};

/// Reads the events of one answer.
///
/// An answer is complete once an event gave the reason for stopping; the usage and `[DONE]` come after it.
#[derive(Clone)]
pub(super) struct ChatStream {
    row: &'static Row,
    answer: Answer,
    about: About,
}

impl ChatStream {
    pub(super) fn new(row: &'static Row) -> Self {
        Self { row, answer: Answer::default(), about: About::default() }
    }

    fn complete(&mut self, out: &mut VecDeque<ModelEvent>) {
        let (answer, about) = (std::mem::take(&mut self.answer), std::mem::take(&mut self.about));
        let response = about.finish(answer, self.row, &mut Shown(Some(out)));
        out.push_back(ModelEvent::Completed(Box::new(response)));
    }
}

impl StreamDecoder for ChatStream {
    fn event(&mut self, event: SseEvent<'_>, out: &mut VecDeque<ModelEvent>) -> Result<ControlFlow<()>, Failure> {
        if event.data.trim() == "[DONE]" {
            if self.about.finish.is_none() && !self.row.done_ends {
                let words = "the stream ended before the answer did: no event gave a reason for stopping";
                return Err(fail(PROVIDER, Category::Truncated, words));
            }
            self.complete(out);
            return Ok(ControlFlow::Break(()));
        }
        if event.name == "error" {
            return Err(error(event.data));
        }
        let mut chunk = Chunk::read(event.data, "an event")?;
        if let Some(kind) = chunk.unknown() {
            unknown_event(PROVIDER, kind);
        }
        self.about.note(&chunk);
        if let Some(mut choice) = chunk.first() {
            if let Some(delta) = choice.delta.take().or_else(|| choice.message.take()) {
                self.answer.add(delta, Piece::Delta, &mut Shown(Some(out)))?;
            }
            self.answer.weigh(choice.logprobs);
            self.about.stopped(&choice)?;
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, out: &mut VecDeque<ModelEvent>) -> Result<ControlFlow<()>, Failure> {
        if self.about.finish.is_none() {
            return Ok(ControlFlow::Continue(()));
        }
        self.complete(out);
        Ok(ControlFlow::Break(()))
    }

    fn take_partial_text(&mut self) -> String {
        self.answer.take_text()
    }
}

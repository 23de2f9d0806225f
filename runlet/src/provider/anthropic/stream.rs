//! The events of a streamed answer.
//!
//! An answer comes block by block: each begins, grows by deltas and ends. Only `message_stop` says that it is whole. The
//! events that come often are read without a copy.

mod block;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use self::block::{Block, Delta, Shown};
use super::decode::{self, Head};
use super::{PROVIDER, content};
use crate::error::ProviderErrorCategory as Category;
use crate::message::Part;
use crate::model::ModelEvent;
use crate::provider::http::StreamDecoder;
use crate::provider::json::Words;
use crate::provider::sse::SseEvent;
use crate::provider::{Failure, fail};

/// Reads the events of one answer.
#[derive(Clone, Default)]
pub(super) struct MessageStream {
    head: Head,
    /// By the index on the wire, in the order in which they began.
    blocks: Vec<(u64, Block)>,
    shown: Shown,
    /// How many blocks have nothing left to tell.
    told: usize,
}

type Out<'a> = &'a mut VecDeque<ModelEvent>;

#[derive(Deserialize)]
struct BlockDelta<'a> {
    #[serde(default)]
    index: u64,
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(Deserialize)]
struct AnyDelta {
    delta: Map<String, Value>,
}

#[derive(Deserialize)]
struct BlockStart<'a> {
    #[serde(default)]
    index: u64,
    #[serde(borrow)]
    content_block: &'a RawValue,
}

#[derive(Deserialize)]
struct BlockStop {
    #[serde(default)]
    index: u64,
}

#[derive(Deserialize)]
struct MessageStart<'a> {
    #[serde(borrow)]
    message: &'a RawValue,
}

#[derive(Deserialize)]
struct MessageDelta {
    #[serde(default)]
    delta: Head,
    #[serde(default)]
    context_management: Value,
    #[serde(default)]
    usage: Value,
}

/// What tells an event's kind where its name does not.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Words<'a>>,
    #[serde(default)]
    error: Value,
}

impl StreamDecoder for MessageStream {
    fn event(&mut self, event: SseEvent<'_>, out: Out<'_>) -> Result<ControlFlow<()>, Failure> {
        match event.name {
            // By far the most frequent.
            "content_block_delta" => self.block_delta(event.data, out)?,
            _ if event.data == "[DONE]" => {}
            _ => return self.other_event(event, out),
        }
        Ok(ControlFlow::Continue(()))
    }

    fn take_partial_text(&mut self) -> String {
        std::mem::take(&mut self.shown.text)
    }
}

impl MessageStream {
    fn other_event(&mut self, event: SseEvent<'_>, out: Out<'_>) -> Result<ControlFlow<()>, Failure> {
        let Kind { kind, error } = read(event.data)?;
        // The name of the event is for servers that leave the type out.
        match kind.as_ref().map_or(event.name, |kind| &*kind.0) {
            "content_block_delta" => self.block_delta(event.data, out)?,
            "content_block_start" => self.block_start(event.data, out)?,
            "content_block_stop" => {
                let BlockStop { index } = read(event.data)?;
                self.end_block(index, out);
            }
            "message_start" => self.message_start(event.data, out)?,
            "message_delta" => self.message_delta(event.data)?,
            "message_stop" => {
                self.end(out)?;
                return Ok(ControlFlow::Break(()));
            }
            "error" => return Err(decode::failure(&error)),
            _ if kind.is_none() && !error.is_null() => return Err(decode::failure(&error)),
            "ping" => {}
            other => crate::provider::unknown_event(PROVIDER, other),
        }
        Ok(ControlFlow::Continue(()))
    }

    /// An answer begins. Some servers say so twice, and some say the whole answer here.
    fn message_start(&mut self, data: &str, out: Out<'_>) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Content<'a> {
            #[serde(borrow)]
            content: Option<&'a RawValue>,
        }

        let MessageStart { message } = read(data)?;
        if !self.blocks.is_empty() {
            return Err(decode::protocol("a second answer begins in the middle of the first"));
        }
        self.head = read(message.get())?;
        // Until the answer has ended this figure counts what was written so far.
        if self.head.stop_reason.is_null()
            && let Some(usage) = self.head.usage.as_object_mut()
        {
            usage.remove("output_tokens");
        }
        let Content { content } = read(message.get())?;
        let content: Option<Vec<&RawValue>> = content.map_or(Ok(None), |content| read(content.get()))?;
        for (index, block) in (0..).zip(content.unwrap_or_default()) {
            self.begin(index, block, out)?;
            self.end_block(index, out);
        }
        Ok(())
    }

    fn block_start(&mut self, data: &str, out: Out<'_>) -> Result<(), Failure> {
        let BlockStart { index, content_block } = read(data)?;
        // One that was not ended is ended by the next of its index.
        self.end_block(index, out);
        self.begin(index, content_block, out)
    }

    fn end_block(&mut self, index: u64, out: Out<'_>) {
        if let Some(block) = self.block(index) {
            block.end(out);
        }
        while self.blocks.get_mut(self.told).is_some_and(|(_, block)| block.tell(out)) {
            self.told += 1;
        }
    }

    /// The block of an index: the last one, should there be several.
    fn block(&mut self, index: u64) -> Option<&mut Block> {
        self.blocks.iter_mut().rfind(|(known, _)| *known == index).map(|(_, block)| block)
    }

    fn begin(&mut self, index: u64, json: &RawValue, out: Out<'_>) -> Result<(), Failure> {
        let part = content::part(json.get()).map_err(|error| decode::malformed("a content block", &error))?;
        self.blocks.push((index, Block::begin(part, &mut self.shown, out)));
        Ok(())
    }

    fn block_delta(&mut self, data: &str, out: Out<'_>) -> Result<(), Failure> {
        let BlockDelta { index, delta } = read(data)?;
        let Some((_, block)) = self.blocks.iter_mut().rfind(|(known, _)| *known == index) else {
            return Err(decode::protocol("a delta is of a content block that has not begun"));
        };
        if block.grow(&delta, &mut self.shown, out) {
            return Ok(());
        }
        let delta: AnyDelta = read(data)?;
        block.grow_native(delta.delta);
        Ok(())
    }

    fn message_delta(&mut self, data: &str) -> Result<(), Failure> {
        let MessageDelta { delta, context_management, usage } = read(data)?;
        let head = &mut self.head;
        for (known, new) in [
            (&mut head.stop_reason, delta.stop_reason),
            (&mut head.stop_sequence, delta.stop_sequence),
            (&mut head.stop_details, delta.stop_details),
            (&mut head.container, delta.container),
            (&mut head.context_management, context_management),
        ] {
            if !new.is_null() {
                *known = new;
            }
        }
        // The figures are those of the whole answer so far. What is left out is as it was.
        if !head.usage.is_object() {
            head.usage = Value::Object(Map::new());
        }
        if let (Some(known), Value::Object(new)) = (head.usage.as_object_mut(), usage) {
            known.extend(new.into_iter().filter(|(_, figure)| !figure.is_null()));
        }
        Ok(())
    }

    fn end(&mut self, out: Out<'_>) -> Result<(), Failure> {
        if self.head.stop_reason.is_null() {
            return Err(fail(PROVIDER, Category::Truncated, "the answer ended without saying why"));
        }
        let mut parts = Vec::with_capacity(self.blocks.len());
        for (_, mut block) in std::mem::take(&mut self.blocks) {
            block.end(out);
            block.tell(out);
            parts.push(block.into_part());
        }
        let mut head = std::mem::take(&mut self.head);
        if let Some(part) = head.refusal() {
            if let Part::Refusal(refusal) = &part {
                out.push_back(ModelEvent::RefusalDelta(refusal.text.clone()));
            }
            parts.push(part);
        }
        out.push_back(ModelEvent::Completed(Box::new(head.finish(parts))));
        Ok(())
    }
}

fn read<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T, Failure> {
    serde_json::from_str(data).map_err(|error| decode::malformed("an event", &error))
}

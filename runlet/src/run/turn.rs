//! An open turn: an assistant message whose tool calls do not all have results yet.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Decision, PendingCall};
use crate::error::{Error, ErrorKind, Result};
use crate::message::{Message, Part, SharedMessage, ToolCall, ToolResult};
use crate::tool::ToolErrorKind;

/// An assistant message, and one slot for each of its calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Turn {
    message: SharedMessage,
    slots: Vec<Slot>,
    pub(super) answer: Option<String>,
    /// What is wrong with an answer that a call brought.
    pub(super) rejected: Option<String>,
    /// What a person wrote over the arguments of calls, in words for the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    edits: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Slot {
    /// To be run.
    Ready { call: Arc<ToolCall> },
    /// Waits for a person.
    Held { call: Arc<ToolCall> },
    /// Waits for the result that its tool left for later.
    Deferred { call: Arc<ToolCall>, note: String },
    /// A person said yes, perhaps to arguments of their own.
    Approved { call: Arc<ToolCall>, edited: bool },
    /// Has its result.
    Settled { result: ToolResult, failure: Option<ToolErrorKind> },
}

/// A turn whose calls all have results.
pub(super) struct Closed {
    pub(super) message: SharedMessage,
    pub(super) results: Message,
    /// What a person changed, so that the history holds both what was asked for and what was approved.
    pub(super) edits: Option<Message>,
    pub(super) answer: Option<String>,
    pub(super) rejected: Option<String>,
    /// The words of a call that ends the run.
    pub(super) fatal: Option<String>,
    /// Whether no call of the turn could even be run.
    pub(super) all_bad: bool,
}

impl Turn {
    pub(super) fn new(message: SharedMessage) -> Self {
        let slots = message.tool_calls().map(|call| Slot::Ready { call: Arc::clone(call) }).collect();
        Self { message, slots, answer: None, rejected: None, edits: Vec::new() }
    }

    /// The calls to be run.
    pub(super) fn ready(&self) -> Vec<PendingCall> {
        self.pending(|slot| match slot {
            Slot::Ready { call } => Some((call, false, false, None)),
            Slot::Approved { call, edited } => Some((call, true, *edited, None)),
            _ => None,
        })
    }

    /// How many calls are to be run.
    pub(super) fn ready_count(&self) -> usize {
        self.slots.iter().filter(|slot| matches!(slot, Slot::Ready { .. } | Slot::Approved { .. })).count()
    }

    /// Whether the last call's arguments end in the midst of their JSON. Only the last can be cut off.
    pub(super) fn ends_inside_a_call(&self) -> bool {
        let last = self.slots.last().and_then(Slot::call);
        last.is_some_and(|call| {
            let cut = serde_json::from_str::<serde::de::IgnoredAny>(&call.arguments);
            !call.arguments.trim().is_empty() && cut.is_err_and(|error| error.is_eof())
        })
    }

    /// The calls that wait for a person, or for their results.
    pub(super) fn waiting(&self) -> Vec<PendingCall> {
        self.pending(|slot| match slot {
            Slot::Held { call } => Some((call, false, false, None)),
            Slot::Deferred { call, note } => Some((call, false, false, Some(note.clone()))),
            _ => None,
        })
    }

    fn pending(&self, of: impl Fn(&Slot) -> Option<(&Arc<ToolCall>, bool, bool, Option<String>)>) -> Vec<PendingCall> {
        let slots = self.slots.iter().enumerate();
        let pending = slots.filter_map(|(index, slot)| {
            let (call, approved, edited, deferred) = of(slot)?;
            Some(PendingCall { index, call: Arc::clone(call), approved, edited, deferred })
        });
        pending.collect()
    }

    /// Gives a call its result. A call has one result: the first.
    pub(super) fn settle(&mut self, index: usize, result: ToolResult, failure: Option<ToolErrorKind>) -> Result<()> {
        let slot = self.open_slot(index)?;
        if slot.call().is_none_or(|call| call.id != result.call_id) {
            return Err(Error::new(
                ErrorKind::Internal,
                format!("the result of call {index} carries the id `{}` of another call", result.call_id),
            ));
        }
        *slot = Slot::Settled { result, failure };
        Ok(())
    }

    /// Lets a call wait for a person.
    pub(super) fn hold(&mut self, index: usize, arguments: String) -> Result<()> {
        let slot = self.open_slot(index)?;
        if let Slot::Ready { call } = slot {
            let mut call = Arc::clone(call);
            if call.arguments != arguments {
                Arc::make_mut(&mut call).arguments = arguments;
            }
            *slot = Slot::Held { call };
        }
        Ok(())
    }

    /// Lets a call wait for its result.
    pub(super) fn defer(&mut self, index: usize, note: String) -> Result<()> {
        let slot = self.open_slot(index)?;
        if let Some(call) = slot.call().map(Arc::clone) {
            *slot = Slot::Deferred { call, note };
        }
        Ok(())
    }

    /// Takes a person's decision on a call that waits for one, or the result of one that waits for it.
    pub(super) fn decide(&mut self, index: usize, decision: Decision) -> Result<()> {
        let slot = self.open_slot(index)?;
        let unfit = |waits: &str| Err(Error::new(ErrorKind::Config, format!("call {index} {waits}")));
        let mut call = match (&*slot, &decision) {
            (Slot::Deferred { call, .. }, Decision::Result { content, is_error }) => {
                let result = ToolResult { content: content.clone(), is_error: *is_error, ..ToolResult::text(call, "") };
                *slot = Slot::Settled { result, failure: is_error.then_some(ToolErrorKind::Failed) };
                return Ok(());
            }
            (Slot::Deferred { .. }, _) => return unfit("waits for its result: give it with `Decision::Result`"),
            (Slot::Held { .. }, Decision::Result { .. }) => {
                return unfit("waits for a decision, not for a result: approve or reject it");
            }
            (Slot::Held { call }, _) => Arc::clone(call),
            _ => return unfit("does not wait for a decision"),
        };
        let mut edit = None;
        *slot = match decision {
            Decision::Result { .. } => return Ok(()),
            Decision::Approve => Slot::Approved { call, edited: false },
            Decision::ApproveEdited { arguments } => {
                Arc::make_mut(&mut call).arguments = arguments;
                let (id, name, arguments) = (&call.id, &call.name, &call.arguments);
                edit = Some(format!("A person changed the arguments of your call `{id}` of `{name}` to {arguments}."));
                Slot::Approved { call, edited: true }
            }
            Decision::Reject { reason } => {
                let text = format!("This call was not run: a person rejected it. {reason}");
                Slot::Settled {
                    result: ToolResult::error(&call, text.trim_end()),
                    failure: Some(ToolErrorKind::Denied),
                }
            }
        };
        self.edits.extend(edit);
        Ok(())
    }

    /// Settles what waits for a person or a result where a call has ended the run: nobody is asked for nothing.
    pub(super) fn settle_after_fatal(&mut self) {
        let fatal = |slot: &Slot| matches!(slot, Slot::Settled { failure: Some(ToolErrorKind::Fatal), .. });
        if self.ready_count() > 0 || !self.slots.iter().any(fatal) {
            return;
        }
        for slot in &mut self.slots {
            let (call, text) = match slot {
                Slot::Held { call } => (call, "This call was not run: another one ended the run."),
                Slot::Deferred { call, .. } => (call, "Another call ended the run before this one had its result."),
                _ => continue,
            };
            let result = ToolResult::error(call, text);
            *slot = Slot::Settled { result, failure: Some(ToolErrorKind::Cancelled) };
        }
    }

    /// Settles all calls without a result.
    pub(super) fn settle_rest(&mut self, failure: ToolErrorKind, text: impl Fn(&ToolCall) -> String) {
        self.settle_from(0, failure, text);
    }

    /// Settles all calls without a result from a place on.
    pub(super) fn settle_from(&mut self, from: usize, failure: ToolErrorKind, text: impl Fn(&ToolCall) -> String) {
        for slot in self.slots.iter_mut().skip(from) {
            if let Some(call) = slot.call() {
                let result = ToolResult::error(call, text(call));
                *slot = Slot::Settled { result, failure: Some(failure) };
            }
        }
    }

    /// The turn as history, if every call has its result; the turn is then empty, and does not become history again.
    pub(super) fn close(&mut self) -> Option<Closed> {
        if self.slots.is_empty() || self.slots.iter().any(|slot| slot.call().is_some()) {
            return None;
        }
        let mut fatal = None;
        let mut all_bad = true;
        let mut results = Vec::with_capacity(self.slots.len());
        for slot in self.slots.drain(..) {
            let Slot::Settled { result, failure } = slot else { continue };
            if failure == Some(ToolErrorKind::Fatal) && fatal.is_none() {
                fatal = Some(format!("tool `{}` ended the run: {}", result.name, result.as_text()));
            }
            all_bad &= matches!(failure, Some(ToolErrorKind::UnknownTool | ToolErrorKind::InvalidArguments));
            results.push(Part::ToolResult(result));
        }
        let message = self.message.clone();
        let results = Message::new(crate::message::Role::Tool, results);
        let edits = std::mem::take(&mut self.edits);
        let edits = (!edits.is_empty()).then(|| Message::note(edits.join("\n")));
        let (answer, rejected) = (self.answer.take(), self.rejected.take());
        Some(Closed { message, results, edits, answer, rejected, fatal, all_bad })
    }

    fn open_slot(&mut self, index: usize) -> Result<&mut Slot> {
        match self.slots.get_mut(index) {
            Some(slot) if slot.call().is_some() => Ok(slot),
            Some(_) => Err(Error::new(ErrorKind::Internal, format!("call {index} has its result already"))),
            None => Err(Error::new(ErrorKind::Internal, format!("the turn has no call {index}"))),
        }
    }
}

impl Slot {
    /// The call, while it has no result.
    fn call(&self) -> Option<&Arc<ToolCall>> {
        match self {
            Self::Ready { call } | Self::Held { call } | Self::Deferred { call, .. } | Self::Approved { call, .. } => {
                Some(call)
            }
            Self::Settled { .. } => None,
        }
    }
}

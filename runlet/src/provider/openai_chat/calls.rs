//! Puts tool calls together from their deltas.
//!
//! What tells the calls of an answer apart differs from server to server: some send no index, some index 0 for every
//! call, some an empty id or one that comes late, some no id at all. A delta belongs to the call of its id; else to the
//! last call at its index; else to the call that came last. A delta that begins a call (an id that is new at its index,
//! or a name where the call at hand is complete) begins a new one.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answer::Shown;
use super::compat::Row;
use super::{PROVIDER, content};
use crate::message::{Native, Part, ToolCall};
use crate::model::ModelEvent;

/// The type of a call whose tool takes text instead of arguments, and the field with its name and its text.
pub(super) const CUSTOM: &str = "custom";
/// The kind of a native part that is such a call.
pub(super) const CUSTOM_CALL: &str = "custom_tool_call";

/// A call, or a piece of one.
#[derive(Debug, Default)]
pub(super) struct Delta<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) index: Option<u64>,
    pub(super) name: Cow<'a, str>,
    pub(super) arguments: Cow<'a, str>,
    /// Whether its tool takes text instead of arguments.
    pub(super) is_custom: bool,
}

/// The calls of an answer as far as they have come, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
    /// The place of the call that came last.
    current: usize,
}

#[derive(Clone, Debug, Default)]
struct Call {
    id: String,
    index: Option<u64>,
    name: String,
    arguments: String,
    extra: Map<String, Value>,
    /// Whether its name was shown.
    shown: bool,
}

impl Calls {
    /// Adds a piece of a call, and shows what can be shown of it. Gives the fields that are kept with the call.
    pub(super) fn add(&mut self, delta: Delta<'_>, out: &mut Shown<'_>) -> Option<&mut Map<String, Value>> {
        let place = self.place(&delta).unwrap_or(self.calls.len());
        self.add_at(place, delta, out)
    }

    /// Adds a whole call.
    pub(super) fn add_whole(&mut self, call: Delta<'_>, out: &mut Shown<'_>) -> Option<&mut Map<String, Value>> {
        self.add_at(self.calls.len(), call, out)
    }

    fn add_at(&mut self, place: usize, delta: Delta<'_>, out: &mut Shown<'_>) -> Option<&mut Map<String, Value>> {
        if place >= self.calls.len() {
            self.calls.push(Call { index: delta.index, ..Call::default() });
        }
        self.current = place;
        // Calls that only the caller can answer are not shown.
        let index = self.calls.iter().take(place).filter(|call| !call.is_custom()).count();
        let call = self.calls.get_mut(place)?;
        if call.id.is_empty() {
            call.id = delta.id.into_owned();
        }
        if call.name != delta.name {
            append(&mut call.name, delta.name);
        }
        if delta.is_custom {
            call.extra.insert("type".to_owned(), CUSTOM.into());
        }
        if call.is_custom() {
            append(&mut call.arguments, delta.arguments);
            return Some(&mut call.extra);
        }
        if call.shown && !delta.arguments.is_empty() {
            let arguments = || delta.arguments.clone().into_owned();
            out.show(|| ModelEvent::ToolCallDelta { index, name: None, arguments: arguments() });
        }
        append(&mut call.arguments, delta.arguments);
        // Before the first argument the name may still grow; the arguments may come before the name.
        if !call.shown && !call.name.is_empty() && !call.arguments.is_empty() {
            call.show(index, out);
        }
        Some(&mut call.extra)
    }

    /// The place of the call that a delta belongs to; `None` where it begins one.
    fn place(&self, delta: &Delta<'_>) -> Option<usize> {
        if !delta.id.is_empty() {
            if let Some(place) = self.calls.iter().rposition(|call| call.id == delta.id) {
                let call = self.calls.get(place)?;
                // Two calls of one id: the second begins at an index of its own, or once the first is complete.
                let other_index = delta.index.is_some() && call.index.is_some() && delta.index != call.index;
                let goes_on = call.name == delta.name && delta.arguments.is_empty();
                let is_named = !delta.name.is_empty() && !call.name.is_empty();
                let begins = is_named && (other_index || (call.is_complete() && !goes_on));
                return (!begins).then_some(place);
            }
            // An id may come after the name, or in the middle of it. At a call that has one already, it is a new call's.
            let place = self.at(delta.index)?;
            let call = self.calls.get(place)?;
            let is_named = !delta.name.is_empty() && !call.name.is_empty();
            let comes_late = call.id.is_empty() && (!is_named || call.arguments.is_empty());
            return comes_late.then_some(place);
        }
        let place = self.at(delta.index)?;
        let call = self.calls.get(place)?;
        let begins = !delta.name.is_empty()
            && !call.name.is_empty()
            && (call.is_complete() || (!call.arguments.is_empty() && call.name != delta.name));
        (!begins).then_some(place)
    }

    /// The place of the last call at an index, or of the current one where there is no index.
    fn at(&self, index: Option<u64>) -> Option<usize> {
        match index {
            None => self.calls.get(self.current).map(|_| self.current),
            Some(_) => self.calls.iter().rposition(|call| call.index == index).or_else(|| {
                // The deltas of a call may begin to have an index late.
                let current = self.calls.get(self.current)?;
                current.index.is_none().then_some(self.current)
            }),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether there is a call that Runlet can answer.
    pub(super) fn are_some(&self) -> bool {
        self.calls.iter().any(|call| !call.is_custom())
    }

    /// The calls, all shown as complete.
    pub(super) fn finish(self, row: &Row, out: &mut Shown<'_>) -> impl Iterator<Item = Part> {
        let mut index = 0;
        self.calls.into_iter().map(move |mut call| {
            if call.is_custom() {
                return Part::Native(call.into_native());
            }
            if !call.shown {
                call.show(index, out);
            }
            index += 1;
            let extra = content::by_server(call.extra, row);
            let call = Arc::new(ToolCall { id: call.id, name: call.name, arguments: call.arguments, extra });
            out.show(|| ModelEvent::ToolCallCompleted(Arc::clone(&call)));
            Part::ToolCall(call)
        })
    }
}

impl Call {
    /// Whether it is of a tool that takes text instead of arguments. Runlet has no such tools: the caller answers it.
    fn is_custom(&self) -> bool {
        self.extra.get("type").is_some_and(|kind| kind == CUSTOM)
    }

    fn into_native(self) -> Native {
        let mut fields = self.extra;
        fields.insert("id".to_owned(), self.id.into());
        fields.insert(CUSTOM.to_owned(), json!({ "name": self.name, "input": self.arguments }));
        Native::new(PROVIDER, CUSTOM_CALL, Value::Object(fields).to_string())
    }

    fn show(&mut self, index: usize, out: &mut Shown<'_>) {
        self.shown = true;
        let (name, arguments) = (&self.name, &self.arguments);
        out.show(|| ModelEvent::ToolCallDelta { index, name: Some(name.clone()), arguments: arguments.clone() });
    }

    /// Whether the arguments are whole JSON, so that nothing can follow.
    fn is_complete(&self) -> bool {
        self.arguments.trim_end().ends_with('}')
            && serde_json::from_str::<serde::de::IgnoredAny>(&self.arguments).is_ok()
    }
}

/// Appends a piece. One that was read into a text of its own, and is the first, stays where it is.
fn append(text: &mut String, piece: Cow<'_, str>) {
    if text.is_empty() {
        *text = piece.into_owned();
    } else {
        text.push_str(&piece);
    }
}

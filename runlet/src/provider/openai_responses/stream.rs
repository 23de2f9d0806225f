//! The events of a streamed answer.
//!
//! The terminal event holds the whole answer, so the events before it serve to show it as it comes. What they did not
//! show (some servers send items whole, without deltas) is shown when the item is done, and at the latest at the end.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::PROVIDER;
use super::decode::{self, Answer, REASONING_BREAK};
use crate::error::ProviderErrorCategory as Category;
use crate::message::{Part, ToolCall};
use crate::model::ModelEvent;
use crate::provider::http::{ErrorObject, StreamDecoder};
use crate::provider::sse::SseEvent;
use crate::provider::{Failure, fail};

/// Reads the events of one answer.
#[derive(Clone, Default)]
pub(super) struct ResponsesStream {
    /// All text that was shown.
    text: String,
    items: Vec<(Key, Item)>,
    /// How many tool calls have begun.
    calls: usize,
    /// Whether reasoning was shown.
    reasoned: bool,
}

/// An item as far as it has come.
#[derive(Clone, Default)]
struct Item {
    /// How many bytes of each kind were shown.
    text: usize,
    refusal: usize,
    reasoning: usize,
    arguments: usize,
    /// The part of the reasoning that came last.
    reasoning_part: Option<(Shown, u64)>,
    /// The call's place among the calls of the answer, where the item is one.
    call: Option<usize>,
    /// What it says, once it is done.
    done: Option<Vec<Part>>,
}

/// What a server shows of the reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Summary,
    Content,
}

/// Whether an event says only what the terminal one says again, or how far the provider's own tools have come.
fn is_passed_over(kind: &str) -> bool {
    const KNOWN: &[&str] = &[
        "keepalive",
        "response.content_part.added",
        "response.content_part.done",
        "response.created",
        "response.function_call_arguments.done",
        "response.in_progress",
        "response.output_text.annotation.added",
        "response.output_text.done",
        "response.queued",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
        "response.reasoning_summary_text.done",
        "response.reasoning_text.done",
        "response.refusal.done",
    ];
    const TOOLS: &[&str] = &[
        "response.code_interpreter_call",
        "response.custom_tool_call_input.",
        "response.file_search_call.",
        "response.image_generation_call.",
        "response.mcp_call",
        "response.mcp_list_tools.",
        "response.web_search_call.",
    ];
    KNOWN.contains(&kind) || TOOLS.iter().any(|family| kind.starts_with(family))
}

/// What tells the items of an answer apart. Some servers change an item's id from event to event, others send no index.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Index(u64),
    Id(String),
}

/// The fields of all events that are read. All but the type may be anything in events of no interest.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    output_index: Option<&'a RawValue>,
    #[serde(borrow)]
    item_id: Option<&'a RawValue>,
    #[serde(borrow)]
    summary_index: Option<&'a RawValue>,
    #[serde(borrow)]
    content_index: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

impl Item {
    /// Whether there is no other word of it than deltas which do not tell it in full.
    fn is_lost(&self) -> bool {
        self.done.is_none() && (self.call.is_some() || self.refusal > 0)
    }
}

type Out<'a> = &'a mut VecDeque<ModelEvent>;

impl StreamDecoder for ResponsesStream {
    fn event(&mut self, event: SseEvent<'_>, out: Out<'_>) -> Result<ControlFlow<()>, Failure> {
        if event.data == "[DONE]" {
            return Ok(ControlFlow::Continue(()));
        }
        let fields: Fields<'_> =
            serde_json::from_str(event.data).map_err(|error| decode::malformed("an event", &error))?;
        // The type stands in the data; the name of the event is for servers that leave it out there.
        let kind = fields.kind.as_deref().unwrap_or(event.name);
        match kind {
            "response.output_text.delta" => self.text_delta(&fields, out)?,
            "response.refusal.delta" => self.refusal_delta(&fields, out)?,
            "response.reasoning_summary_text.delta" => self.reasoning_delta(&fields, Shown::Summary, out)?,
            "response.reasoning_text.delta" => self.reasoning_delta(&fields, Shown::Content, out)?,
            "response.function_call_arguments.delta" => self.arguments_delta(&fields, out)?,
            "response.output_item.added" => self.item_added(&fields, out)?,
            "response.output_item.done" => self.item_done(&fields, out)?,
            "response.completed" | "response.incomplete" | "response.failed" => {
                let answer = fields.response.ok_or_else(|| decode::protocol("the last event has no response"))?;
                let answer = Answer::read(answer.get())?;
                if kind == "response.failed" {
                    return Err(answer.failure());
                }
                self.end(&answer, out)?;
                return Ok(ControlFlow::Break(()));
            }
            "error" => return Err(error(event.data)),
            _ if fields.kind.is_none() && fields.error.is_some() => return Err(error(event.data)),
            _ if is_passed_over(kind) => {}
            _ => crate::provider::unknown_event(PROVIDER, kind),
        }
        Ok(ControlFlow::Continue(()))
    }

    fn take_partial_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}

impl ResponsesStream {
    fn text_delta(&mut self, fields: &Fields<'_>, out: Out<'_>) -> Result<(), Failure> {
        let delta = fields.delta()?;
        self.item(&fields.key()).text += delta.len();
        self.show_text(&delta, out);
        Ok(())
    }

    fn refusal_delta(&mut self, fields: &Fields<'_>, out: Out<'_>) -> Result<(), Failure> {
        let delta = fields.delta()?;
        self.item(&fields.key()).refusal += delta.len();
        out.push_back(ModelEvent::RefusalDelta(delta.into_owned()));
        Ok(())
    }

    fn reasoning_delta(&mut self, fields: &Fields<'_>, shown: Shown, out: Out<'_>) -> Result<(), Failure> {
        let delta = fields.delta()?;
        if delta.is_empty() {
            return Ok(());
        }
        let index = if shown == Shown::Summary { fields.summary_index } else { fields.content_index };
        let part = Some((shown, number(index).unwrap_or(0)));
        let item = self.item(&fields.key());
        let begins_part = item.reasoning > 0 && item.reasoning_part != part;
        item.reasoning_part = part;
        let text = if begins_part { format!("{REASONING_BREAK}{delta}") } else { delta.into_owned() };
        self.show_reasoning(&fields.key(), text, out);
        Ok(())
    }

    fn arguments_delta(&mut self, fields: &Fields<'_>, out: Out<'_>) -> Result<(), Failure> {
        let arguments = fields.delta()?.into_owned();
        let index = self.call_place(&fields.key());
        self.item(&fields.key()).arguments += arguments.len();
        out.push_back(ModelEvent::ToolCallDelta { index, name: None, arguments });
        Ok(())
    }

    /// An item begins. A call's name is shown at once.
    fn item_added(&mut self, fields: &Fields<'_>, out: Out<'_>) -> Result<(), Failure> {
        let Some(item) = fields.item else { return Ok(()) };
        if let [Part::ToolCall(call)] = decode::item(item.get())?.as_slice() {
            self.show_call(&fields.key(), call, out);
        }
        Ok(())
    }

    fn item_done(&mut self, fields: &Fields<'_>, out: Out<'_>) -> Result<(), Failure> {
        let Some(item) = fields.item else { return Ok(()) };
        let parts = decode::item(item.get())?;
        self.show_rest(&fields.key(), &parts, out);
        self.item(&fields.key()).done = Some(parts);
        Ok(())
    }

    /// The answer is complete: it is the terminal event's, or, where that leaves the output out, what came before it.
    fn end(&mut self, answer: &Answer<'_>, out: Out<'_>) -> Result<(), Failure> {
        let mut items = if answer.has_output() { answer.items()? } else { Vec::new() };
        if items.is_empty() {
            if self.items.iter().any(|(_, item)| item.is_lost()) {
                let words = "the answer ended, and a part of it had not";
                return Err(fail(PROVIDER, Category::Truncated, words));
            }
            items = self.take_done();
        } else {
            for (place, parts) in items.iter().enumerate() {
                let key = self.key_at(place);
                if self.item(&key).done.is_none() {
                    self.show_rest(&key, parts, out);
                }
            }
        }
        let response = answer.finish(items.into_iter().flatten().collect());
        out.push_back(ModelEvent::Completed(Box::new(response)));
        Ok(())
    }

    /// Shows what of an item was not shown by its deltas.
    fn show_rest(&mut self, key: &Key, parts: &[Part], out: Out<'_>) {
        let is_repeated = self.item(key).done.is_some();
        if is_repeated {
            return;
        }
        let (mut text, mut refusal) = (String::new(), String::new());
        for part in parts {
            match part {
                Part::Text(part) => text.push_str(&part.text),
                Part::Refusal(part) => refusal.push_str(&part.text),
                Part::Reasoning(part) => {
                    let rest = rest(&part.text, self.item(key).reasoning);
                    if !rest.is_empty() {
                        self.show_reasoning(key, rest.to_owned(), out);
                    }
                }
                Part::ToolCall(call) => {
                    self.show_call(key, call, out);
                    out.push_back(ModelEvent::ToolCallCompleted(call.clone()));
                }
                _ => {}
            }
        }
        let item = self.item(key);
        let (text, refusal) = (rest(&text, item.text), rest(&refusal, item.refusal));
        if !text.is_empty() {
            self.show_text(text, out);
        }
        if !refusal.is_empty() {
            out.push_back(ModelEvent::RefusalDelta(refusal.to_owned()));
        }
    }

    fn show_text(&mut self, text: &str, out: Out<'_>) {
        self.text.push_str(text);
        out.push_back(ModelEvent::TextDelta(text.to_owned()));
    }

    fn show_reasoning(&mut self, key: &Key, mut text: String, out: Out<'_>) {
        let follows = std::mem::replace(&mut self.reasoned, true);
        let item = self.item(key);
        let begins_item = item.reasoning == 0;
        item.reasoning += text.len();
        if begins_item && follows {
            text.insert_str(0, REASONING_BREAK);
        }
        out.push_back(ModelEvent::ReasoningDelta(text));
    }

    /// Shows a call's name where it was not shown, and what is new of its arguments.
    fn show_call(&mut self, key: &Key, call: &ToolCall, out: Out<'_>) {
        let is_new = self.item(key).call.is_none();
        let index = self.call_place(key);
        let item = self.item(key);
        let arguments = rest(&call.arguments, item.arguments);
        item.arguments += arguments.len();
        if is_new || !arguments.is_empty() {
            let name = is_new.then(|| call.name.clone());
            out.push_back(ModelEvent::ToolCallDelta { index, name, arguments: arguments.to_owned() });
        }
    }

    /// A call's place among the calls of the answer.
    fn call_place(&mut self, key: &Key) -> usize {
        let next = self.calls;
        let place = *self.item(key).call.get_or_insert(next);
        self.calls = self.calls.max(place + 1);
        place
    }

    fn item(&mut self, key: &Key) -> &mut Item {
        let at = self.items.iter().rposition(|(known, _)| known == key).unwrap_or_else(|| {
            self.items.push((key.clone(), Item::default()));
            self.items.len() - 1
        });
        // The place was found, or just made, in this very list.
        &mut self.items[at].1
    }

    /// The key of the item at a place of the final output.
    fn key_at(&self, place: usize) -> Key {
        match self.items.get(place) {
            Some((key @ Key::Id(_), _)) => key.clone(),
            _ => Key::Index(place as u64),
        }
    }

    /// What the items that are done say, in order; where there are none, the text that was shown.
    fn take_done(&mut self) -> Vec<Vec<Part>> {
        let mut items = std::mem::take(&mut self.items);
        items.sort_by_key(|(key, _)| if let Key::Index(index) = key { *index } else { 0 });
        let done: Vec<_> = items.into_iter().filter_map(|(_, item)| item.done).collect();
        if done.is_empty() && !self.text.is_empty() { vec![vec![Part::text(&*self.text)]] } else { done }
    }
}

impl<'a> Fields<'a> {
    fn delta(&self) -> Result<Cow<'a, str>, Failure> {
        decode::text(self.delta.map_or("null", RawValue::get))
    }

    fn key(&self) -> Key {
        #[derive(Deserialize)]
        struct Id {
            id: String,
        }
        let index = number(self.output_index).map(Key::Index);
        let id = || self.item_id.and_then(|id| serde_json::from_str(id.get()).ok()).map(Key::Id);
        let item =
            || self.item.and_then(|item| serde_json::from_str::<Id>(item.get()).ok()).map(|item| Key::Id(item.id));
        index.or_else(id).or_else(item).unwrap_or(Key::Index(0))
    }
}

fn number(json: Option<&RawValue>) -> Option<u64> {
    serde_json::from_str(json?.get()).ok()
}

/// What of a text comes after its first bytes, where those were shown.
fn rest(text: &str, shown: usize) -> &str {
    text.get(shown..).unwrap_or_default()
}

/// An event that says the answer failed: `{"error": {..}}`, or the fields of the error beside the event's type.
fn error(data: &str) -> Failure {
    let mut event: Value = serde_json::from_str(data).unwrap_or_default();
    if let Value::Object(fields) = &mut event {
        fields.remove("type");
    }
    let object = event.get("error").filter(|error| error.is_object()).unwrap_or(&event);
    ErrorObject::of(object).into_error(PROVIDER, None)
}

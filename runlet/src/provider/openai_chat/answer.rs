//! An answer as it comes together, from one message or from the deltas of one.
//!
//! A delta has the fields of a message, so both are read by the same code: a whole answer is one delta. Texts grow, and
//! all else that a server gives in pieces is put together as its own documentation says.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::calls::{CUSTOM, Calls, Delta};
use super::compat::Row;
use super::decode::{protocol, text};
use super::{PROVIDER, content};
use crate::message::{Message, Native, Part, Reasoning, Refusal, Role};
use crate::model::ModelEvent;
use crate::provider::Failure;
use crate::provider::json::Words;
use crate::provider::openai::unreadable;

/// A message, or a delta of one. What is not read at once is kept as it came.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    content: Option<&'a RawValue>,
    refusal: Option<&'a RawValue>,
    tool_calls: Vec<CallFields<'a>>,
    function_call: Option<Box<Function<'a>>>,
    /// All other fields that are not `null`, but for the role.
    rest: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Said<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<'a>(std::marker::PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for Fields<'a> {
            type Value = Said<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message")
            }

            fn visit_unit<E>(self) -> Result<Said<'a>, E> {
                Ok(Said::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Said<'a>, A::Error> {
                let mut said = Said::default();
                while let Some(Words(name)) = map.next_key::<Words<'de>>()? {
                    match &*name {
                        "content" => said.content = some(map.next_value()?),
                        "refusal" => said.refusal = some(map.next_value()?),
                        "tool_calls" => said.tool_calls = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "function_call" => said.function_call = map.next_value()?,
                        // `index` repeats that of the choice.
                        "role" | "index" => _ = map.next_value::<IgnoredAny>()?,
                        _ => said.rest.extend(some(map.next_value()?).map(|value| (name, value))),
                    }
                }
                Ok(said)
            }
        }

        deserializer.deserialize_any(Fields(std::marker::PhantomData))
    }
}

/// A value that is one.
fn some(value: &RawValue) -> Option<&RawValue> {
    (value.get() != "null").then_some(value)
}

/// A call or a piece of one.
#[derive(Debug, Default)]
struct CallFields<'a> {
    id: Option<Words<'a>>,
    index: Option<&'a RawValue>,
    function: Option<Function<'a>>,
    custom: Option<&'a RawValue>,
    /// All other fields that are not `null`, but for the type.
    rest: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'de: 'a, 'a> Deserialize<'de> for CallFields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<'a>(std::marker::PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for Fields<'a> {
            type Value = CallFields<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a tool call")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CallFields<'a>, A::Error> {
                let mut call = CallFields::default();
                while let Some(Words(name)) = map.next_key::<Words<'de>>()? {
                    match &*name {
                        "id" => call.id = map.next_value()?,
                        "function" => call.function = map.next_value()?,
                        CUSTOM => call.custom = map.next_value()?,
                        "index" => call.index = map.next_value()?,
                        "type" => _ = map.next_value::<IgnoredAny>()?,
                        _ => call.rest.extend(some(map.next_value()?).map(|value| (name, value))),
                    }
                }
                Ok(call)
            }
        }

        deserializer.deserialize_map(Fields(std::marker::PhantomData))
    }
}

#[derive(Debug, Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Option<Words<'a>>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

/// A call of a tool that takes text instead of arguments.
#[derive(Deserialize)]
struct Custom<'a> {
    #[serde(borrow, default)]
    name: Option<Words<'a>>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

/// Whether a message came whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Whole,
    Delta,
}

/// What has come of an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    content: Vec<Content>,
    refusal: String,
    reasoning: Thoughts,
    calls: Calls,
    rest: Map<String, Value>,
}

#[derive(Clone, Debug)]
enum Content {
    Text(String),
    Native(Native),
}

/// What the model thought, by the field that it came in. Servers that use several say the same in each.
#[derive(Clone, Debug, Default)]
struct Thoughts {
    /// The texts of `reasoning_content` and `reasoning`.
    fields: Vec<(&'static str, String)>,
    details: Vec<Value>,
    /// A part of the content whose text is in `fields`.
    thinking: Map<String, Value>,
    /// The field whose text is shown.
    shown: Option<&'static str>,
}

const CONTENT: &str = "reasoning_content";
const PLAIN: &str = "reasoning";
const DETAILS: &str = "reasoning_details";
const THINKING: &str = "thinking";

/// Who is shown an answer while it comes: the reader of a stream, and nobody where it comes whole.
pub(super) struct Shown<'a>(pub(super) Option<&'a mut VecDeque<ModelEvent>>);

impl Shown<'_> {
    pub(super) fn show(&mut self, event: impl FnOnce() -> ModelEvent) {
        if let Some(events) = &mut self.0 {
            events.push_back(event());
        }
    }
}

type Out<'a, 'b> = &'a mut Shown<'b>;

impl Answer {
    /// Adds what was said, and shows it.
    pub(super) fn add(&mut self, said: Said<'_>, piece: Piece, out: Out<'_, '_>) -> Result<(), Failure> {
        for (name, value) in &said.rest {
            match &**name {
                "reasoning_content" => self.reasoning.text(CONTENT, &text(value.get())?, out),
                "reasoning" => self.reasoning.text(PLAIN, &text(value.get())?, out),
                "reasoning_details" => self.reasoning.details(value, out)?,
                _ => keep(&mut self.rest, name, value),
            }
        }
        if let Some(content) = said.content {
            self.content(content, out)?;
        }
        if let Some(refusal) = said.refusal {
            let refusal = text(refusal.get())?;
            if !refusal.is_empty() {
                self.refusal.push_str(&refusal);
                out.show(|| ModelEvent::RefusalDelta(refusal.into_owned()));
            }
        }
        said.tool_calls.into_iter().try_for_each(|call| self.call(call, piece, out))?;
        if let Some(call) = said.function_call {
            self.function(Words::default(), None, Some(*call), false, piece, out)?;
        }
        Ok(())
    }

    /// Keeps how likely the tokens were, which a server tells beside what it says.
    pub(super) fn weigh(&mut self, logprobs: Option<&RawValue>) {
        let Some(Ok(Value::Object(mut told))) = logprobs.map(|logprobs| serde_json::from_str(logprobs.get())) else {
            return;
        };
        told.retain(|_, value| !value.is_null());
        if !told.is_empty() {
            keep_value(&mut self.rest, "logprobs", Value::Object(told));
        }
    }

    fn content(&mut self, content: &RawValue, out: Out<'_, '_>) -> Result<(), Failure> {
        if content.get().starts_with('"') {
            self.text(text(content.get())?, out);
            return Ok(());
        }
        let parts: Vec<&RawValue> = serde_json::from_str(content.get()).map_err(|error| malformed(&error))?;
        for part in parts {
            let fields: Value = serde_json::from_str(part.get()).map_err(|error| malformed(&error))?;
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
            match (kind, fields.get("text").and_then(Value::as_str), &fields) {
                ("text", Some(text), _) => self.text(text.into(), out),
                ("thinking", _, Value::Object(fields)) => self.reasoning.thinking(fields.clone(), out),
                _ => self.content.push(Content::Native(Native::new(PROVIDER, kind, part.get()))),
            }
        }
        Ok(())
    }

    fn text(&mut self, text: Cow<'_, str>, out: Out<'_, '_>) {
        if text.is_empty() {
            return;
        }
        out.show(|| ModelEvent::TextDelta(text.clone().into_owned()));
        match self.content.last_mut() {
            Some(Content::Text(last)) => last.push_str(&text),
            _ => self.content.push(Content::Text(text.into_owned())),
        }
    }

    fn call(&mut self, mut fields: CallFields<'_>, piece: Piece, out: Out<'_, '_>) -> Result<(), Failure> {
        let (function, is_custom) = match (fields.function.take(), fields.custom.take()) {
            (None, Some(custom)) => {
                let Custom { name, input } = serde_json::from_str(custom.get()).map_err(|error| malformed(&error))?;
                (Some(Function { name, arguments: input }), true)
            }
            (function, custom) => {
                // Some servers write both fields, of which one is empty.
                fields.rest.extend(custom.map(|custom| (CUSTOM.into(), custom)));
                (function, false)
            }
        };
        let index = fields.index.and_then(|index| serde_json::from_str(index.get()).ok());
        let Some(extra) = self.function(fields.id.unwrap_or_default(), index, function, is_custom, piece, out)? else {
            return Ok(());
        };
        for (name, value) in fields.rest {
            keep(extra, &name, value);
        }
        Ok(())
    }

    /// Adds a call or a piece of one. Gives the fields kept with it; `None` where nothing was said.
    fn function(
        &mut self,
        Words(id): Words<'_>,
        index: Option<u64>,
        function: Option<Function<'_>>,
        is_custom: bool,
        piece: Piece,
        out: Out<'_, '_>,
    ) -> Result<Option<&mut Map<String, Value>>, Failure> {
        let (name, arguments) = match function {
            Some(function) => (function.name.unwrap_or_default().0, arguments(function.arguments)?),
            None => (Cow::default(), Cow::default()),
        };
        if id.is_empty() && name.is_empty() && arguments.is_empty() {
            return Ok(None);
        }
        let delta = Delta { id, index, name, arguments, is_custom };
        Ok(match piece {
            Piece::Whole => self.calls.add_whole(delta, out),
            Piece::Delta => self.calls.add(delta, out),
        })
    }

    /// All text so far.
    pub(super) fn take_text(&mut self) -> String {
        let texts = std::mem::take(&mut self.content).into_iter();
        texts.filter_map(|content| if let Content::Text(text) = content { Some(text) } else { None }).collect()
    }

    /// Whether the model asked for tools.
    pub(super) fn has_calls(&self) -> bool {
        self.calls.are_some()
    }

    /// Whether the model declined.
    pub(super) fn is_refusal(&self) -> bool {
        !self.refusal.is_empty()
    }

    /// The message that was said.
    pub(super) fn finish(self, row: &Row, out: Out<'_, '_>) -> Message {
        let mut parts = Vec::with_capacity(self.content.len() + self.calls.len() + 2);
        parts.extend(self.reasoning.finish(row));
        parts.extend(self.content.into_iter().map(|content| match content {
            Content::Text(text) => Part::text(text),
            Content::Native(native) => Part::Native(native),
        }));
        if !self.refusal.is_empty() {
            parts.push(Part::Refusal(Refusal { text: self.refusal, extra: crate::message::Extra::default() }));
        }
        parts.extend(self.calls.finish(row, out));
        let mut message = Message::new(Role::Assistant, parts);
        message.extra = content::by_server(self.rest, row);
        message
    }
}

impl Thoughts {
    fn text(&mut self, field: &'static str, text: &str, out: Out<'_, '_>) {
        if text.is_empty() {
            return;
        }
        match self.fields.iter_mut().find(|(known, _)| *known == field) {
            Some((_, known)) => known.push_str(text),
            None => self.fields.push((field, text.to_owned())),
        }
        if *self.shown.get_or_insert(field) == field {
            out.show(|| ModelEvent::ReasoningDelta(text.to_owned()));
        }
    }

    /// Details come in pieces too: those of one index and type in a row are one, whose texts grow.
    fn details(&mut self, details: &RawValue, out: Out<'_, '_>) -> Result<(), Failure> {
        let details: Vec<Value> = serde_json::from_str(details.get()).map_err(|error| malformed(&error))?;
        for detail in details {
            let text = ["text", "summary"].into_iter().find_map(|name| detail.get(name)?.as_str());
            if self.fields.is_empty()
                && matches!(self.shown, None | Some(DETAILS))
                && let Some(text) = text.filter(|text| !text.is_empty())
            {
                self.shown = Some(DETAILS);
                out.show(|| ModelEvent::ReasoningDelta(text.to_owned()));
            }
            match (self.details.last_mut(), detail) {
                (Some(Value::Object(last)), Value::Object(detail)) if continues(last, &detail) => grow(last, detail),
                (_, detail) => self.details.push(detail),
            }
        }
        Ok(())
    }

    /// Thinking as a part of the content: `{"type": "thinking", "thinking": [{"type": "text", "text": ".."}]}`.
    fn thinking(&mut self, mut fields: Map<String, Value>, out: Out<'_, '_>) {
        match fields.remove("thinking") {
            Some(Value::String(text)) => self.text(THINKING, &text, out),
            Some(Value::Array(parts)) => {
                for text in parts.iter().filter_map(|part| part.get("text")?.as_str()) {
                    self.text(THINKING, text, out);
                }
            }
            _ => {}
        }
        self.thinking.extend(fields);
    }

    fn finish(self, row: &Row) -> Option<Part> {
        let mut fields = Map::new();
        let mut text = String::new();
        if self.shown == Some(DETAILS) {
            let texts = self.details.iter();
            text = texts
                .filter_map(|detail| ["text", "summary"].iter().find_map(|name| detail.get(name)?.as_str()))
                .collect();
        }
        if !self.details.is_empty() {
            fields.insert(DETAILS.to_owned(), self.details.into());
        }
        for (field, words) in self.fields {
            let value = if field == THINKING {
                let mut part = self.thinking.clone();
                part.insert(THINKING.to_owned(), json!([{ "type": "text", "text": &words }]));
                Value::Object(part)
            } else {
                words.as_str().into()
            };
            fields.insert(field.to_owned(), value);
            if self.shown == Some(field) {
                text = words;
            }
        }
        if fields.is_empty() {
            return None;
        }
        Some(Part::Reasoning(Reasoning { text, extra: content::by_server(fields, row) }))
    }
}

/// Whether a reasoning detail goes on where the last one ended.
fn continues(last: &Map<String, Value>, detail: &Map<String, Value>) -> bool {
    let same = |name: &str| last.get(name) == detail.get(name);
    let is_text = detail.contains_key("text") || detail.contains_key("summary") || detail.contains_key("signature");
    is_text && detail.contains_key("index") && same("index") && same("type") && !last.contains_key("data")
}

fn grow(last: &mut Map<String, Value>, detail: Map<String, Value>) {
    for (name, value) in detail {
        match (last.get_mut(&name), value) {
            (Some(Value::String(known)), Value::String(more)) if matches!(&*name, "text" | "summary") => {
                known.push_str(&more);
            }
            (Some(_), Value::Null) => {}
            (Some(known), Value::String(more)) if more.is_empty() && known.is_string() => {}
            (_, value) => {
                last.insert(name, value);
            }
        }
    }
}

/// Keeps a field: lists grow, as do sounds and what they say; everything else is what came last.
fn keep(fields: &mut Map<String, Value>, name: &str, value: &RawValue) {
    if let Ok(value) = serde_json::from_str::<Value>(value.get()) {
        keep_value(fields, name, value);
    }
}

fn keep_value(fields: &mut Map<String, Value>, name: &str, value: Value) {
    match (fields.get_mut(name), value) {
        (Some(Value::Array(known)), Value::Array(more)) => known.extend(more),
        (Some(Value::Object(known)), Value::Object(more)) => {
            more.into_iter().for_each(|(name, value)| keep_value(known, &name, value));
        }
        (Some(Value::String(known)), Value::String(more)) if matches!(name, "data" | "transcript") => {
            known.push_str(&more);
        }
        // What was told is not taken back.
        (Some(_), Value::Null) => {}
        (_, value) => {
            fields.insert(name.to_owned(), value);
        }
    }
}

/// The arguments as text. Some servers send the object itself.
fn arguments(arguments: Option<&RawValue>) -> Result<Cow<'_, str>, Failure> {
    match arguments.map(RawValue::get) {
        None | Some("null") => Ok(Cow::default()),
        Some(json) if json.starts_with('"') => text(json),
        Some(json) => Ok(Cow::Borrowed(json)),
    }
}

fn malformed(error: &serde_json::Error) -> Failure {
    protocol(&unreadable("the answer", error))
}

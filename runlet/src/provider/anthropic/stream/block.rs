//! One content block of a streamed answer, as far as it has come.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Out;
use crate::message::{Extra, Native, Part, Reasoning};
use crate::model::ModelEvent;
use crate::provider::anthropic::PROVIDER;
use crate::provider::json::Words;

/// What was shown of the answer.
#[derive(Clone, Default)]
pub(super) struct Shown {
    pub(super) text: String,
    reasoned: bool,
    /// How many tool calls have begun.
    calls: usize,
}

/// What a block grows by.
#[derive(Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Words<'a>>,
    #[serde(borrow)]
    text: Option<Words<'a>>,
    #[serde(borrow)]
    partial_json: Option<Words<'a>>,
    #[serde(borrow)]
    thinking: Option<Words<'a>>,
    #[serde(borrow)]
    signature: Option<Words<'a>>,
    #[serde(borrow)]
    citation: Option<&'a RawValue>,
}

#[derive(Clone)]
pub(super) struct Block {
    /// What it began with, and the text since.
    part: Part,
    /// The input of a call, of the caller's tools or the provider's, as far as it has come.
    input: String,
    citations: Vec<Value>,
    signature: Option<String>,
    /// What else has come of a block of the provider's own.
    grown: Map<String, Value>,
    /// The call's place among the calls of the answer.
    place: usize,
    ended: bool,
    told: bool,
}

impl Block {
    pub(super) fn begin(part: Part, shown: &mut Shown, out: Out<'_>) -> Self {
        let place = shown.calls;
        match &part {
            Part::Text(text) => shown.text(&text.text, out),
            Part::Reasoning(reasoning) => shown.reasoning(true, &reasoning.text, out),
            Part::ToolCall(call) => {
                shown.calls += 1;
                let name = Some(call.name.clone());
                out.push_back(ModelEvent::ToolCallDelta { index: place, name, arguments: String::new() });
            }
            _ => {}
        }
        let (input, grown) = (String::new(), Map::new());
        Self { part, input, citations: Vec::new(), signature: None, grown, place, ended: false, told: false }
    }

    /// Adds a delta. `false` where it is of no kind that is known.
    pub(super) fn grow(&mut self, delta: &Delta<'_>, shown: &mut Shown, out: Out<'_>) -> bool {
        // After its end a call would become another than the one that was told.
        if self.ended {
            return true;
        }
        match (&mut self.part, delta.kind.as_ref().map(|kind| &*kind.0)) {
            (Part::Text(text), Some("text_delta")) => {
                let more = words(delta.text.as_ref());
                text.text.push_str(more);
                shown.text(more, out);
            }
            (Part::Text(_), Some("citations_delta")) => {
                let citation = delta.citation.and_then(|citation| serde_json::from_str(citation.get()).ok());
                self.citations.extend(citation);
            }
            (Part::Reasoning(reasoning), Some("thinking_delta")) => {
                let more = words(delta.thinking.as_ref());
                shown.reasoning(reasoning.text.is_empty(), more, out);
                reasoning.text.push_str(more);
            }
            (Part::Reasoning(_), Some("signature_delta")) => {
                self.signature = Some(words(delta.signature.as_ref()).to_owned());
            }
            (Part::ToolCall(_), Some("input_json_delta")) => {
                let more = words(delta.partial_json.as_ref());
                self.input.push_str(more);
                let (index, arguments) = (self.place, more.to_owned());
                if !more.is_empty() {
                    out.push_back(ModelEvent::ToolCallDelta { index, name: None, arguments });
                }
            }
            (Part::Native(_), Some("input_json_delta")) => self.input.push_str(words(delta.partial_json.as_ref())),
            (Part::Native(_), _) => return false,
            _ => {}
        }
        true
    }

    /// Adds a delta to a block of the provider's own: text goes on, anything else is replaced.
    pub(super) fn grow_native(&mut self, delta: Map<String, Value>) {
        for (name, value) in delta.into_iter().filter(|(name, _)| name != "type") {
            match (self.grown.get_mut(&name), value) {
                (Some(Value::String(text)), Value::String(more)) => text.push_str(&more),
                (_, value) => {
                    self.grown.insert(name, value);
                }
            }
        }
    }

    /// Ends the block, if it has not ended. A call is [told](Self::tell) after that.
    pub(super) fn end(&mut self, out: Out<'_>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if let Part::ToolCall(call) = &mut self.part {
            if self.input.is_empty() {
                let (index, arguments) = (self.place, call.arguments.clone());
                out.push_back(ModelEvent::ToolCallDelta { index, name: None, arguments });
            } else {
                Arc::make_mut(call).arguments = std::mem::take(&mut self.input);
            }
        }
    }

    /// Tells of a call that is complete. `false` where it is not: calls are told in their order.
    pub(super) fn tell(&mut self, out: Out<'_>) -> bool {
        let Part::ToolCall(call) = &self.part else { return true };
        if self.ended && !std::mem::replace(&mut self.told, true) {
            out.push_back(ModelEvent::ToolCallCompleted(call.clone()));
        }
        self.told
    }

    /// What the block says, now that it has ended.
    pub(super) fn into_part(self) -> Part {
        match self.part {
            Part::Text(mut text) if !self.citations.is_empty() => {
                text.extra = with(&text.extra, "citations", |known| {
                    let mut all = known.as_array().cloned().unwrap_or_default();
                    all.extend(self.citations);
                    all.into()
                });
                Part::Text(text)
            }
            Part::Reasoning(Reasoning { text, extra }) => {
                let extra = self.signature.map_or(extra.clone(), |signed| with(&extra, "signature", |_| signed.into()));
                Part::Reasoning(Reasoning { text, extra })
            }
            Part::Native(native) if !self.input.is_empty() || !self.grown.is_empty() => {
                let grown = grown(&native.item, &self.input, &self.grown);
                Part::Native(grown.map_or(native.clone(), |item| Native::new(PROVIDER, native.kind, item)))
            }
            part => part,
        }
    }
}

impl Shown {
    fn text(&mut self, text: &str, out: Out<'_>) {
        if !text.is_empty() {
            self.text.push_str(text);
            out.push_back(ModelEvent::TextDelta(text.to_owned()));
        }
    }

    /// Shows more of the reasoning. A blank line stands between two blocks of it.
    fn reasoning(&mut self, begins: bool, text: &str, out: Out<'_>) {
        if text.is_empty() {
            return;
        }
        let follows = std::mem::replace(&mut self.reasoned, true);
        let text = if begins && follows { format!("\n\n{text}") } else { text.to_owned() };
        out.push_back(ModelEvent::ReasoningDelta(text));
    }
}

fn words<'a>(text: Option<&'a Words<'_>>) -> &'a str {
    text.map_or("", |text| &text.0)
}

/// Extra fields with one of them changed.
fn with(extra: &Extra, name: &str, change: impl FnOnce(&Value) -> Value) -> Extra {
    let mut fields = extra.of(PROVIDER).cloned().unwrap_or_default();
    let changed = change(fields.get(name).unwrap_or(&Value::Null));
    fields.insert(name.to_owned(), changed);
    Extra::new(PROVIDER, fields)
}

/// A block of the provider's own with all that came after its beginning, its input as the text that came.
fn grown(item: &str, input: &str, fields: &Map<String, Value>) -> Option<String> {
    let mut block: BTreeMap<&str, Box<RawValue>> = serde_json::from_str(item).ok()?;
    if !input.is_empty() {
        block.insert("input", RawValue::from_string(input.to_owned()).ok()?);
    }
    for (name, value) in fields {
        block.insert(name, serde_json::value::to_raw_value(value).ok()?);
    }
    serde_json::to_string(&block).ok()
}

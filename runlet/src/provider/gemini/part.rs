//! A part on the wire, and the part of a [`Message`](crate::Message) that it is.
//!
//! What stands on the wire beside a part's data (`thoughtSignature`, `thought`) is kept as its extra fields under the
//! same names; what stands inside its data beside what Runlet has words for, under the name of the data, as in
//! `{"thoughtSignature": "..", "functionCall": {"willContinue": false}}`.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::PROVIDER;
use crate::message::{Extra, Media, MediaKind, MediaSource, Native, Part, Reasoning, Text, ToolCall, ToolResult};
use crate::provider::json::ObjectWriter;

/// The name under which a text says that it is a tool's whole response, in JSON.
pub(super) const WHOLE_RESPONSE: &str = "wholeResponse";

/// What begins the id of a call that the server gave none.
const MINTED: &str = "gemini_call_";

/// Names that stand beside the data of a part and are not data.
const BESIDE: &[&str] = &["thought", "thoughtSignature", "videoMetadata", "partMetadata", "mediaResolution"];

/// A text that borrows from the JSON where it can.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Borrowed<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// The fields of an object, not yet read.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A part on the wire. One of nothing but text costs no more than the text.
#[derive(Debug, Default)]
pub(super) struct WirePart<'a> {
    pub(super) text: Option<Cow<'a, str>>,
    pub(super) fields: Fields<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for WirePart<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<'a>(PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
            type Value = WirePart<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut part = WirePart::default();
                while let Some(Borrowed(name)) = map.next_key()? {
                    if name == "text" {
                        part.text = map.next_value::<Option<Borrowed<'a>>>()?.map(|text| text.0);
                    } else {
                        part.fields.0.push((name, map.next_value()?));
                    }
                }
                Ok(part)
            }
        }

        deserializer.deserialize_map(Reader(PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<'a>(PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
            type Value = Fields<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Fields::default();
                while let Some(Borrowed(name)) = map.next_key()? {
                    fields.0.push((name, map.next_value()?));
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Reader(PhantomData))
    }
}

impl<'a> Fields<'a> {
    pub(super) fn of(json: &'a RawValue) -> Option<Self> {
        serde_json::from_str(json.get()).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.get() == "true")
    }

    /// Takes a field.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Takes a field that is text; one that is not stays.
    pub(super) fn take_text(&mut self, name: &str) -> Option<String> {
        let Borrowed(text) = serde_json::from_str(self.get(name)?.get()).ok()?;
        self.take(name);
        Some(text.into_owned())
    }

    /// Whether there are no fields but one, which is `true`.
    fn is_only_true(&self, name: &str) -> bool {
        matches!(self.0.as_slice(), [(known, value)] if known == name && value.get() == "true")
    }

    pub(super) fn into_map(self) -> Map<String, Value> {
        let read = |(name, value): (Cow<'a, str>, &RawValue)| {
            Some((name.into_owned(), serde_json::from_str(value.get()).ok()?))
        };
        self.0.into_iter().filter_map(read).collect()
    }

    /// As extra fields of a part; `inner` is what stood inside its data, whose name is `data`.
    fn into_extra(self, data: &str, inner: Fields<'_>) -> Extra {
        let mut extra = self.into_map();
        if !inner.is_empty() {
            extra.insert(data.to_owned(), Value::Object(inner.into_map()));
        }
        Extra::new(PROVIDER, extra)
    }
}

impl WirePart<'_> {
    /// Whether the part is text of the answer, and nothing else.
    pub(super) fn is_plain_text(&self) -> bool {
        self.text.is_some() && self.fields.is_empty()
    }

    /// Whether the part is readable thinking, and nothing else.
    pub(super) fn is_plain_thought(&self) -> bool {
        self.text.is_some() && self.fields.is_only_true("thought")
    }

    /// The part in Runlet's words; what has no word is kept as it came. `mint` gives an id to a call without one.
    pub(super) fn read(self, mint: impl FnOnce() -> String) -> Part {
        let Self { text, fields } = self;
        if let Some(text) = text {
            let text = text.into_owned();
            let is_thought = fields.is_true("thought");
            let extra = Extra::new(PROVIDER, fields.into_map());
            return if is_thought {
                Part::Reasoning(Reasoning { text, extra })
            } else {
                Part::Text(Text { text, extra })
            };
        }
        let read = match fields.data() {
            "functionCall" => call(fields.clone(), mint).map(Part::tool_call),
            "functionResponse" => result(fields.clone()).map(Part::ToolResult),
            // A picture that was thought is no part of the answer.
            data @ ("inlineData" | "fileData") if !fields.is_true("thought") => {
                media(data, fields.clone()).map(Part::Media)
            }
            _ => None,
        };
        read.unwrap_or_else(|| Part::Native(Native::new(PROVIDER, fields.data(), fields.json())))
    }
}

impl Fields<'_> {
    /// The name of a part's data.
    fn data(&self) -> &str {
        let names = || self.0.iter().map(|(name, _)| name.as_ref());
        names().find(|name| !BESIDE.contains(name)).or_else(|| names().next()).unwrap_or_default()
    }

    fn json(&self) -> String {
        let mut out = Vec::new();
        let mut object = ObjectWriter::begin(&mut out);
        for (name, value) in &self.0 {
            object.any_field(name, value).ok();
        }
        object.end();
        String::from_utf8(out).unwrap_or_default()
    }
}

fn call(mut fields: Fields<'_>, mint: impl FnOnce() -> String) -> Option<ToolCall> {
    let mut call = Fields::of(fields.take("functionCall")?)?;
    let name = call.take_text("name")?;
    let arguments = call.take("args").map_or("{}", RawValue::get).to_owned();
    let id = call.take_text("id").filter(|id| !id.is_empty()).unwrap_or_else(mint);
    Some(ToolCall { id, name, arguments, extra: fields.into_extra("functionCall", call) })
}

/// An id for a call without one: the answer's id and the call's place in it make it. It fits what other providers
/// take for an id, as histories may go on there.
pub(super) fn minted_id(answer: Option<&str>, place: usize) -> String {
    let is_fit = |char: &char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
    let answer: String = answer.unwrap_or_default().chars().filter(is_fit).take(40).collect();
    format!("{MINTED}{answer}_{place}")
}

/// Whether an id was not the server's.
pub(super) fn is_minted(id: &str) -> bool {
    id.is_empty() || id.starts_with(MINTED)
}

fn result(mut fields: Fields<'_>) -> Option<ToolResult> {
    let mut result = Fields::of(fields.take("functionResponse")?)?;
    let name = result.take_text("name")?;
    let response: Map<String, Value> = serde_json::from_str(result.take("response")?.get()).ok()?;
    let call_id = result.take_text("id").unwrap_or_default();
    let parts: Vec<WirePart<'_>> = match result.take("parts") {
        None => Vec::new(),
        Some(parts) => serde_json::from_str(parts.get()).ok().filter(|parts: &Vec<_>| !parts.is_empty())?,
    };
    let (mut content, is_error) = match only(&response) {
        _ if response.is_empty() && !parts.is_empty() => (Vec::new(), false),
        Some(("output", Value::String(text))) => (vec![Part::text(text.as_str())], false),
        Some(("error", Value::String(text))) => (vec![Part::text(text.as_str())], true),
        _ => {
            let extra = Extra::new(PROVIDER, Map::from_iter([(WHOLE_RESPONSE.to_owned(), true.into())]));
            (vec![Part::Text(Text { text: Value::Object(response).to_string(), extra })], false)
        }
    };
    for part in parts {
        match part.read(String::new) {
            part @ Part::Media(_) => content.push(part),
            _ => return None,
        }
    }
    Some(ToolResult { call_id, name, content, is_error, extra: fields.into_extra("functionResponse", result) })
}

/// The field of an object that has just one.
fn only(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, value) = object.iter().next().filter(|_| object.len() == 1)?;
    Some((name, value))
}

fn media(data: &str, mut fields: Fields<'_>) -> Option<Media> {
    let mut inner = Fields::of(fields.take(data)?)?;
    let media_type = inner.take_text("mimeType");
    let kind = match media_type.as_deref().and_then(|media_type| media_type.split('/').next()) {
        Some("image") => MediaKind::Image,
        Some("audio") => MediaKind::Audio,
        Some("video") => MediaKind::Video,
        _ => MediaKind::File,
    };
    let source = if data == "inlineData" {
        MediaSource::Base64 { media_type: media_type?, data: inner.take_text("data")? }
    } else {
        MediaSource::Url { url: inner.take_text("fileUri")?, media_type }
    };
    let name = inner.take_text("displayName");
    Some(Media { kind, source, name, extra: fields.into_extra(data, inner) })
}

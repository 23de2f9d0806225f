//! The content of a message item: between a wire item of one message and the parts of a [`Message`](crate::Message).
//!
//! A part's extra fields are kept as `{"item": {..}, "part": {..}}`. `part` holds what stands beside its text on the
//! wire (annotations, the detail of an image). `item` holds what stands beside the content (id, status, phase); it is on
//! the first part of an item only, and a part that has it begins a new item.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::PROVIDER;
use crate::message::{Extra, Media, MediaKind, MediaSource, Native, Part, Refusal, Role, Text};
use crate::provider::data_url;
use crate::provider::openai::take_text;

/// Whether an item is told apart from the text before it even where nothing is kept with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// Other text of the same message stands right before it.
    NewItem,
    /// Nothing that it could be taken to continue stands before it.
    Message,
}

/// Reads the content of a message item whose other fields are `item`. `None` where it holds what parts cannot say.
pub(super) fn parts(role: Role, content: Value, item: Map<String, Value>, begins: Begins) -> Option<Vec<Part>> {
    let mut item = (begins == Begins::NewItem || !item.is_empty()).then_some(item);
    let contents = match content {
        Value::String(text) => return Some(vec![text_part(text, item, Map::new())]),
        Value::Array(contents) if !contents.is_empty() => contents,
        _ => return None,
    };
    contents.into_iter().map(|content| part(role, content, item.take())).collect()
}

fn part(role: Role, content: Value, item: Option<Map<String, Value>>) -> Option<Part> {
    let json = content.to_string();
    let Value::Object(mut fields) = content else { return None };
    let kind = take_text(&mut fields, "type")?;
    match kind.as_str() {
        "input_text" | "output_text" => {
            let text = take_text(&mut fields, "text")?;
            if kind != text_type(role) {
                fields.insert("type".to_owned(), Value::String(kind));
            }
            Some(text_part(text, item, fields))
        }
        "refusal" => {
            let text = take_text(&mut fields, "refusal")?;
            Some(Part::Refusal(Refusal { text, extra: extra(item, fields) }))
        }
        "input_image" | "input_file" => Some(match media(&kind, &mut fields) {
            Some((kind, source, name)) => Part::Media(Media { kind, source, name, extra: extra(item, fields) }),
            None => native(&kind, json, item.as_ref())?,
        }),
        _ => native(&kind, json, item.as_ref()),
    }
}

fn text_part(text: String, item: Option<Map<String, Value>>, part: Map<String, Value>) -> Part {
    Part::Text(Text { text, extra: extra(item, part) })
}

/// A content part of a type of its own. It has no room for the item's fields.
fn native(kind: &str, json: String, item: Option<&Map<String, Value>>) -> Option<Part> {
    let native = Native::new(PROVIDER, kind, json);
    (is_content(&native) && item.is_none_or(Map::is_empty)).then_some(Part::Native(native))
}

/// An item of its own that is kept as it came.
pub(super) fn native_item(kind: &str, json: impl Into<Arc<str>>) -> Part {
    let mut native = Native::new(PROVIDER, kind, json);
    if is_content(&native) {
        // It would be taken for a part of a message. Its type still stands in the item.
        native.kind.clear();
    }
    Part::Native(native)
}

/// Whether a native part stands inside a message, as the types of content parts do, or is an item of its own.
pub(super) fn is_content(native: &Native) -> bool {
    native.kind.starts_with("input_") || native.kind.starts_with("output_")
}

/// The type that text has in messages of a role.
pub(super) fn text_type(role: Role) -> &'static str {
    if role == Role::Assistant { "output_text" } else { "input_text" }
}

/// Takes the source of an image or file, and its name. `None`, and nothing taken, where there is not exactly one source.
fn media(kind: &str, fields: &mut Map<String, Value>) -> Option<(MediaKind, MediaSource, Option<String>)> {
    let is_source = |name: &&str| fields.get(*name).is_some_and(Value::is_string);
    let sources: Vec<&str> = ["image_url", "file_url", "file_data", "file_id"].into_iter().filter(is_source).collect();
    let [name] = sources.as_slice() else { return None };
    let text = fields.get(*name).and_then(Value::as_str)?;
    let source = match *name {
        "file_id" => MediaSource::FileId { id: text.to_owned() },
        "file_data" => data_url(text)?,
        _ if text.starts_with("data:") => data_url(text)?,
        _ => MediaSource::Url { url: text.to_owned(), media_type: None },
    };
    fields.remove(*name);
    let is_file = kind == "input_file";
    let name = if is_file { take_text(fields, "filename") } else { None };
    Some((if is_file { MediaKind::File } else { MediaKind::Image }, source, name))
}

fn extra(item: Option<Map<String, Value>>, part: Map<String, Value>) -> Extra {
    let mut fields = Map::new();
    if let Some(item) = item {
        fields.insert("item".to_owned(), Value::Object(item));
    }
    if !part.is_empty() {
        fields.insert("part".to_owned(), Value::Object(part));
    }
    Extra::new(PROVIDER, fields)
}

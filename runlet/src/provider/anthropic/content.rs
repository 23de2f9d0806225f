//! Content blocks: from a wire block to the part that it is.
//!
//! A part's extra fields are the fields of its block that the part itself has no room for, under their own names, such
//! as `citations`, `cache_control` or `signature`. Thinking also keeps its `type`, as there are two of them.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::PROVIDER;
use crate::message::{Extra, Media, MediaKind, MediaSource, Native, Part, Reasoning, Text, ToolCall, ToolResult};

/// The fields of a block, each as the JSON text that came.
pub(super) type RawFields<'a> = BTreeMap<String, &'a RawValue>;

/// Reads a block of the model. One that has no word of its own in Runlet is kept as it came.
pub(super) fn part(json: &str) -> serde_json::Result<Part> {
    let mut fields: RawFields<'_> = serde_json::from_str(json)?;
    let kind = take_text(&mut fields, "type").unwrap_or_default();
    let read = match kind.as_str() {
        "text" => text(&mut fields),
        "thinking" => thinking(&mut fields),
        "redacted_thinking" => {
            Some(Part::Reasoning(Reasoning { text: String::new(), extra: extra_with_type(&kind, &fields) }))
        }
        "tool_use" => tool_use(&mut fields),
        _ => None,
    };
    Ok(read.unwrap_or_else(|| Part::Native(Native::new(PROVIDER, kind, json))))
}

fn text(fields: &mut RawFields<'_>) -> Option<Part> {
    let text = take_text(fields, "text")?;
    Some(Part::Text(Text { text, extra: extra(fields) }))
}

fn thinking(fields: &mut RawFields<'_>) -> Option<Part> {
    let text = take_text(fields, "thinking")?;
    Some(Part::Reasoning(Reasoning { text, extra: extra_with_type("thinking", fields) }))
}

fn tool_use(fields: &mut RawFields<'_>) -> Option<Part> {
    let (id, name) = (take_text(fields, "id")?, take_text(fields, "name")?);
    let arguments = fields.remove("input").map_or("{}", RawValue::get).to_owned();
    Some(Part::tool_call(ToolCall { id, name, arguments, extra: extra(fields) }))
}

/// Reads a block of the user, or of a tool's result. `functions` are the names of the functions called, by call.
pub(super) fn user_part(block: &Value, functions: &HashMap<String, String>) -> Part {
    let kind = block.get("type").and_then(Value::as_str).unwrap_or_default();
    let read = match (kind, block.as_object()) {
        ("text", Some(fields)) => user_text(fields.clone()),
        ("image" | "document", Some(fields)) => media(kind, fields.clone()).map(Part::Media),
        ("tool_result", Some(fields)) => tool_result(fields.clone(), functions).map(Part::ToolResult),
        _ => None,
    };
    read.unwrap_or_else(|| Part::Native(Native::new(PROVIDER, kind, block.to_string())))
}

fn user_text(mut fields: Map<String, Value>) -> Option<Part> {
    fields.remove("type");
    match fields.remove("text") {
        // Text that says nothing is not sent, so that it can only be kept as it is.
        Some(Value::String(text)) if !text.trim().is_empty() => {
            Some(Part::Text(Text { text, extra: Extra::new(PROVIDER, fields) }))
        }
        _ => None,
    }
}

fn tool_result(mut fields: Map<String, Value>, functions: &HashMap<String, String>) -> Option<ToolResult> {
    fields.remove("type");
    let Some(Value::String(call_id)) = fields.remove("tool_use_id") else { return None };
    let content = match fields.remove("content") {
        None => Vec::new(),
        Some(Value::String(text)) => vec![Part::text(text)],
        Some(Value::Array(blocks)) => blocks.iter().map(|block| user_part(block, functions)).collect(),
        Some(_) => return None,
    };
    let is_error = match fields.remove("is_error") {
        None => false,
        Some(Value::Bool(is_error)) => is_error,
        Some(_) => return None,
    };
    let name = functions.get(&call_id).cloned().unwrap_or_default();
    Some(ToolResult { call_id, name, content, is_error, extra: Extra::new(PROVIDER, fields) })
}

/// Reads an image or a document. `None` where its source is none that Runlet knows.
fn media(kind: &str, mut fields: Map<String, Value>) -> Option<Media> {
    let source = fields.remove("source")?;
    let text = |name: &str| source.get(name).and_then(Value::as_str).map(str::to_owned);
    let (source_fields, read) = match source.get("type")?.as_str()? {
        "url" => (2, MediaSource::Url { url: text("url")?, media_type: None }),
        "file" => (2, MediaSource::FileId { id: text("file_id")? }),
        "base64" => (3, MediaSource::Base64 { media_type: text("media_type")?, data: text("data")? }),
        "text" => {
            let data = STANDARD.encode(text("data")?);
            (3, MediaSource::Base64 { media_type: text("media_type")?, data })
        }
        _ => return None,
    };
    if source.as_object()?.len() != source_fields {
        return None;
    }
    fields.remove("type");
    let kind = if kind == "image" { MediaKind::Image } else { MediaKind::File };
    let name = match fields.get("title") {
        Some(Value::String(title)) if kind == MediaKind::File => Some(title.clone()),
        _ => None,
    };
    if name.is_some() {
        fields.remove("title");
    }
    Some(Media { kind, source: read, name, extra: Extra::new(PROVIDER, fields) })
}

/// Takes a field that is text; one that is not stays.
pub(super) fn take_text(fields: &mut RawFields<'_>, name: &str) -> Option<String> {
    let text = serde_json::from_str(fields.get(name)?.get()).ok()?;
    fields.remove(name);
    Some(text)
}

fn extra(fields: &RawFields<'_>) -> Extra {
    Extra::new(PROVIDER, values(fields))
}

fn extra_with_type(kind: &str, fields: &RawFields<'_>) -> Extra {
    let mut fields = values(fields);
    fields.insert("type".to_owned(), kind.into());
    Extra::new(PROVIDER, fields)
}

fn values(fields: &RawFields<'_>) -> Map<String, Value> {
    let value = |json: &&RawValue| serde_json::from_str(json.get()).unwrap_or_default();
    fields.iter().map(|(name, json)| (name.clone(), value(json))).collect()
}

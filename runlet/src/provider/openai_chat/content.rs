//! The content of messages: between its wire form and parts, and the fields that are kept with them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::PROVIDER;
use super::compat::{Files, Row};
use crate::error::Result;
use crate::message::{Extra, Media, MediaKind, MediaSource, Native, Part, Role, Text};
use crate::provider::json::merge;
use crate::provider::openai::{malformed, object, take_text, unsayable};
use crate::provider::{data_url, inlined};

/// Who wrote the fields that are kept with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    ByCaller,
    ByServer,
}

/// The kind of a native part that is a whole message.
const MESSAGE: &str = "message";

/// Keeps fields that the caller wrote.
pub(super) fn by_caller(fields: Map<String, Value>) -> Extra {
    extra(fields, None)
}

/// Keeps fields that a server gave.
pub(super) fn by_server(fields: Map<String, Value>, row: &Row) -> Extra {
    extra(fields, Some(row.name))
}

fn extra(fields: Map<String, Value>, from: Option<&str>) -> Extra {
    if fields.is_empty() {
        return Extra::default();
    }
    let from = from.map(|from| ("from".to_owned(), from.into()));
    let fields = ("fields".to_owned(), Value::Object(fields));
    Extra::new(PROVIDER, from.into_iter().chain([fields]).collect())
}

/// The kept fields that may go to a server of this kind, and who wrote them.
pub(super) fn kept_of_extra<'a>(extra: &'a Extra, row: &Row) -> Option<(&'a Map<String, Value>, Written)> {
    let kept = extra.of(PROVIDER)?;
    let written = match kept.get("from") {
        None => Written::ByCaller,
        Some(from) if from == row.name => Written::ByServer,
        Some(_) => return None,
    };
    Some((kept.get("fields")?.as_object()?, written))
}

/// The kept fields of a content part.
pub(super) fn kept<'a>(part: &'a Part, row: &Row) -> Option<&'a Map<String, Value>> {
    let extra = match part {
        Part::Text(text) => &text.extra,
        Part::Media(media) => &media.extra,
        _ => return None,
    };
    kept_of_extra(extra, row).map(|(fields, _)| fields)
}

/// Whether a native part is a whole message; else it is a part of the content.
pub(super) fn is_message(native: &Native) -> bool {
    native.provider == PROVIDER && native.kind == MESSAGE
}

/// A message that is kept as it came.
pub(super) fn native_message(message: &Map<String, Value>) -> Part {
    Part::Native(Native::new(PROVIDER, MESSAGE, serde_json::to_string(message).unwrap_or_default()))
}

/// Content as it is written.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    None,
    Text(Cow<'a, str>),
    List(Vec<Value>),
}

/// The text of a part that is nothing but a text.
pub(super) fn plain<'a>(part: &'a Part, row: &Row) -> Option<&'a str> {
    match part {
        Part::Text(text) if kept(part, row).is_none() => Some(&text.text),
        _ => None,
    }
}

/// Parts as the content of a message: a text where that is all, else a list.
pub(super) fn content<'a>(parts: &[&'a Part], role: Role, row: &Row) -> Result<Content<'a>> {
    match parts {
        [] => return Ok(Content::Text(Cow::default())),
        [part] if let Some(text) = plain(part, row) => return Ok(Content::Text(text.into())),
        _ => {}
    }
    let mut list = Vec::with_capacity(parts.len());
    for part in parts {
        let mut fields = match part {
            Part::Text(text) => object([("type", "text"), ("text", &text.text)]),
            Part::Refusal(refusal) => object([("type", "text"), ("text", &refusal.text)]),
            Part::Media(_) if role == Role::System => {
                return Err(unsayable(PROVIDER, "a system message cannot hold an image or a file"));
            }
            Part::Media(media) => media_fields(media, row)?,
            Part::Native(native) if native.provider == PROVIDER => {
                list.push(serde_json::from_str(&native.item).map_err(|_| malformed(native))?);
                continue;
            }
            _ => continue,
        };
        if let Some(kept) = kept(part, row) {
            merge(&mut fields, kept);
        }
        list.push(Value::Object(fields));
    }
    Ok(Content::List(list))
}

fn media_fields(media: &Media, row: &Row) -> Result<Map<String, Value>> {
    let cannot = |what: &str| Err(unsayable(PROVIDER, &format!("{} does not take {what}", row.name)));
    let source = inlined(&media.source);
    let url = match &*source {
        MediaSource::Url { url, .. } => Some(url.clone()),
        MediaSource::Base64 { media_type, data } if media.kind != MediaKind::Audio => {
            Some(format!("data:{media_type};base64,{data}"))
        }
        _ => None,
    };
    let is_url = matches!(*source, MediaSource::Url { .. });
    let (kind, value) = match (media.kind, &*source, url) {
        (MediaKind::Image, _, Some(url)) => ("image_url", json!({ "url": url })),
        (MediaKind::Image, ..) => return cannot("an image by the id of a file"),
        (MediaKind::Video, _, Some(url)) if row.video => ("video_url", json!({ "url": url })),
        (MediaKind::Video, ..) => return cannot("video"),
        (MediaKind::Audio, MediaSource::Base64 { media_type, data }, _) => {
            ("input_audio", json!({ "data": data, "format": audio_format(media_type) }))
        }
        (MediaKind::Audio, ..) => return cannot("sound but in base64"),
        (MediaKind::File, _, url) => match (row.files, url) {
            (Files::Data, Some(_)) if is_url => return cannot("a file by its address"),
            (Files::DocumentUrl, Some(url)) => {
                let mut fields = object([("type", "document_url"), ("document_url", &url)]);
                fields.extend(media.name.as_deref().map(|name| ("document_name".to_owned(), name.into())));
                return Ok(fields);
            }
            (Files::DocumentUrl, None) => return cannot("a file by its id"),
            (Files::Data | Files::DataOrUrl, url) => ("file", file(media, url)),
        },
    };
    Ok(Map::from_iter([("type".to_owned(), kind.into()), (kind.to_owned(), value)]))
}

fn file(media: &Media, data: Option<String>) -> Value {
    let mut file = Map::new();
    // Data without a file name is rejected.
    let default = data.as_ref().map(|_| "file");
    if let Some(name) = media.name.as_deref().or(default) {
        file.insert("filename".to_owned(), name.into());
    }
    match (&media.source, data) {
        (MediaSource::FileId { id }, _) => file.insert("file_id".to_owned(), id.as_str().into()),
        (_, data) => file.insert("file_data".to_owned(), data.into()),
    };
    file.into()
}

/// The API's word for a type of sound, such as `mp3`.
fn audio_format(media_type: &str) -> &str {
    match media_type.strip_prefix("audio/").unwrap_or(media_type) {
        "mpeg" => "mp3",
        "x-wav" | "wave" => "wav",
        format => format,
    }
}

/// Content after what the model thought, as a list.
pub(super) fn with_thinking(thinking: Value, content: Content<'_>) -> Content<'_> {
    let mut list = vec![thinking];
    match content {
        Content::Text(text) if !text.is_empty() => list.push(json!({ "type": "text", "text": text })),
        Content::List(parts) => list.extend(parts),
        Content::Text(_) | Content::None => {}
    }
    Content::List(list)
}

/// Reads the content of a message that a caller wrote. `None` where it holds what parts cannot say.
pub(super) fn parts(content: Value) -> Option<Vec<Part>> {
    match content {
        Value::String(text) => Some(vec![Part::text(text)]),
        Value::Array(parts) if !parts.is_empty() => parts.iter().map(part).collect(),
        _ => None,
    }
}

fn part(content: &Value) -> Option<Part> {
    let kind = content.as_object()?.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let read = match (kind.as_str(), content.clone()) {
        ("text", Value::Object(fields)) => text_part(fields),
        ("image_url" | "file" | "input_audio", Value::Object(fields)) => media_part(&kind, fields),
        _ => None,
    };
    Some(read.unwrap_or_else(|| {
        // No part of the content is a whole message, whatever it calls itself.
        let kind = if kind == MESSAGE { "part" } else { &kind };
        Part::Native(Native::new(PROVIDER, kind, content.to_string()))
    }))
}

fn text_part(mut fields: Map<String, Value>) -> Option<Part> {
    let text = take_text(&mut fields, "text")?;
    fields.remove("type");
    Some(Part::Text(Text { text, extra: by_caller(fields) }))
}

fn media_part(kind: &str, mut fields: Map<String, Value>) -> Option<Part> {
    fields.remove("type");
    let Some(Value::Object(mut inner)) = fields.remove(kind) else { return None };
    let (media_kind, source, name) = match kind {
        "image_url" => (MediaKind::Image, url_source(take_text(&mut inner, "url")?)?, None),
        "input_audio" => {
            let data = take_text(&mut inner, "data")?;
            let format = take_text(&mut inner, "format")?;
            let media_type = if format == "mp3" { "audio/mpeg".to_owned() } else { format!("audio/{format}") };
            (MediaKind::Audio, MediaSource::Base64 { media_type, data }, None)
        }
        _ => {
            let name = take_text(&mut inner, "filename");
            let source = match (take_text(&mut inner, "file_id"), take_text(&mut inner, "file_data")) {
                (Some(id), None) => MediaSource::FileId { id },
                // Without a name it could not be written again.
                (None, Some(data)) if name.is_some() => url_source(data)?,
                _ => return None,
            };
            (MediaKind::File, source, name)
        }
    };
    if !inner.is_empty() {
        fields.insert(kind.to_owned(), Value::Object(inner));
    }
    Some(Part::Media(Media { kind: media_kind, source, name, extra: by_caller(fields) }))
}

/// Reads an address, or the data in it.
fn url_source(url: String) -> Option<MediaSource> {
    if url.starts_with("data:") { data_url(&url) } else { Some(MediaSource::Url { url, media_type: None }) }
}

//! From the parts of a message to their bytes.

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::PROVIDER;
use super::super::part::{WHOLE_RESPONSE, is_minted};
use super::{native, put, unwritable};
use crate::error::Result;
use crate::message::{Extra, Media, MediaSource, Part, SharedMessage, ToolResult};
use crate::provider::inlined;
use crate::provider::json::ObjectWriter;

/// The names under which messages keep their bytes: for models of the third generation and later, and for older ones.
const DIALECT: &str = "gemini";
const OLD_DIALECT: &str = "gemini-2";

/// What stands for the signature of a thought where another model made the call.
/// <https://ai.google.dev/gemini-api/docs/thought-signatures>, "FAQs".
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// Where files stand that are named by their id.
const FILES: &str = "https://generativelanguage.googleapis.com/v1beta/";

/// The largest whole number up to which all whole numbers are numbers of JavaScript, which is what the API keeps.
const MAX_EXACT: u64 = 1 << 53;

/// The parts of a message, each after a comma.
pub(super) fn parts(message: &SharedMessage, is_new: bool) -> Result<&Bytes> {
    message.wire(if is_new { DIALECT } else { OLD_DIALECT }, |message, out| {
        // What another model said has no signature; the first call of a turn must have one.
        let is_own = message.parts.iter().any(is_own) || message.extra.of(PROVIDER).is_some();
        let mut unsigned = is_new && !is_own;
        for part in &message.parts {
            write_part(out, part, is_new, &mut unsigned)?;
        }
        Ok(())
    })
}

/// Whether a part holds something that this provider keeps.
fn is_own(part: &Part) -> bool {
    let extra = match part {
        Part::Text(part) => &part.extra,
        Part::Reasoning(part) => &part.extra,
        Part::ToolCall(part) => &part.extra,
        Part::Native(native) => return native.provider == PROVIDER,
        _ => return false,
    };
    extra.of(PROVIDER).is_some()
}

fn write_part(out: &mut Vec<u8>, part: &Part, is_new: bool, unsigned: &mut bool) -> Result<()> {
    match part {
        Part::Text(text) => object(out, |part| {
            part.field("text", &text.text)?;
            beside(part, &text.extra, &["text", WHOLE_RESPONSE])
        }),
        Part::Refusal(refusal) => object(out, |part| part.field("text", &refusal.text)),
        // Only what this provider thought can be given back to it.
        Part::Reasoning(reasoning) if reasoning.extra.of(PROVIDER).is_none() => Ok(()),
        Part::Reasoning(reasoning) => object(out, |part| {
            part.field("text", &reasoning.text)?;
            beside(part, &reasoning.extra, &["text"])
        }),
        Part::ToolCall(call) => {
            let no_signature = std::mem::take(unsigned);
            object(out, |part| {
                part.field_with("functionCall", |out| {
                    let mut object = ObjectWriter::begin(out);
                    if !is_minted(&call.id) {
                        object.field("id", &call.id)?;
                    }
                    object.field("name", &call.name)?;
                    arguments(&mut object, &call.arguments)?;
                    inside(&mut object, &call.extra, "functionCall", &["id", "name", "args"])?;
                    object.end();
                    Ok::<_, serde_json::Error>(())
                })?;
                if no_signature {
                    part.field("thoughtSignature", NO_SIGNATURE)?;
                }
                beside(part, &call.extra, &["functionCall"])
            })
        }
        Part::ToolResult(result) => write_result(out, result, is_new),
        Part::Media(media) => write_media(out, media),
        Part::Native(native_part) if native_part.provider != PROVIDER => Ok(()),
        Part::Native(part) => {
            out.push(b',');
            native(out, part)
        }
    }
}

/// Writes the arguments of a call, which must be an object.
fn arguments(object: &mut ObjectWriter<'_>, arguments: &str) -> serde_json::Result<()> {
    let text = arguments.trim();
    match serde_json::from_str::<&RawValue>(text) {
        Ok(json) if text.starts_with('{') => object.field("args", json),
        _ if text.is_empty() => object.field("args", &json!({})),
        // Another model's call that is no call: what it wrote stays readable.
        _ => object.field("args", &json!({ "arguments": arguments })),
    }
}

fn write_result(out: &mut Vec<u8>, result: &ToolResult, is_new: bool) -> Result<()> {
    let media: Vec<&Media> = result
        .content
        .iter()
        .filter_map(|part| if let Part::Media(media) = part { Some(media) } else { None })
        .collect();
    // Older models read media beside a function's response, not in it.
    let (inside_response, beside_response) = if is_new { (media, Vec::new()) } else { (Vec::new(), media) };
    let mut parts = Vec::new();
    for media in inside_response {
        write_media(&mut parts, media)?;
    }
    object(out, |part| {
        part.field_with("functionResponse", |out| {
            let mut object = ObjectWriter::begin(out);
            if !is_minted(&result.call_id) {
                object.field("id", &result.call_id)?;
            }
            object.field("name", &result.name)?;
            object.field_with("response", |out| response(out, result))?;
            if let Some((_, parts)) = parts.split_first() {
                object.field_with("parts", |out| {
                    put(out, b"[")?;
                    put(out, parts)?;
                    put(out, b"]")
                })?;
            }
            inside(&mut object, &result.extra, "functionResponse", &["id", "name", "response", "parts"])?;
            object.end();
            Ok::<_, serde_json::Error>(())
        })?;
        beside(part, &result.extra, &["functionResponse"])
    })?;
    for media in beside_response {
        write_media(out, media)?;
    }
    Ok(())
}

/// What a function gave: `output`, or `error` where it failed (<https://ai.google.dev/api/caching#FunctionResponse>).
fn response(out: &mut Vec<u8>, result: &ToolResult) -> serde_json::Result<()> {
    if let [Part::Text(text), ..] = result.content.as_slice()
        && text.extra.of(PROVIDER).is_some_and(|extra| extra.contains_key(WHOLE_RESPONSE))
        && text.text.starts_with('{')
        && serde_json::from_str::<&RawValue>(&text.text).is_ok()
    {
        return put(out, text.text.as_bytes());
    }
    let has_text = result.content.iter().any(|part| matches!(part, Part::Text(_)));
    let mut object = ObjectWriter::begin(out);
    if has_text || result.content.is_empty() {
        let text = result.as_text();
        let name = if result.is_error { "error" } else { "output" };
        if is_exact_json(&text) { object.raw_field(name, text.trim()) } else { object.field(name, &text)? }
    }
    object.end();
    Ok(())
}

/// Whether a text is an object or a list in JSON that means the same to the API, which keeps all numbers as `double`.
/// Anything else is sent as the text that it is: the digits of a long id must not change.
fn is_exact_json(text: &str) -> bool {
    fn is_exact(value: &Value) -> bool {
        match value {
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => number <= MAX_EXACT,
                (None, Some(number)) => number.unsigned_abs() <= MAX_EXACT,
                // A number with a point; one of too many digits was read as such as well.
                (None, None) => number.as_f64().is_some_and(|number| number.abs() < 9_007_199_254_740_992.0),
            },
            Value::Array(values) => values.iter().all(is_exact),
            Value::Object(fields) => fields.values().all(is_exact),
            _ => true,
        }
    }
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str(text).is_ok_and(|value| is_exact(&value))
}

fn write_media(out: &mut Vec<u8>, media: &Media) -> Result<()> {
    let url;
    let source = inlined(&media.source);
    let (data, mut fields) = match &*source {
        MediaSource::Base64 { media_type, data } => {
            ("inlineData", vec![("mimeType", media_type.as_str()), ("data", data.as_str())])
        }
        MediaSource::Url { url, media_type } => {
            let mut fields = vec![("fileUri", url.as_str())];
            fields.extend(media_type.as_deref().map(|media_type| ("mimeType", media_type)));
            ("fileData", fields)
        }
        MediaSource::FileId { id } => {
            url = if id.contains("://") {
                id.clone()
            } else {
                format!("{FILES}{}{id}", if id.starts_with("files/") { "" } else { "files/" })
            };
            ("fileData", vec![("fileUri", url.as_str())])
        }
    };
    fields.extend(media.name.as_deref().map(|name| ("displayName", name)));
    object(out, |part| {
        part.field_with(data, |out| {
            let mut object = ObjectWriter::begin(out);
            for (name, text) in &fields {
                object.field(name, text)?;
            }
            inside(&mut object, &media.extra, data, &["mimeType", "data", "fileUri", "displayName"])?;
            object.end();
            Ok::<_, serde_json::Error>(())
        })?;
        beside(part, &media.extra, &[data])
    })
}

/// Writes a part, after a comma.
fn object(out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>) -> serde_json::Result<()>) -> Result<()> {
    out.push(b',');
    let mut object = ObjectWriter::begin(out);
    write(&mut object).map_err(unwritable)?;
    object.end();
    Ok(())
}

/// Writes what stood beside the data of a part.
fn beside(object: &mut ObjectWriter<'_>, extra: &Extra, except: &[&str]) -> serde_json::Result<()> {
    extra.of(PROVIDER).map_or(Ok(()), |fields| object.fields(fields, except))
}

/// Writes what stood inside the data of a part beside what Runlet has words for.
fn inside(object: &mut ObjectWriter<'_>, extra: &Extra, data: &str, except: &[&str]) -> serde_json::Result<()> {
    let fields = extra.of(PROVIDER).and_then(|extra| extra.get(data)?.as_object());
    fields.map_or(Ok(()), |fields| object.fields(fields, except))
}

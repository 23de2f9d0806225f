//! From a request to the bytes of its body.
//!
//! Each message's items are written once in the message's life and shared from then on;
//! only what stands around them is written for each request.

use std::collections::HashSet;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::content::{is_content, text_type};
use super::{Delivery, PROVIDER, VENDOR, unsayable};
use crate::error::{Error, Result};
use crate::message::{Extra, Media, MediaKind, MediaSource, Message, Part, Role, SharedMessage, ToolResult};
use crate::model::{ModelRequest, OutputFormat, ToolChoice, ToolDefinition};
use crate::provider::account::lay_options;
use crate::provider::inlined;
use crate::provider::json::ObjectWriter;
use crate::provider::openai::{self, AUTO_STRICT, malformed, native, object as json_object, short_id, strictness};
use crate::provider::pieces::{Pieces, RequestBody, SMALL};
use crate::tool::ToolSpec;

/// The name under which messages keep their bytes.
const DIALECT: &str = "openai-responses";

/// The most that a call's id may have, in bytes: the API's reference has it as `maxLength`, and longer ones are rejected.
const LONGEST_CALL_ID: usize = 64;

/// Room for what stands around the messages, apart from the tools and the instructions.
const HEAD_BYTES: usize = 256;

/// Writes the body of a request; `tools` is what [`tools`] wrote of its tools.
pub(super) fn body(model: &str, request: &ModelRequest, tools: &Bytes, delivery: Delivery) -> Result<RequestBody> {
    let mut rest = settings(request, delivery)?;
    lay_options(&mut rest, &VENDOR, request, &[AUTO_STRICT])?;
    let overridden: HashSet<&str> = rest.keys().map(String::as_str).collect();

    let room = if overridden.contains("input") { 0 } else { request.messages.room(SMALL, message_items)? };
    let instructions_bytes = request.instructions.as_deref().map_or(0, str::len);
    let mut head = Vec::with_capacity(HEAD_BYTES + tools.len() + instructions_bytes + room);
    let mut object = ObjectWriter::begin(&mut head);
    if !overridden.contains("model") {
        object.field("model", model).map_err(unwritable)?;
    }
    if let Some(instructions) = request.instructions.as_deref().filter(|_| !overridden.contains("instructions")) {
        object.field("instructions", instructions).map_err(unwritable)?;
    }
    if !tools.is_empty() && !overridden.contains("tools") {
        object
            .field_with("tools", |out| {
                out.extend_from_slice(tools);
                Ok::<_, serde_json::Error>(())
            })
            .map_err(unwritable)?;
    }
    object.fields(&rest, &[]).map_err(unwritable)?;

    if overridden.contains("input") || !says_something(request)? {
        object.end();
        return Ok(head.into());
    }
    object
        .field_with("input", |out| {
            out.push(b'[');
            Ok::<_, serde_json::Error>(())
        })
        .map_err(unwritable)?;
    let begun = head.len();
    // A message's bytes begin with a comma, so that they can be shared wherever the message stands.
    let joined = request.messages.join(DIALECT, SMALL, 1, &mut head, message_items)?;
    let mut follows = head.len() > begun;
    let rest = request.messages.get(joined..).unwrap_or_default();
    let mut pieces = Pieces::with_capacity(rest.len() + 2);
    pieces.own(head);
    for message in rest {
        let items = message_items(message)?;
        if !items.is_empty() {
            pieces.kept(items, usize::from(!follows));
            follows = true;
        }
    }
    pieces.fixed(b"]}");
    Ok(pieces.join())
}

/// Whether strict mode is chosen for the tools and the output of a request that say nothing of it.
pub(super) fn auto_strict(request: &ModelRequest) -> bool {
    openai::auto_strict(request, PROVIDER)
}

/// Writes the list of tools; nothing where there are none. Other providers' tools are left out.
pub(super) fn tools(tools: &[ToolDefinition], auto_strict: bool) -> Result<Bytes> {
    openai::tools(PROVIDER, tools, |out, spec| function(out, spec, auto_strict))
}

fn function(out: &mut Vec<u8>, spec: &ToolSpec, auto_strict: bool) -> serde_json::Result<()> {
    // Never left open: what a server then makes of it, it makes without telling (an argument that may be left out
    // becomes one that must be given). https://developers.openai.com/api/docs/guides/function-calling, "Strict mode".
    let (parameters, strict) = strictness(&spec.parameters, spec.strict, auto_strict);
    let mut object = ObjectWriter::begin(out);
    object.field("type", "function")?;
    object.field("name", &spec.name)?;
    if !spec.description.is_empty() {
        object.field("description", &spec.description)?;
    }
    object.raw_field("parameters", parameters.json());
    if let Some(strict) = strict {
        object.field("strict", &strict)?;
    }
    object.end();
    Ok(())
}

/// Everything of the body but the model, the instructions, the input and the tools.
fn settings(request: &ModelRequest, delivery: Delivery) -> Result<Map<String, Value>> {
    let mut settings = Map::new();
    let mut set = |name: &str, value: Value| settings.insert(name.to_owned(), value);
    if let Some(choice) = &request.tool_choice {
        set("tool_choice", tool_choice(choice));
    }
    if let Some(parallel) = request.parallel_tool_calls {
        set("parallel_tool_calls", parallel.into());
    }
    if let Some(format) = &request.output {
        set("text", json!({ "format": output_format(format, auto_strict(request)) }));
    }
    if let Some(tokens) = request.max_output_tokens {
        set("max_output_tokens", tokens.into());
    }
    for (name, number) in openai::sampling(PROVIDER, request)? {
        set(name, number.into());
    }
    if delivery == Delivery::Streamed {
        set("stream", true.into());
    }
    Ok(settings)
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Tool(name) => json!({ "type": "function", "name": name }),
    }
}

fn output_format(format: &OutputFormat, auto_strict: bool) -> Value {
    match openai::schema_format(format, auto_strict) {
        None => json!({ "type": "json_object" }),
        Some(mut format) => {
            format.insert("type".to_owned(), "json_schema".into());
            Value::Object(format)
        }
    }
}

/// Whether any message has items. The first one has, but in requests that nobody sends.
fn says_something(request: &ModelRequest) -> Result<bool> {
    for message in &request.messages {
        if !message_items(message)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn message_items(message: &SharedMessage) -> Result<&Bytes> {
    message.wire(DIALECT, |message, out| {
        let mut content: Vec<&Part> = Vec::new();
        for part in &message.parts {
            match part {
                Part::Native(native) if native.provider != PROVIDER => {}
                Part::Native(native) if is_content(native) => content.push(part),
                Part::Text(_) | Part::Refusal(_) | Part::Media(_) => {
                    if begins_item(part) {
                        write_content(out, message, &mut content)?;
                    }
                    content.push(part);
                }
                Part::Native(_) | Part::Reasoning(_) | Part::ToolCall(_) | Part::ToolResult(_) => {
                    write_content(out, message, &mut content)?;
                    write_item(out, part)?;
                }
            }
        }
        write_content(out, message, &mut content)
    })
}

/// Writes a part that is an item of its own, after a comma.
fn write_item(out: &mut Vec<u8>, part: &Part) -> Result<()> {
    match part {
        Part::Native(item) => {
            out.push(b',');
            native(out, item)
        }
        Part::Reasoning(reasoning) => match reasoning.extra.of(PROVIDER) {
            // Only what this provider thought can be given back to it.
            None => Ok(()),
            Some(fields) => object(out, "reasoning", |object| object.fields(fields, &["type"])),
        },
        Part::ToolCall(call) => object(out, "function_call", |object| {
            object.field("call_id", &*short_id(&call.id, LONGEST_CALL_ID))?;
            object.field("name", &call.name)?;
            object.field("arguments", &call.arguments)?;
            extra_fields(object, &call.extra, &["type", "call_id", "name", "arguments"])
        }),
        Part::ToolResult(result) => {
            let output = output(result)?;
            object(out, "function_call_output", |object| {
                object.field("call_id", &*short_id(&result.call_id, LONGEST_CALL_ID))?;
                object.field("output", &output)?;
                extra_fields(object, &result.extra, &["type", "call_id", "output"])
            })
        }
        Part::Text(_) | Part::Refusal(_) | Part::Media(_) => Ok(()),
    }
}

fn object(
    out: &mut Vec<u8>,
    kind: &str,
    write: impl FnOnce(&mut ObjectWriter<'_>) -> serde_json::Result<()>,
) -> Result<()> {
    out.push(b',');
    let mut object = ObjectWriter::begin(out);
    object.field("type", kind).and_then(|()| write(&mut object)).map_err(unwritable)?;
    object.end();
    Ok(())
}

fn extra_fields(object: &mut ObjectWriter<'_>, extra: &Extra, except: &[&str]) -> serde_json::Result<()> {
    extra.of(PROVIDER).map_or(Ok(()), |fields| object.fields(fields, except))
}

/// What a tool gave: text where that is all, else a list.
fn output(result: &ToolResult) -> Result<Value> {
    match result.content.as_slice() {
        [] => Ok("".into()),
        [Part::Text(text)] if text.extra.of(PROVIDER).is_none() => Ok(text.text.as_str().into()),
        parts => content_list(Role::Tool, parts),
    }
}

/// Writes the content that has come together as one message item, after a comma, and empties it.
fn write_content(out: &mut Vec<u8>, message: &Message, content: &mut Vec<&Part>) -> Result<()> {
    let Some(first) = content.first() else { return Ok(()) };
    let none = Map::new();
    let item = kept(first, "item").unwrap_or(&none);
    let value = match content.as_slice() {
        [Part::Text(text)] if kept(first, "part").is_none() && !item.contains_key("id") => text.text.as_str().into(),
        parts => content_list(message.role, parts.iter().copied())?,
    };
    out.push(b',');
    let mut object = ObjectWriter::begin(out);
    let mut write = || {
        if item.contains_key("id") {
            object.field("type", "message")?;
        }
        object.field("role", role(message))?;
        object.field("content", &value)?;
        object.fields(item, &["type", "role", "content"])
    };
    write().map_err(unwritable)?;
    object.end();
    content.clear();
    Ok(())
}

fn role(message: &Message) -> &str {
    match message.role {
        // The two are one to OpenAI; other servers know `system` better, so `developer` is written where it came.
        Role::System => message.extra.of(PROVIDER).and_then(|extra| extra.get("role")?.as_str()).unwrap_or("system"),
        Role::Assistant => "assistant",
        Role::User | Role::Tool => "user",
    }
}

fn content_list<'a>(role: Role, parts: impl IntoIterator<Item = &'a Part>) -> Result<Value> {
    let mut list = Vec::new();
    for part in parts {
        let mut fields = match part {
            Part::Text(text) => json_object([("type", text_type(role)), ("text", &text.text)]),
            Part::Refusal(refusal) if role == Role::Assistant => {
                json_object([("type", "refusal"), ("refusal", &refusal.text)])
            }
            Part::Refusal(refusal) => json_object([("type", text_type(role)), ("text", &refusal.text)]),
            Part::Media(_) if role == Role::Assistant => {
                return Err(unsayable("an assistant message cannot hold an image or a file"));
            }
            Part::Media(media) => media_fields(media)?,
            Part::Native(native) if native.provider == PROVIDER => {
                list.push(serde_json::from_str(&native.item).map_err(|_| malformed(native))?);
                continue;
            }
            _ => continue,
        };
        for (name, value) in kept(part, "part").into_iter().flatten() {
            fields.insert(name.clone(), value.clone());
        }
        list.push(Value::Object(fields));
    }
    Ok(Value::Array(list))
}

fn media_fields(media: &Media) -> Result<Map<String, Value>> {
    let text;
    let inlined = inlined(&media.source);
    let (name, source) = match (&*inlined, media.kind) {
        (_, MediaKind::Audio | MediaKind::Video) => {
            return Err(unsayable("the Responses API takes images and files, neither audio nor video"));
        }
        (MediaSource::FileId { id }, _) => ("file_id", id),
        (MediaSource::Url { url, .. }, MediaKind::Image) => ("image_url", url),
        (MediaSource::Url { url, .. }, MediaKind::File) => ("file_url", url),
        (MediaSource::Base64 { media_type, data }, kind) => {
            text = format!("data:{media_type};base64,{data}");
            (if kind == MediaKind::Image { "image_url" } else { "file_data" }, &text)
        }
    };
    if media.kind == MediaKind::Image {
        // The API's reference has `detail` as required; `auto` is what it takes where it is missing.
        return Ok(json_object([("type", "input_image"), (name, source), ("detail", "auto")]));
    }
    let mut fields = json_object([("type", "input_file"), (name, source)]);
    // Data without a file name is rejected.
    let default = (name == "file_data").then_some("file");
    if let Some(filename) = media.name.as_deref().or(default) {
        fields.insert("filename".to_owned(), filename.into());
    }
    Ok(fields)
}

/// Whether a content part is the first of its item.
fn begins_item(part: &Part) -> bool {
    kept(part, "item").is_some()
}

/// The fields that were kept of a content part, or of the item it begins.
fn kept<'a>(part: &'a Part, of: &str) -> Option<&'a Map<String, Value>> {
    let extra = match part {
        Part::Text(text) => &text.extra,
        Part::Refusal(refusal) => &refusal.extra,
        Part::Media(media) => &media.extra,
        _ => return None,
    };
    extra.of(PROVIDER)?.get(of)?.as_object()
}

#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn unwritable(error: serde_json::Error) -> Error {
    openai::unwritable(PROVIDER, &error)
}

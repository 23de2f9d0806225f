//! From a request to the bytes of its body.
//!
//! Each message is written once in its life and shared from then on; only what stands
//! around it is written for each request.

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::output::{self, Asked};
use super::{BETAS, Delivery, PROVIDER, VENDOR, unsayable};
use crate::error::{Error, Result};
use crate::message::{
    Extra, Media, MediaKind, MediaSource, Message, Native, Part, Reasoning, Role, SharedMessage, ToolCall, ToolResult,
};
use crate::model::{ModelRequest, ToolChoice, ToolDefinition};
use crate::provider::account::lay_options;
use crate::provider::json::ObjectWriter;
use crate::provider::models::{self, Can, Maker};
use crate::provider::pieces::{Pieces, RequestBody};
use crate::schema::Dialect;
use crate::tool::ToolSpec;

/// The name under which messages keep their bytes.
const DIALECT: &str = "anthropic";

/// The option with the `cache_control` of the instructions.
pub(super) const CACHE_INSTRUCTIONS: &str = "cache_instructions";

/// The field of a message's extra fields that says how it stood on the wire.
pub(super) const PLACE: &str = "place";
/// A system message that stands among the others.
pub(super) const IN_PLACE: &str = "in_place";
/// A message of the user that does not share its wire message with the results before it.
pub(super) const APART: &str = "apart";

/// The fields of a request that is only counted
/// (<https://platform.claude.com/docs/en/api/messages/count_tokens>).
const COUNTED: &[&str] = &[
    "cache_control",
    "context_management",
    "mcp_servers",
    "messages",
    "model",
    "output_config",
    "output_format",
    "speed",
    "system",
    "thinking",
    "tool_choice",
    "tools",
];

/// Writes the body of a request; `tools` is what [`tools`] wrote of its tools.
pub(super) fn body(model: &str, request: &ModelRequest, tools: &Bytes, how: Delivery) -> Result<RequestBody> {
    let asked = request.output.as_ref().map(output::ask);
    let mut rest = settings(request, asked.as_ref(), !tools.is_empty(), how)?;
    lay_options(&mut rest, &VENDOR, request, &[BETAS, CACHE_INSTRUCTIONS])?;
    if how == Delivery::Counted {
        rest.retain(|name, _| COUNTED.contains(&name.as_str()));
    }
    let (system, messages) = conversation(model, request, asked.as_ref())?;

    let mut head = Vec::new();
    let mut object = ObjectWriter::begin(&mut head);
    if !rest.contains_key("model") {
        object.field("model", model).map_err(unwritable)?;
    }
    for (name, list) in [("tools", &tools[..]), ("system", &system)] {
        if !list.is_empty() && !rest.contains_key(name) {
            object
                .field_with(name, |out| {
                    out.extend_from_slice(list);
                    Ok::<_, serde_json::Error>(())
                })
                .map_err(unwritable)?;
        }
    }
    object.fields(&rest, &[]).map_err(unwritable)?;
    if messages.is_empty() || rest.contains_key("messages") {
        object.end();
        return Ok(head.into());
    }
    object
        .field_with("messages", |out| {
            out.push(b'[');
            Ok::<_, serde_json::Error>(())
        })
        .map_err(unwritable)?;
    let mut pieces = Pieces::with_capacity(request.messages.len() + 2);
    pieces.own(head);
    pieces.append(messages);
    pieces.fixed(b"]}");
    Ok(pieces.join())
}

/// Writes the list of tools; nothing where there are none. Other providers' tools are left out.
pub(super) fn tools(tools: &[ToolDefinition]) -> Result<Bytes> {
    let mut out = Vec::new();
    for tool in tools {
        match tool {
            ToolDefinition::Function(spec) => {
                out.push(b',');
                function(&mut out, spec).map_err(unwritable)?;
            }
            ToolDefinition::Native(tool) if tool.provider == PROVIDER => {
                out.push(b',');
                native(&mut out, tool)?;
            }
            ToolDefinition::Native(_) => {}
        }
    }
    if let Some(first) = out.first_mut() {
        *first = b'[';
        out.push(b']');
    }
    Ok(out.into())
}

fn function(out: &mut Vec<u8>, spec: &ToolSpec) -> serde_json::Result<()> {
    let mut object = ObjectWriter::begin(out);
    object.field("name", &spec.name)?;
    if !spec.description.is_empty() {
        object.field("description", &spec.description)?;
    }
    object.raw_field("input_schema", spec.parameters.lower(Dialect::Anthropic).schema.json());
    if let Some(strict) = spec.strict {
        object.field("strict", &strict)?;
    }
    object.end();
    Ok(())
}

/// Everything of the body but the model, the system prompt, the messages and the tools.
fn settings(
    request: &ModelRequest,
    asked: Option<&Asked>,
    has_tools: bool,
    how: Delivery,
) -> Result<Map<String, Value>> {
    let mut settings = Map::new();
    let mut set = |name: &str, value: Value| settings.insert(name.to_owned(), value);
    if let Some(choice) = tool_choice(request, has_tools) {
        set("tool_choice", choice);
    }
    if let Some(Asked::Held(schema)) = asked {
        set("output_config", json!({ "format": { "type": "json_schema", "schema": schema } }));
    }
    let limit = match how {
        Delivery::Counted => return Ok(settings),
        Delivery::Whole(limit) | Delivery::Streamed(limit) => limit,
    };
    set("max_tokens", request.max_output_tokens.unwrap_or(limit).into());
    for (name, figure) in [("temperature", request.temperature), ("top_p", request.top_p)] {
        let Some(figure) = figure else { continue };
        let Some(number) = serde_json::Number::from_f64(figure) else {
            return Err(unsayable(&format!("{name} is not a number: {figure}")));
        };
        set(name, number.into());
    }
    if matches!(how, Delivery::Streamed(_)) {
        set("stream", true.into());
    }
    if let Some(container) = open_container(request) {
        set("container", container.clone());
    }
    Ok(settings)
}

/// The choice of tools. The API takes none without tools, so that a choice that changes nothing is then left out.
fn tool_choice(request: &ModelRequest, has_tools: bool) -> Option<Value> {
    let single = request.parallel_tool_calls == Some(false);
    let mut choice = match request.tool_choice.as_ref() {
        Some(ToolChoice::Required) => json!({ "type": "any" }),
        Some(ToolChoice::Tool(name)) => json!({ "type": "tool", "name": name }),
        Some(ToolChoice::None) => return has_tools.then(|| json!({ "type": "none" })),
        Some(ToolChoice::Auto) if has_tools => json!({ "type": "auto" }),
        None if has_tools && single => json!({ "type": "auto" }),
        Some(ToolChoice::Auto) | None => return None,
    };
    if single {
        choice["disable_parallel_tool_use"] = true.into();
    }
    Some(choice)
}

/// The container that the last answer worked in, as long as its turn goes on: what waits there for a tool's result, or
/// paused, goes on in the same one.
fn open_container(request: &ModelRequest) -> Option<&Value> {
    let last = request.messages.iter().rev().find(|message| message.role != Role::Tool)?;
    (last.role == Role::Assistant).then(|| last.extra.of(PROVIDER)?.get("container")?.get("id")).flatten()
}

/// The system prompt as a list of blocks, empty where there is none, and the messages, a piece or more each.
fn conversation<'a>(model: &str, request: &'a ModelRequest, asked: Option<&Asked>) -> Result<(Vec<u8>, Pieces<'a>)> {
    let mut system = Vec::new();
    if let Some(instructions) = request.instructions.as_deref().filter(|text| !is_blank(text)) {
        let options = request.options.of(PROVIDER);
        let cache = options.and_then(|options| options.get(CACHE_INSTRUCTIONS));
        block(&mut system, "text", |object| {
            object.field("text", instructions)?;
            cache.map_or(Ok(()), |cache| object.field("cache_control", cache))
        })?;
    }
    let mut pieces = Pieces::with_capacity(request.messages.len());
    let mut last: Option<&Message> = None;
    let in_place = models::find(Maker::Anthropic, model).is_some_and(|known| known.can(Can::ReadSystemInPlace));
    for message in &request.messages {
        let written = written(message)?;
        if written.is_empty() {
            continue;
        }
        if message.role == Role::System && place(message) != Some(IN_PLACE) {
            let follows_user = last.is_some_and(|last| wire_role(last.role) == "user");
            if !in_place || !follows_user {
                system.push(b',');
                system.extend_from_slice(blocks(written, message.role));
                continue;
            }
        }
        match last {
            Some(before) if shares_message(before, message) => {
                pieces.cut_end(END.len());
                pieces.fixed(b",");
                pieces.kept(written, begin(message.role).len());
            }
            Some(_) => pieces.kept(written, 0),
            None => pieces.kept(written, 1),
        }
        last = Some(message);
    }
    if let Some(Asked::Told(words)) = asked {
        block(&mut system, "text", |object| object.field("text", words))?;
    }
    if let Some(first) = system.first_mut() {
        *first = b'[';
        system.push(b']');
    }
    Ok((system, pieces))
}

/// What a written message ends with.
const END: &[u8] = b"]}";

/// What a written message begins with, up to its first block.
fn begin(role: Role) -> &'static [u8] {
    match role {
        Role::System => br#",{"role":"system","content":["#,
        Role::User | Role::Tool => br#",{"role":"user","content":["#,
        Role::Assistant => br#",{"role":"assistant","content":["#,
    }
}

/// The blocks of a written message.
fn blocks(written: &[u8], role: Role) -> &[u8] {
    written.get(begin(role).len()..written.len().saturating_sub(END.len())).unwrap_or_default()
}

fn wire_role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User | Role::Tool => "user",
        Role::Assistant => "assistant",
    }
}

fn place(message: &Message) -> Option<&str> {
    message.extra.of(PROVIDER)?.get(PLACE)?.as_str()
}

/// Whether a message belongs into the wire message of the one before it: all results of a turn have to be in one, and
/// before anything else that the user says.
fn shares_message(before: &Message, message: &Message) -> bool {
    before.role == Role::Tool && matches!(message.role, Role::Tool | Role::User) && place(message) != Some(APART)
}

/// A message as it goes over the wire, after a comma; nothing where it says nothing.
fn written(message: &SharedMessage) -> Result<&Bytes> {
    message.wire(DIALECT, |message, out| {
        out.extend_from_slice(begin(message.role));
        let begun = out.len();
        for part in &message.parts {
            write_part(out, part, message.role)?;
        }
        if out.len() == begun {
            out.clear();
        } else {
            // The first block has no block before it.
            out.remove(begun);
            out.extend_from_slice(END);
        }
        Ok(())
    })
}

/// Writes a part as a block, after a comma. What says nothing, or is another provider's, is left out.
fn write_part(out: &mut Vec<u8>, part: &Part, role: Role) -> Result<()> {
    match part {
        Part::Text(text) if is_blank(&text.text) => Ok(()),
        Part::Text(text) => block(out, "text", |object| {
            object.field("text", &text.text)?;
            extra_fields(object, &text.extra, &["type", "text"])
        }),
        // The API's own refusals stand in the answer's head, not in its content.
        Part::Refusal(refusal) if refusal.extra.of(PROVIDER).is_some() || is_blank(&refusal.text) => Ok(()),
        Part::Refusal(refusal) => block(out, "text", |object| object.field("text", &refusal.text)),
        Part::Reasoning(reasoning) => thinking(out, reasoning),
        Part::ToolCall(call) => tool_use(out, call),
        Part::ToolResult(result) => tool_result(out, result),
        Part::Media(_) if role == Role::Assistant => {
            Err(unsayable("an assistant message cannot hold an image or a file"))
        }
        Part::Media(media) => write_media(out, media),
        Part::Native(item) if item.provider == PROVIDER => {
            out.push(b',');
            native(out, item)
        }
        Part::Native(_) => Ok(()),
    }
}

/// Only what this provider thought, and signed, can be given back to it.
fn thinking(out: &mut Vec<u8>, reasoning: &Reasoning) -> Result<()> {
    let Some(fields) = reasoning.extra.of(PROVIDER) else { return Ok(()) };
    if fields.get("type").is_some_and(|kind| kind == "redacted_thinking") {
        return block(out, "redacted_thinking", |object| object.fields(fields, &["type"]));
    }
    if fields.get("signature").is_some_and(|signature| signature == "") {
        return Ok(());
    }
    block(out, "thinking", |object| {
        object.field("thinking", &reasoning.text)?;
        object.fields(fields, &["type", "thinking"])
    })
}

fn tool_use(out: &mut Vec<u8>, call: &ToolCall) -> Result<()> {
    block(out, "tool_use", |object| {
        object.field("id", &*call_id(&call.id))?;
        object.field("name", &call.name)?;
        match serde_json::from_str::<Map<String, Value>>(&call.arguments) {
            Ok(_) => object.raw_field("input", call.arguments.trim()),
            Err(_) if is_blank(&call.arguments) => object.raw_field("input", "{}"),
            // The API takes objects only. What the model wrote in vain it may see again.
            Err(_) => object.field("input", &json!({ "malformed_json": call.arguments }))?,
        }
        extra_fields(object, &call.extra, &["type", "id", "name", "input"])
    })
}

/// An id as the API takes it, `^[a-zA-Z0-9_-]+$`. Other providers' ids may have more; a call and its result are changed
/// alike.
fn call_id(id: &str) -> std::borrow::Cow<'_, str> {
    let legal = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    if !id.is_empty() && id.chars().all(legal) {
        return id.into();
    }
    // So that two ids that differ in what is replaced stay two.
    let hash = crate::provider::hash_of_id(id);
    let replaced: String = id.chars().map(|character| if legal(character) { character } else { '_' }).collect();
    format!("{replaced}_{hash:016x}").into()
}

fn tool_result(out: &mut Vec<u8>, result: &ToolResult) -> Result<()> {
    let mut content = Vec::new();
    let is_text = match result.content.as_slice() {
        [Part::Text(text)] if text.extra.of(PROVIDER).is_none() => Some(&text.text),
        parts => {
            for part in parts {
                write_part(&mut content, part, Role::Tool)?;
            }
            None
        }
    };
    if let Some(first) = content.first_mut() {
        *first = b'[';
        content.push(b']');
    }
    block(out, "tool_result", |object| {
        object.field("tool_use_id", &*call_id(&result.call_id))?;
        if let Some(text) = is_text {
            object.field("content", text)?;
        } else if !content.is_empty() {
            object.field_with("content", |out| {
                out.extend_from_slice(&content);
                Ok::<_, serde_json::Error>(())
            })?;
        }
        if result.is_error {
            object.field("is_error", &true)?;
        }
        extra_fields(object, &result.extra, &["type", "tool_use_id", "content", "is_error"])
    })
}

fn write_media(out: &mut Vec<u8>, media: &Media) -> Result<()> {
    let kind = match media.kind {
        MediaKind::Image => "image",
        MediaKind::File => "document",
        MediaKind::Audio | MediaKind::Video => {
            return Err(unsayable("the Messages API takes images and documents, neither audio nor video"));
        }
    };
    let source = match &*crate::provider::inlined(&media.source) {
        MediaSource::Url { url, .. } => json!({ "type": "url", "url": url }),
        MediaSource::FileId { id } => json!({ "type": "file", "file_id": id }),
        MediaSource::Base64 { media_type, data } if kind == "document" && media_type.starts_with("text/") => {
            // Of all text the API knows plain text only.
            json!({ "type": "text", "media_type": "text/plain", "data": decoded(data)? })
        }
        MediaSource::Base64 { media_type, data } => {
            json!({ "type": "base64", "media_type": media_type, "data": data })
        }
    };
    block(out, kind, |object| {
        object.field("source", &source)?;
        if let Some(name) = media.name.as_deref().filter(|_| kind == "document") {
            object.field("title", name)?;
        }
        extra_fields(object, &media.extra, &["type", "source", "title"])
    })
}

fn decoded(data: &str) -> Result<String> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(data).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| unsayable("a text document is not UTF-8 in standard base64"))
}

/// Writes a block, after a comma.
fn block(
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

/// The API refuses text that has nothing but blanks.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Writes a native block or tool as it came.
fn native(out: &mut Vec<u8>, native: &Native) -> Result<()> {
    // One that is not JSON would break the whole body.
    serde_json::from_str::<&RawValue>(&native.item)
        .map_err(|_| unsayable(&format!("a native part of type `{}` is not JSON", native.kind)))?;
    out.extend_from_slice(native.item.as_bytes());
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn unwritable(error: serde_json::Error) -> Error {
    unsayable(&format!("the request cannot be written as JSON: {error}"))
}

//! From a request to the bytes of its body.
//!
//! Each message is written once in the message's life; only what stands around it is written for each request.

use std::borrow::Cow;
use std::collections::HashSet;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::calls::CUSTOM_CALL;
use super::compat::{CallIds, Row, ToolContent};
use super::content::{self, Content, content, is_message, kept, kept_of_extra};
use super::{Delivery, PROVIDER, VENDOR};
use crate::error::Result;
use crate::message::{Message, Part, Role, SharedMessage, ToolCall, ToolResult};
use crate::model::{ModelRequest, OutputFormat, ToolChoice, ToolDefinition};
use crate::provider::account::lay_options;
use crate::provider::hash_of_id;
use crate::provider::json::ObjectWriter;
use crate::provider::openai::{self, AUTO_STRICT, check_native, native, short_id, strictness, unsayable, unwritable};
use crate::provider::pieces::{Pieces, RequestBody, SMALL};
use crate::tool::ToolSpec;

/// The option that says whether a stream is asked for its usage.
pub(super) const INCLUDE_USAGE: &str = "include_usage";
/// The option that names the field for the most tokens of an answer.
pub(super) const MAX_TOKENS_FIELD: &str = "max_tokens_field";

/// Room for what stands around the messages, apart from the tools and the instructions.
const HEAD_BYTES: usize = 256;

/// Writes the body of a request; `tools` is what [`tools`] wrote of its tools.
pub(super) fn body(
    model: &str,
    request: &ModelRequest,
    tools: &Bytes,
    delivery: Delivery,
    row: &Row,
) -> Result<RequestBody> {
    let mut rest = settings(request, delivery, row)?;
    lay_options(&mut rest, &VENDOR, request, &[AUTO_STRICT, INCLUDE_USAGE, MAX_TOKENS_FIELD])?;
    if delivery == Delivery::Whole && rest.get("stream").is_none_or(|stream| stream == false) {
        // Servers reject it where nothing is streamed.
        rest.remove("stream_options");
    }
    let overridden: HashSet<&str> = rest.keys().map(String::as_str).collect();

    let write = |message| message_bytes(message, row);
    let room = if overridden.contains("messages") { 0 } else { request.messages.room(SMALL, write)? };
    let instructions_bytes = request.instructions.as_deref().map_or(0, str::len);
    let mut head = Vec::with_capacity(HEAD_BYTES + tools.len() + instructions_bytes + room);
    let mut object = ObjectWriter::begin(&mut head);
    let write_head = |object: &mut ObjectWriter<'_>| {
        if !overridden.contains("model") {
            object.field("model", model)?;
        }
        // Without its tools a model cannot call any, whether the server knows `none` or not.
        let forbidden = row.required.is_none() && request.tool_choice == Some(ToolChoice::None);
        if !tools.is_empty() && !overridden.contains("tools") && !forbidden {
            object.field_with("tools", |out| {
                out.extend_from_slice(tools);
                Ok::<_, serde_json::Error>(())
            })?;
        }
        object.fields(&rest, &[])
    };
    write_head(&mut object).map_err(|error| unwritable(PROVIDER, &error))?;
    if overridden.contains("messages") {
        object.end();
        return Ok(head.into());
    }
    object
        .field_with("messages", |out| {
            out.push(b'[');
            request.instructions.as_deref().map_or(Ok(()), |text| instructions(out, text))
        })
        .map_err(|error| unwritable(PROVIDER, &error))?;
    let mut follows = request.instructions.is_some();
    let begun = head.len();
    let joined = request.messages.join(row.dialect, SMALL, usize::from(!follows), &mut head, write)?;
    follows |= head.len() > begun;
    let rest = request.messages.get(joined..).unwrap_or_default();
    let mut pieces = Pieces::with_capacity(rest.len() + 2);
    pieces.own(head);
    for message in rest {
        // A message's bytes begin with a comma, so that they can be shared wherever the message stands.
        let bytes = message_bytes(message, row)?;
        if !bytes.is_empty() {
            pieces.kept(bytes, usize::from(!follows));
            follows = true;
        }
    }
    pieces.fixed(b"]}");
    Ok(pieces.join())
}

fn instructions(out: &mut Vec<u8>, text: &str) -> serde_json::Result<()> {
    let mut message = ObjectWriter::begin(out);
    message.field("role", "system")?;
    message.field("content", text)?;
    message.end();
    Ok(())
}

/// Whether strict mode is chosen for the tools and the output of a request that say nothing of it.
pub(super) fn auto_strict(request: &ModelRequest, row: &Row) -> bool {
    row.strict && openai::auto_strict(request, PROVIDER)
}

/// Writes the list of tools; nothing where there are none. Other providers' tools are left out.
pub(super) fn tools(tools: &[ToolDefinition], auto_strict: bool) -> Result<Bytes> {
    openai::tools(PROVIDER, tools, |out, spec| function(out, spec, auto_strict))
}

fn function(out: &mut Vec<u8>, spec: &ToolSpec, auto_strict: bool) -> serde_json::Result<()> {
    let (parameters, strict) = strictness(&spec.parameters, spec.strict, auto_strict);
    let mut tool = ObjectWriter::begin(out);
    tool.field("type", "function")?;
    tool.field_with("function", |out| {
        let mut object = ObjectWriter::begin(out);
        object.field("name", &spec.name)?;
        if !spec.description.is_empty() {
            object.field("description", &spec.description)?;
        }
        object.raw_field("parameters", parameters.json());
        if let Some(strict) = strict {
            object.field("strict", &strict)?;
        }
        object.end();
        Ok::<_, serde_json::Error>(())
    })?;
    tool.end();
    Ok(())
}

/// Everything of the body but the model, the messages and the tools.
fn settings(request: &ModelRequest, delivery: Delivery, row: &Row) -> Result<Map<String, Value>> {
    let option = |name: &str| request.options.of(PROVIDER).and_then(|options| options.get(name));
    let mut settings = Map::new();
    let mut set = |name: &str, value: Value| settings.insert(name.to_owned(), value);
    if let Some(choice) = &request.tool_choice
        && let Some(choice) = tool_choice(choice, row)?
    {
        set("tool_choice", choice);
    }
    if let Some(parallel) = request.parallel_tool_calls.filter(|_| row.parallel_tool_calls) {
        set("parallel_tool_calls", parallel.into());
    }
    if let Some(format) = &request.output {
        set("response_format", output_format(format, auto_strict(request, row), row)?);
    }
    if let Some(tokens) = request.max_output_tokens {
        let name = option(MAX_TOKENS_FIELD).and_then(Value::as_str).unwrap_or(row.max_tokens);
        set(name, tokens.into());
    }
    for (name, number) in openai::sampling(PROVIDER, request)? {
        set(name, number.into());
    }
    if delivery == Delivery::Streamed {
        set("stream", true.into());
        if option(INCLUDE_USAGE).and_then(Value::as_bool).unwrap_or(row.include_usage) {
            set("stream_options", json!({ "include_usage": true }));
        }
    }
    Ok(settings)
}

/// The choice in the server's words; nothing where it goes without saying.
fn tool_choice(choice: &ToolChoice, row: &Row) -> Result<Option<Value>> {
    let Some(required) = row.required else {
        return match choice {
            ToolChoice::Auto => Ok(Some("auto".into())),
            // The tools are left out.
            ToolChoice::None => Ok(None),
            ToolChoice::Required | ToolChoice::Tool(_) => {
                let words = format!("{} cannot be told that the model must call a tool", row.name);
                Err(unsayable(PROVIDER, &words))
            }
        };
    };
    Ok(Some(match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => required.into(),
        ToolChoice::Tool(name) => json!({ "type": "function", "function": { "name": name } }),
    }))
}

fn output_format(format: &OutputFormat, auto_strict: bool, row: &Row) -> Result<Value> {
    match openai::schema_format(format, auto_strict) {
        None => Ok(json!({ "type": "json_object" })),
        Some(schema) if row.json_schema => Ok(json!({ "type": "json_schema", "json_schema": schema })),
        Some(_) => {
            let words = format!("{} cannot be held to a schema, only to JSON (OutputFormat::Json)", row.name);
            Err(unsayable(PROVIDER, &words))
        }
    }
}

fn message_bytes<'a>(message: &'a SharedMessage, row: &Row) -> Result<&'a Bytes> {
    message.wire(row.dialect, |message, out| match message.role {
        Role::Assistant => assistant(out, message, row),
        Role::System | Role::User | Role::Tool => others(out, message, row),
    })
}

/// Writes what is not the model's: results of tools, each a message of its own, and the content around them.
fn others(out: &mut Vec<u8>, message: &Message, row: &Row) -> Result<()> {
    let mut said: Vec<&Part> = Vec::new();
    let mut shown: Vec<&Part> = Vec::new();
    for part in &message.parts {
        match part {
            Part::ToolResult(result) => {
                write_said(out, message, &mut said, row)?;
                tool_result(out, result, &mut shown, row)?;
            }
            Part::Native(item) if is_message(item) => {
                write_said(out, message, &mut said, row)?;
                out.push(b',');
                native(out, item)?;
            }
            Part::Text(_) | Part::Refusal(_) | Part::Media(_) => said.push(part),
            Part::Native(item) if item.provider == PROVIDER => said.push(part),
            Part::Native(_) | Part::Reasoning(_) | Part::ToolCall(_) => {}
        }
    }
    write_said(out, message, &mut said, row)?;
    if !shown.is_empty() {
        // A result cannot hold them here, and the next best place is right after the results.
        let content = content(&shown, Role::User, row)?;
        write(out, |object| {
            object.field("role", "user")?;
            object.field("content", &content)
        })?;
    }
    Ok(())
}

/// Writes the content that has come together as one message, and empties it.
fn write_said(out: &mut Vec<u8>, message: &Message, said: &mut Vec<&Part>, row: &Row) -> Result<()> {
    if said.is_empty() {
        return Ok(());
    }
    let kept = kept_of_extra(&message.extra, row);
    let role = match message.role {
        Role::System => {
            let written = kept.and_then(|(fields, _)| fields.get("role")?.as_str());
            written.filter(|role| *role != "developer" || row.developer_role).unwrap_or("system")
        }
        _ => "user",
    };
    let content = content(said, message.role, row)?;
    said.clear();
    write(out, |object| {
        object.field("role", role)?;
        object.field("content", &content)?;
        kept.map_or(Ok(()), |(fields, _)| object.fields(fields, &["role", "content"]))
    })
}

fn tool_result<'a>(out: &mut Vec<u8>, result: &'a ToolResult, shown: &mut Vec<&'a Part>, row: &Row) -> Result<()> {
    let content = tool_content(result, shown, row)?;
    let id = call_id(&result.call_id, row);
    write(out, |object| {
        object.field("role", "tool")?;
        object.field("tool_call_id", &id)?;
        object.field("content", &content)?;
        let kept = kept_of_extra(&result.extra, row);
        kept.map_or(Ok(()), |(fields, _)| object.fields(fields, &["role", "tool_call_id", "content"]))
    })
}

/// What a result says; what it shows and this server does not take there goes to `shown`.
fn tool_content<'a>(result: &'a ToolResult, shown: &mut Vec<&'a Part>, row: &Row) -> Result<Content<'a>> {
    if let [part] = result.content.as_slice()
        && let Some(text) = content::plain(part, row)
    {
        return Ok(Content::Text(text.into()));
    }
    let is_shown = |part: &&Part| matches!(part, Part::Media(_)) && row.tool_content != ToolContent::Anything;
    let (media, said): (Vec<&Part>, Vec<&Part>) = result.content.iter().partition(is_shown);
    shown.extend(media);
    let texts = || said.iter().map(|part| content::plain(part, row)).collect::<Option<Vec<_>>>();
    if row.tool_content == ToolContent::Text
        && let Some(texts) = texts()
    {
        return Ok(Content::Text(texts.join("\n").into()));
    }
    content(&said, Role::Tool, row)
}

/// Writes an answer of the model.
fn assistant(out: &mut Vec<u8>, message: &Message, row: &Row) -> Result<()> {
    let mut said: Vec<&Part> = Vec::new();
    let calls = || message.parts.iter().filter(|part| is_call(part));
    let has_calls = calls().next().is_some();
    let mut refusal = String::new();
    let mut fields = Map::new();
    let mut thinking = None;
    for part in &message.parts {
        match part {
            Part::Text(text) if text.text.is_empty() && kept(part, row).is_none() => {}
            Part::Text(_) => said.push(part),
            Part::Media(_) => return Err(unsayable(PROVIDER, "an assistant message cannot hold an image or a file")),
            Part::Refusal(part) => refusal.push_str(&part.text),
            Part::Reasoning(reasoning) => {
                let sent = sent_back(kept_of_extra(&reasoning.extra, row), row);
                for (name, value) in sent {
                    if name == "thinking" {
                        thinking = Some(value.clone());
                    } else {
                        fields.insert(name.clone(), value.clone());
                    }
                }
            }
            Part::Native(item) if is_message(item) => {
                out.push(b',');
                native(out, item)?;
            }
            Part::Native(item) if is_call(part) => check_native(item)?,
            Part::Native(item) if item.provider == PROVIDER => said.push(part),
            Part::Native(_) | Part::ToolCall(_) | Part::ToolResult(_) => {}
        }
    }
    for (name, value) in sent_back(kept_of_extra(&message.extra, row), row) {
        fields.insert(name.clone(), value.clone());
    }
    if !refusal.is_empty() {
        fields.insert("refusal".to_owned(), refusal.into());
    }
    if has_calls {
        fields.remove("tool_calls");
    }
    let says = !said.is_empty() || has_calls || !fields.is_empty() || thinking.is_some();
    if !says && !message.parts.iter().any(|part| matches!(part, Part::Text(_))) {
        // What it held is another provider's, or not for sending back.
        return Ok(());
    }
    let is_none = |name: &str| fields.get(name).is_none_or(|value| value.is_null() || *value == json!([]));
    let stands_alone = !has_calls && is_none("refusal") && is_none("tool_calls");
    let content = match (content(&said, Role::Assistant, row)?, thinking) {
        (content, Some(thinking)) => content::with_thinking(thinking, content),
        (_, None) if said.is_empty() && !stands_alone => Content::None,
        (content, None) => content,
    };
    write(out, |object| {
        object.field("role", "assistant")?;
        object.field("content", &content)?;
        object.fields(&fields, &["role", "content"])?;
        if !has_calls {
            return Ok(());
        }
        object.field_with("tool_calls", |out| {
            let mut begin = b'[';
            for call in calls() {
                out.push(std::mem::replace(&mut begin, b','));
                match call {
                    Part::ToolCall(call) => tool_call(out, call, row)?,
                    Part::Native(call) => out.extend_from_slice(call.item.as_bytes()),
                    _ => {}
                }
            }
            out.push(b']');
            Ok(())
        })
    })
}

/// Whether a part is a call, of whatever kind of tool.
fn is_call(part: &Part) -> bool {
    match part {
        Part::ToolCall(_) => true,
        Part::Native(item) => item.provider == PROVIDER && item.kind == CUSTOM_CALL,
        _ => false,
    }
}

fn tool_call(out: &mut Vec<u8>, call: &ToolCall, row: &Row) -> serde_json::Result<()> {
    let kept = kept_of_extra(&call.extra, row).map(|(fields, _)| fields);
    let mut object = ObjectWriter::begin(out);
    object.field("id", &call_id(&call.id, row))?;
    object.field("type", "function")?;
    // Servers read the arguments, and nothing at all is no JSON; it means that there are none.
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    object.field_with("function", |out| {
        let mut function = ObjectWriter::begin(out);
        function.field("name", &call.name)?;
        function.field("arguments", arguments)?;
        function.end();
        Ok::<_, serde_json::Error>(())
    })?;
    kept.map_or(Ok(()), |fields| object.fields(fields, &["id", "type", "function"]))?;
    object.end();
    Ok(())
}

/// What of the kept fields goes to the server: all that the caller wrote, and of the server's own what it wants to see.
fn sent_back<'a>(
    kept: Option<(&'a Map<String, Value>, content::Written)>,
    row: &Row,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let by_server = kept.is_some_and(|(_, by)| by == content::Written::ByServer);
    let names = row.sent_back;
    kept.into_iter()
        .flat_map(|(fields, _)| fields)
        .filter(move |(name, _)| !by_server || names.contains(&name.as_str()))
}

/// A call's id in a form that the server takes: its own, else one that is made of it, the same each time.
fn call_id<'a>(id: &'a str, row: &Row) -> Cow<'a, str> {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    match row.call_ids {
        CallIds::Any => return Cow::Borrowed(id),
        CallIds::UpTo(most) => return short_id(id, most),
        CallIds::Nine if id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            return Cow::Borrowed(id);
        }
        CallIds::Nine => {}
    }
    let mut hash = hash_of_id(id);
    let digits = (0..9).filter_map(|_| {
        let digit = DIGITS.get(usize::try_from(hash % 62).ok()?);
        hash /= 62;
        digit.map(|digit| char::from(*digit))
    });
    Cow::Owned(digits.collect())
}

/// Writes one message after a comma.
fn write(out: &mut Vec<u8>, fields: impl FnOnce(&mut ObjectWriter<'_>) -> serde_json::Result<()>) -> Result<()> {
    out.push(b',');
    let mut object = ObjectWriter::begin(out);
    fields(&mut object).map_err(|error| unwritable(PROVIDER, &error))?;
    object.end();
    Ok(())
}

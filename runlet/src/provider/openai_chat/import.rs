//! From the body of a request back to the request.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::content::{by_caller, native_message, parts};
use super::encode::{INCLUDE_USAGE, MAX_TOKENS_FIELD};
use super::{PROVIDER, VENDOR};
use crate::error::{ProviderErrorCategory as Category, Result};
use crate::message::{Extra, Message, Part, Reasoning, Refusal, Role, ToolCall, ToolResult};
use crate::model::{ModelRequest, OutputFormat, ToolChoice, ToolDefinition};
use crate::provider::openai::{
    AUTO_STRICT, leaves_strict_open, native_tool, only, read_function, read_schema_format, take, take_text,
};
use crate::provider::{Failure, fail};

/// Reads a body. What a request has no field for, or not in this form, becomes an option.
pub(super) fn request(body: &Value) -> Result<ModelRequest> {
    let Value::Object(mut body) = body.clone() else { return Err(config("the body is not an object").into()) };
    body.remove("model");
    let is_streamed = body.remove("stream").is_some_and(|stream| stream == true);
    let mut request = ModelRequest::default();
    match body.remove("messages") {
        None => {}
        Some(Value::Array(list)) => request.messages = messages(list)?.into(),
        Some(_) => return Err(config("the messages are not a list").into()),
    }
    Arc::make_mut(&mut request.tools).extend(take(&mut body, "tools", tools).into_iter().flatten());
    request.tool_choice = take(&mut body, "tool_choice", tool_choice);
    request.parallel_tool_calls = take(&mut body, "parallel_tool_calls", Value::as_bool);
    request.temperature = take(&mut body, "temperature", Value::as_f64);
    request.top_p = take(&mut body, "top_p", Value::as_f64);
    request.output = take(&mut body, "response_format", output_format);
    let mut limit = None;
    for name in ["max_completion_tokens", "max_tokens"] {
        if request.max_output_tokens.is_none() {
            request.max_output_tokens = take(&mut body, name, Value::as_u64);
            limit = request.max_output_tokens.map(|_| name);
        }
    }
    if is_streamed && !body.contains_key("stream_options") {
        request.options.set(PROVIDER, INCLUDE_USAGE, false);
    }
    for (name, value) in body {
        request.options.set(PROVIDER, &name, value);
    }
    if let Some(name) = limit {
        request.options.set(PROVIDER, MAX_TOKENS_FIELD, name);
    }
    if leaves_strict_open(&request) {
        request.options.set(PROVIDER, AUTO_STRICT, false);
    }
    Ok(request)
}

fn config(words: &str) -> Failure {
    fail(VENDOR.provider, Category::Config, words)
}

fn tools(list: &Value) -> Option<Vec<ToolDefinition>> {
    let list = list.as_array().filter(|list| !list.is_empty())?;
    list.iter().map(|tool| function(tool).or_else(|| native_tool(PROVIDER, tool))).collect()
}

fn function(tool: &Value) -> Option<ToolDefinition> {
    let is_function = tool.get("type").is_none_or(|kind| kind == "function") && only(tool, &["type", "function"]);
    if is_function { read_function(tool.get("function")?, &[]) } else { None }
}

fn tool_choice(choice: &Value) -> Option<ToolChoice> {
    match choice.as_str() {
        Some("auto") => Some(ToolChoice::Auto),
        Some("none") => Some(ToolChoice::None),
        Some("required") => Some(ToolChoice::Required),
        None if choice.get("type")? == "function" && only(choice, &["type", "function"]) => {
            let function = choice.get("function").filter(|function| only(function, &["name"]))?;
            Some(ToolChoice::Tool(function.get("name")?.as_str()?.to_owned()))
        }
        _ => None,
    }
}

fn output_format(format: &Value) -> Option<OutputFormat> {
    match format.get("type")?.as_str()? {
        "json_object" if only(format, &["type"]) => Some(OutputFormat::Json),
        "json_schema" if only(format, &["type", "json_schema"]) => read_schema_format(format.get("json_schema")?, &[]),
        _ => None,
    }
}

/// Reads messages. The results of tools in a row are one message.
fn messages(items: Vec<Value>) -> Result<Vec<Message>> {
    let mut read: Vec<Message> = Vec::with_capacity(items.len());
    let mut functions = HashMap::new();
    for item in items {
        let Value::Object(fields) = item else { return Err(config("a message is not an object").into()) };
        let next = message_of(&fields, &mut functions);
        match read.last_mut() {
            Some(last) if last.role == Role::Tool && next.role == Role::Tool => last.parts.extend(next.parts),
            _ => read.push(next),
        }
    }
    Ok(read)
}

/// Reads a message; one that says what Runlet has no word for is kept as it is.
fn message_of(fields: &Map<String, Value>, functions: &mut HashMap<String, String>) -> Message {
    let written = fields.get("role").and_then(Value::as_str).unwrap_or_default();
    let (role, read) = match written {
        "system" | "developer" => (Role::System, said(Role::System, fields.clone())),
        "assistant" => (Role::Assistant, assistant(fields.clone(), functions)),
        "tool" => (Role::Tool, tool(fields.clone(), functions)),
        "function" => (Role::Tool, None),
        _ => (Role::User, said(Role::User, fields.clone()).filter(|_| written == "user")),
    };
    read.unwrap_or_else(|| Message::new(role, vec![native_message(fields)]))
}

fn said(role: Role, mut fields: Map<String, Value>) -> Option<Message> {
    let mut message = Message::new(role, parts(fields.remove("content")?)?);
    if fields.get("role").is_none_or(|role| role != "developer") {
        fields.remove("role");
    }
    message.extra = by_caller(fields);
    Some(message)
}

fn tool(mut fields: Map<String, Value>, functions: &HashMap<String, String>) -> Option<Message> {
    fields.remove("role");
    let call_id = take_text(&mut fields, "tool_call_id")?;
    let content = parts(fields.remove("content")?)?;
    let name = functions.get(&call_id).cloned().unwrap_or_default();
    let result = ToolResult { call_id, name, content, is_error: false, extra: by_caller(fields) };
    Some(Message::tool(vec![result]))
}

fn assistant(mut fields: Map<String, Value>, functions: &mut HashMap<String, String>) -> Option<Message> {
    fields.remove("role");
    let mut read = Vec::new();
    let reasoning = ["reasoning_content", "reasoning", "reasoning_details"];
    let mut kept = Map::new();
    for name in reasoning {
        if let Some(value) = fields.remove(name).filter(|value| !value.is_null()) {
            kept.insert(name.to_owned(), value);
        }
    }
    if !kept.is_empty() {
        let text = reasoning.iter().find_map(|name| kept.get(*name)?.as_str()).unwrap_or_default().to_owned();
        read.push(Part::Reasoning(Reasoning { text, extra: by_caller(kept) }));
    }
    match fields.remove("content") {
        None | Some(Value::Null) => {}
        Some(Value::Array(list)) if list.is_empty() => {}
        Some(content) => read.extend(parts(content)?),
    }
    if let Some(text) = take_text(&mut fields, "refusal") {
        read.push(Part::Refusal(Refusal { text, extra: Extra::default() }));
    }
    if let Some(calls) = take(&mut fields, "tool_calls", tool_calls) {
        for call in calls {
            functions.insert(call.id.clone(), call.name.clone());
            read.push(Part::tool_call(call));
        }
    }
    if read.is_empty() && fields.is_empty() {
        return None;
    }
    let mut message = Message::new(Role::Assistant, read);
    message.extra = by_caller(fields);
    Some(message)
}

fn tool_calls(list: &Value) -> Option<Vec<ToolCall>> {
    list.as_array().filter(|list| !list.is_empty())?.iter().map(tool_call).collect()
}

fn tool_call(call: &Value) -> Option<ToolCall> {
    let mut fields = call.as_object()?.clone();
    if fields.remove("type").is_some_and(|kind| kind != "function") {
        return None;
    }
    let id = take_text(&mut fields, "id")?;
    let function = fields.remove("function").filter(|function| only(function, &["name", "arguments"]))?;
    let text = |name: &str| function.get(name)?.as_str().map(str::to_owned);
    Some(ToolCall { id, name: text("name")?, arguments: text("arguments")?, extra: by_caller(fields) })
}

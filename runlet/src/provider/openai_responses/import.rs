//! From the body of a request back to the request.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::content::{self, Begins};
use super::{PROVIDER, config, decode};
use crate::error::Result;
use crate::message::{Extra, Message, Part, Role, ToolResult};
use crate::model::{ModelRequest, OutputFormat, ToolChoice, ToolDefinition};
use crate::provider::openai::{
    AUTO_STRICT, leaves_strict_open, native_tool, only, read_function, read_schema_format, take, take_text,
};

/// Reads a body. What a request has no field for, or not in this form, becomes an option.
pub(super) fn request(body: &Value) -> Result<ModelRequest> {
    let Value::Object(mut body) = body.clone() else { return Err(config("the body is not an object").into()) };
    body.remove("model");
    body.remove("stream");
    let mut request = ModelRequest::default();
    match body.get("input") {
        None => {}
        Some(Value::String(text)) => {
            request.messages.push(Message::user(text.as_str()));
            body.remove("input");
        }
        Some(Value::Array(items)) if items.is_empty() => {}
        Some(Value::Array(items)) => {
            request.messages = messages(items)?.into();
            body.remove("input");
        }
        Some(_) => return Err(config("the input is neither text nor a list").into()),
    }
    request.instructions = take_text(&mut body, "instructions").map(Into::into);
    take(&mut body, "tools", tools).into_iter().flatten().for_each(|tool| {
        std::sync::Arc::make_mut(&mut request.tools).push(tool);
    });
    request.tool_choice = take(&mut body, "tool_choice", tool_choice);
    request.parallel_tool_calls = take(&mut body, "parallel_tool_calls", Value::as_bool);
    request.max_output_tokens = take(&mut body, "max_output_tokens", Value::as_u64);
    request.temperature = take(&mut body, "temperature", Value::as_f64);
    request.top_p = take(&mut body, "top_p", Value::as_f64);
    if let Some(Value::Object(text)) = body.get_mut("text") {
        request.output = take(text, "format", output_format);
        if text.is_empty() && request.output.is_some() {
            body.remove("text");
        }
    }
    for (name, value) in body {
        request.options.set(PROVIDER, &name, value);
    }
    if leaves_strict_open(&request) {
        request.options.set(PROVIDER, AUTO_STRICT, false);
    }
    Ok(request)
}

fn tools(list: &Value) -> Option<Vec<ToolDefinition>> {
    let list = list.as_array().filter(|list| !list.is_empty())?;
    list.iter().map(|tool| function(tool).or_else(|| native_tool(PROVIDER, tool))).collect()
}

fn function(tool: &Value) -> Option<ToolDefinition> {
    if tool.get("type")? == "function" { read_function(tool, &["type"]) } else { None }
}

fn tool_choice(choice: &Value) -> Option<ToolChoice> {
    match choice.as_str() {
        Some("auto") => Some(ToolChoice::Auto),
        Some("none") => Some(ToolChoice::None),
        Some("required") => Some(ToolChoice::Required),
        None if choice.get("type")? == "function" && only(choice, &["type", "name"]) => {
            Some(ToolChoice::Tool(choice.get("name")?.as_str()?.to_owned()))
        }
        _ => None,
    }
}

fn output_format(format: &Value) -> Option<OutputFormat> {
    match format.get("type")?.as_str()? {
        "json_object" if only(format, &["type"]) => Some(OutputFormat::Json),
        "json_schema" => read_schema_format(format, &["type"]),
        _ => None,
    }
}

fn messages(items: &[Value]) -> Result<Vec<Message>> {
    let mut history = History::default();
    for item in items {
        let fields = item.as_object().ok_or_else(|| config("an item of the input is not an object"))?;
        history.add(fields);
    }
    Ok(history.messages)
}

/// The messages read so far. The items of one side in a row, the model's or the tools', are one message.
#[derive(Default)]
struct History {
    messages: Vec<Message>,
    /// The names of the functions called, by call.
    functions: HashMap<String, String>,
}

impl History {
    fn add(&mut self, item: &Map<String, Value>) {
        let text = |name: &str| item.get(name).and_then(Value::as_str);
        let role = text("role").and_then(role);
        match (text("type"), role) {
            (None | Some("message"), Some(Role::Assistant)) => self.add_assistant_message(item),
            (None | Some("message"), Some(role)) => self.add_message(role, item),
            (Some("function_call_output"), _) => match self.tool_result(item.clone()) {
                Some(result) => self.push(Role::Tool, vec![Part::ToolResult(result)]),
                None => self.push_native(item),
            },
            (Some("function_call" | "reasoning"), _) => {
                let parts = decode::item(&json(item)).unwrap_or_default();
                if let [Part::ToolCall(call)] = parts.as_slice() {
                    self.functions.insert(call.id.clone(), call.name.clone());
                }
                self.push(Role::Assistant, parts);
            }
            _ => self.push_native(item),
        }
    }

    fn add_assistant_message(&mut self, item: &Map<String, Value>) {
        let follows_text = self.messages.last().is_some_and(|message| {
            message.role == Role::Assistant && matches!(message.parts.last(), Some(Part::Text(_) | Part::Refusal(_)))
        });
        let begins = if follows_text { Begins::NewItem } else { Begins::Message };
        match decode::message(item.clone(), begins) {
            Some(parts) => self.push(Role::Assistant, parts),
            None => self.push_native(item),
        }
    }

    fn add_message(&mut self, role: Role, item: &Map<String, Value>) {
        let mut fields = item.clone();
        fields.remove("type");
        let written = take_text(&mut fields, "role").unwrap_or_default();
        let content = fields.remove("content").unwrap_or_default();
        let Some(parts) = content::parts(role, content, fields, Begins::Message) else {
            return self.push_native(item);
        };
        let mut message = Message::new(role, parts);
        if written == "developer" {
            message.extra = Extra::new(PROVIDER, Map::from_iter([("role".to_owned(), written.into())]));
        }
        self.messages.push(message);
    }

    fn tool_result(&self, mut item: Map<String, Value>) -> Option<ToolResult> {
        item.remove("type");
        let call_id = take_text(&mut item, "call_id")?;
        let content = content::parts(Role::Tool, item.remove("output")?, Map::new(), Begins::Message)?;
        let name = self.functions.get(&call_id).cloned().unwrap_or_default();
        Some(ToolResult { call_id, name, content, is_error: false, extra: Extra::new(PROVIDER, item) })
    }

    /// Keeps an item as it is, with the items it stands among.
    fn push_native(&mut self, item: &Map<String, Value>) {
        let kind = item.get("type").and_then(Value::as_str).unwrap_or_default();
        let part = content::native_item(kind, json(item));
        let by_role = item.get("role").and_then(Value::as_str).and_then(role);
        let last = self.messages.last().map(|message| message.role);
        let role = by_role.or(last.filter(|role| *role == Role::Tool)).unwrap_or(Role::Assistant);
        self.push(role, vec![part]);
    }

    fn push(&mut self, role: Role, parts: Vec<Part>) {
        match self.messages.last_mut() {
            Some(last) if last.role == role && matches!(role, Role::Assistant | Role::Tool) => last.parts.extend(parts),
            _ => self.messages.push(Message::new(role, parts)),
        }
    }
}

fn role(name: &str) -> Option<Role> {
    match name {
        "system" | "developer" => Some(Role::System),
        "user" => Some(Role::User),
        "assistant" => Some(Role::Assistant),
        _ => None,
    }
}

fn json(item: &Map<String, Value>) -> String {
    serde_json::to_string(item).unwrap_or_default()
}

//! From the body of a request back to the request.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::content::{self, Begins, take_text};
use super::{PROVIDER, config, decode, encode};
use crate::error::Result;
use crate::message::{Extra, Message, Native, Part, Role, ToolResult};
use crate::model::{ModelRequest, OutputFormat, ToolChoice, ToolDefinition};
use crate::schema::Schema;
use crate::tool::ToolSpec;

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
        request.options.set(PROVIDER, encode::AUTO_STRICT, false);
    }
    Ok(request)
}

/// Whether a tool or the output says nothing of strict mode, and so has to be sent without a word of it.
fn leaves_strict_open(request: &ModelRequest) -> bool {
    let open = |tool: &ToolDefinition| matches!(tool, ToolDefinition::Function(spec) if spec.strict.is_none());
    let output = matches!(request.output, Some(OutputFormat::Schema { strict: None, .. }));
    output || request.tools.iter().any(open)
}

/// Takes a field that `read` can read; one that it cannot stays.
fn take<T>(fields: &mut Map<String, Value>, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
    let value = read(fields.get(name)?)?;
    fields.remove(name);
    Some(value)
}

/// Whether an object has no fields but these.
fn only(value: &Value, names: &[&str]) -> bool {
    value.as_object().is_some_and(|fields| fields.keys().all(|name| names.contains(&name.as_str())))
}

fn tools(list: &Value) -> Option<Vec<ToolDefinition>> {
    let list = list.as_array().filter(|list| !list.is_empty())?;
    list.iter().map(|tool| function(tool).or_else(|| native_tool(tool))).collect()
}

fn function(tool: &Value) -> Option<ToolDefinition> {
    if tool.get("type")? != "function" || !only(tool, &["type", "name", "description", "parameters", "strict"]) {
        return None;
    }
    let text = |name: &str| tool.get(name)?.as_str().map(str::to_owned);
    let description = match tool.get("description") {
        None => String::new(),
        Some(_) => text("description").filter(|text| !text.is_empty())?,
    };
    let mut spec = ToolSpec::new(text("name")?, description, schema(tool.get("parameters")?)?);
    if let Some(strict) = tool.get("strict") {
        spec.strict = Some(strict.as_bool()?);
    }
    Some(spec.into())
}

fn native_tool(tool: &Value) -> Option<ToolDefinition> {
    let kind = tool.as_object()?.get("type").and_then(Value::as_str).unwrap_or_default();
    Some(Native::new(PROVIDER, kind, tool.to_string()).into())
}

fn schema(value: &Value) -> Option<Schema> {
    Schema::from_value(value.clone()).ok()
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
        "json_schema" if only(format, &["type", "name", "description", "schema", "strict"]) => {
            let name = format.get("name")?.as_str()?.to_owned();
            let description = match format.get("description") {
                None => None,
                Some(description) => Some(description.as_str()?.to_owned()),
            };
            let strict = match format.get("strict") {
                None => None,
                Some(strict) => Some(strict.as_bool()?),
            };
            Some(OutputFormat::Schema { name, description, schema: schema(format.get("schema")?)?, strict })
        }
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
        let part = Part::Native(Native::new(PROVIDER, kind, json(item)));
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

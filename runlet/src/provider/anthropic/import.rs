//! From the body of a request back to the request.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::encode::{APART, CACHE_INSTRUCTIONS, IN_PLACE, PLACE};
use super::{PROVIDER, config, content, output};
use crate::error::Result;
use crate::message::{Extra, Message, Native, Part, Role};
use crate::model::{ModelRequest, OutputFormat, ToolChoice, ToolDefinition};
use crate::schema::{Dialect, Schema};
use crate::tool::ToolSpec;

/// Reads a body. What a request has no field for, or not in this form, becomes an option.
pub(super) fn request(body: &Value) -> Result<ModelRequest> {
    let Value::Object(mut body) = body.clone() else { return Err(config("the body is not an object").into()) };
    body.remove("model");
    body.remove("stream");
    let mut request = ModelRequest::default();
    match body.get("messages") {
        None => {}
        Some(Value::Array(list)) if list.is_empty() => {}
        Some(Value::Array(list)) => {
            // Messages that do not stand as they would be sent are sent as they stand.
            if let Some(messages) = messages(list) {
                request.messages = messages.into();
                body.remove("messages");
            }
        }
        Some(_) => return Err(config("the messages are not a list").into()),
    }
    if let Some(system) = body.get("system").and_then(system) {
        let System { instructions, cache, message } = system;
        request.instructions = instructions.map(Into::into);
        let rest = std::mem::take(&mut request.messages);
        request.messages = message.into_iter().map(Into::into).chain(Vec::from(rest)).collect();
        body.remove("system");
        if let Some(cache) = cache {
            request.options.set(PROVIDER, CACHE_INSTRUCTIONS, cache);
        }
    }
    if let Some(tools) = take(&mut body, "tools", tools) {
        request.tools = Arc::new(tools);
    }
    if !request.tools.is_empty()
        && let Some((choice, single)) = take(&mut body, "tool_choice", tool_choice)
    {
        request.tool_choice = Some(choice);
        request.parallel_tool_calls = single.then_some(false);
    }
    request.max_output_tokens = take(&mut body, "max_tokens", Value::as_u64);
    request.temperature = take(&mut body, "temperature", Value::as_f64);
    request.top_p = take(&mut body, "top_p", Value::as_f64);
    if let Some(Value::Object(config)) = body.get_mut("output_config") {
        request.output = take(config, "format", output_format);
        if config.is_empty() && request.output.is_some() {
            body.remove("output_config");
        }
    }
    for (name, value) in body {
        request.options.set(PROVIDER, &name, value);
    }
    Ok(request)
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

/// What a system prompt is read as.
struct System {
    instructions: Option<String>,
    /// The `cache_control` of the instructions.
    cache: Option<Value>,
    /// The rest of it.
    message: Option<Message>,
}

fn system(system: &Value) -> Option<System> {
    let blocks = match system {
        Value::String(text) if !text.trim().is_empty() => {
            return Some(System { instructions: Some(text.clone()), cache: None, message: None });
        }
        Value::Array(blocks) if !blocks.is_empty() => blocks,
        _ => return None,
    };
    let parts: Vec<Part> = blocks.iter().map(|block| content::user_part(block, &HashMap::new())).collect();
    let first = match parts.first()? {
        Part::Text(text) => {
            let extra = text.extra.of(PROVIDER);
            let cache = extra.and_then(|extra| extra.get("cache_control")).cloned();
            let is_plain = extra.is_none_or(|extra| extra.len() == usize::from(cache.is_some()));
            is_plain.then(|| (text.text.clone(), cache))
        }
        _ => None,
    };
    let (instructions, cache) = first.map_or((None, None), |(text, cache)| (Some(text), cache));
    let rest = parts.into_iter().skip(usize::from(instructions.is_some())).collect::<Vec<_>>();
    let message = (!rest.is_empty()).then(|| Message::new(Role::System, rest));
    Some(System { instructions, cache, message })
}

fn tools(list: &Value) -> Option<Vec<ToolDefinition>> {
    let list = list.as_array().filter(|list| !list.is_empty())?;
    list.iter().map(|tool| function(tool).or_else(|| native_tool(tool))).collect()
}

/// Reads a function that would be sent as it stands.
fn function(tool: &Value) -> Option<ToolDefinition> {
    if !only(tool, &["name", "description", "input_schema", "strict"]) {
        return None;
    }
    let text = |name: &str| tool.get(name)?.as_str().map(str::to_owned);
    let description = match tool.get("description") {
        None => String::new(),
        Some(_) => text("description")?,
    };
    let schema = Schema::from_value(tool.get("input_schema")?.clone()).ok()?;
    if schema.lower(Dialect::Anthropic).schema != schema {
        return None;
    }
    let mut spec = ToolSpec::new(text("name")?, description, schema);
    if let Some(strict) = tool.get("strict") {
        spec.strict = Some(strict.as_bool()?);
    }
    Some(spec.into())
}

fn native_tool(tool: &Value) -> Option<ToolDefinition> {
    let kind = tool.as_object()?.get("type").and_then(Value::as_str).unwrap_or("custom");
    Some(Native::new(PROVIDER, kind, tool.to_string()).into())
}

/// Reads a choice, and whether it is of one call at most.
fn tool_choice(choice: &Value) -> Option<(ToolChoice, bool)> {
    let single = match choice.get("disable_parallel_tool_use") {
        None => false,
        Some(Value::Bool(true)) => true,
        Some(_) => return None,
    };
    let read = match choice.get("type")?.as_str()? {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" if !single => ToolChoice::None,
        "tool" => ToolChoice::Tool(choice.get("name")?.as_str()?.to_owned()),
        _ => return None,
    };
    let known: &[&str] = match read {
        ToolChoice::Tool(_) => &["type", "name", "disable_parallel_tool_use"],
        _ => &["type", "disable_parallel_tool_use"],
    };
    only(choice, known).then_some((read, single))
}

fn output_format(format: &Value) -> Option<OutputFormat> {
    if format.get("type")? != "json_schema" || !only(format, &["type", "schema"]) {
        return None;
    }
    let value = format.get("schema")?;
    let schema = Schema::from_value(value.clone()).ok()?;
    // The API knows no name. A schema that would be sent in another form is one that was asked for by name.
    let strict = (output::held(value).as_ref() != Some(value)).then_some(true);
    Some(OutputFormat::Schema { name: String::new(), description: None, schema, strict })
}

/// Reads the messages. `None` where one of them would not be sent as it stands.
fn messages(list: &[Value]) -> Option<Vec<Message>> {
    let mut history = History::default();
    for message in list {
        if !only(message, &["role", "content"]) {
            return None;
        }
        history.add(message.get("role")?.as_str()?, message.get("content")?)?;
    }
    Some(history.messages)
}

/// The messages read so far.
#[derive(Default)]
struct History {
    messages: Vec<Message>,
    /// The names of the functions called, by call.
    functions: HashMap<String, String>,
}

impl History {
    fn add(&mut self, role: &str, content: &Value) -> Option<()> {
        let text;
        let blocks = match content {
            Value::String(words) if words.trim().is_empty() => return None,
            Value::String(words) => {
                text = [serde_json::json!({ "type": "text", "text": words })];
                &text[..]
            }
            Value::Array(blocks) if !blocks.is_empty() => blocks,
            _ => return None,
        };
        match role {
            "assistant" => self.add_answer(blocks),
            "user" => {
                self.add_user(blocks);
                Some(())
            }
            "system" => {
                let parts = blocks.iter().map(|block| content::user_part(block, &self.functions)).collect();
                self.messages.push(at(IN_PLACE, Message::new(Role::System, parts)));
                Some(())
            }
            _ => None,
        }
    }

    fn add_answer(&mut self, blocks: &[Value]) -> Option<()> {
        let mut parts = Vec::with_capacity(blocks.len());
        for block in blocks {
            let part = content::part(&block.to_string()).ok()?;
            match part {
                Part::ToolCall(call) => {
                    self.functions.insert(call.id.clone(), call.name.clone());
                    parts.push(Part::ToolCall(call));
                }
                part => parts.push(part),
            }
        }
        self.messages.push(Message::new(Role::Assistant, parts));
        Some(())
    }

    /// Adds what a message of the user says: the results of tools are a message of their own.
    fn add_user(&mut self, blocks: &[Value]) {
        let parts = blocks.iter().map(|block| content::user_part(block, &self.functions));
        let is_result = |part: &Part| matches!(part, Part::ToolResult(_));
        let mut begins = true;
        for part in parts {
            let role = if is_result(&part) { Role::Tool } else { Role::User };
            match self.messages.last_mut().filter(|_| !begins) {
                Some(last) if last.role == role => last.parts.push(part),
                _ => {
                    let message = Message::new(role, vec![part]);
                    let follows_results = self.messages.last().is_some_and(|last| last.role == Role::Tool);
                    let apart = begins && follows_results && role == Role::User;
                    self.messages.push(if apart { at(APART, message) } else { message });
                }
            }
            begins = false;
        }
    }
}

/// A message that says how it stood on the wire.
fn at(place: &str, mut message: Message) -> Message {
    message.extra = Extra::new(PROVIDER, Map::from_iter([(PLACE.to_owned(), place.into())]));
    message
}

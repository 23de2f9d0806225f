//! From the body of a request back to the request.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::encode::{OUTPUT_SCHEMA, TOOL_SCHEMA};
use super::part::{WirePart, is_minted, minted_id};
use super::{PROVIDER, config};
use crate::error::Result;
use crate::message::{Extra, Message, Native, Part, Role};
use crate::model::{ModelRequest, OutputFormat, ToolChoice, ToolDefinition};
use crate::schema::Schema;
use crate::tool::ToolSpec;

/// Reads a body. What a request has no field for, or not in this form, becomes an option.
pub(super) fn request(body: &Value) -> Result<ModelRequest> {
    let Value::Object(body) = body.clone() else { return Err(config("the body is not an object").into()) };
    let mut body = camel(body);
    let mut request = ModelRequest::default();
    match body.remove("contents") {
        None => {}
        Some(Value::Array(contents)) => {
            let mut history = History::default();
            for content in contents {
                let Value::Object(content) = content else { return Err(config("a content is not an object").into()) };
                request.messages.push(history.message(camel(content))?);
            }
        }
        Some(_) => return Err(config("the contents are not a list").into()),
    }
    if let Some(instruction) = take_object(&mut body, "systemInstruction") {
        let (message, rest) = system_instruction(instruction);
        match message.as_ref().map(|message| message.parts.as_slice()) {
            Some([Part::Text(text)]) if text.extra.is_empty() => request.instructions = Some(text.text.as_str().into()),
            Some(_) => {
                let messages =
                    message.into_iter().chain(request.messages.iter().map(|message| Message::clone(message)));
                request.messages = messages.collect();
            }
            None => {}
        }
        if !rest.is_empty() {
            request.options.set(PROVIDER, "systemInstruction", Value::Object(rest));
        }
    }
    read_tools(&mut body, &mut request);
    if let Some(choice) = body.get("toolConfig").and_then(tool_choice) {
        request.tool_choice = Some(choice);
        body.remove("toolConfig");
    }
    if let Some(settings) = take_object(&mut body, "generationConfig") {
        let is_empty = settings.is_empty();
        let rest = generation_config(settings, &mut request);
        if is_empty || !rest.is_empty() {
            body.insert("generationConfig".to_owned(), Value::Object(rest));
        }
    }
    for (name, value) in body {
        request.options.set(PROVIDER, &name, value);
    }
    Ok(request)
}

/// What was read so far.
#[derive(Default)]
struct History {
    /// The role of the last content: two of one role in a row must not be taken for one.
    last_role: Option<Value>,
    /// How many calls there were.
    calls: usize,
    /// The calls that no result was read for, by name and id.
    open: Vec<(String, String)>,
}

impl History {
    /// Reads a content.
    fn message(&mut self, mut content: Map<String, Value>) -> Result<Message> {
        let wire_role = content.remove("role").unwrap_or_default();
        let Some(Value::Array(parts)) = content.remove("parts") else {
            return Err(config("a content has no list of parts").into());
        };
        let mut parts: Vec<Part> = parts.into_iter().map(part).collect::<Result<_>>()?;
        for part in &mut parts {
            self.name(part);
        }
        let is_result = matches!(parts.first(), Some(Part::ToolResult(_)));
        let (role, expected) = match wire_role.as_str() {
            Some("model") => (Role::Assistant, "model"),
            _ if is_result => (Role::Tool, "user"),
            _ => (Role::User, "user"),
        };
        let mut message = Message::new(role, parts);
        // The model's own says that it is; so do contents that could not be told from their neighbours.
        if role == Role::Assistant || wire_role != expected || self.last_role.as_ref() == Some(&wire_role) {
            message.extra = Extra::new(PROVIDER, Map::from_iter([("role".to_owned(), wire_role.clone())]));
        }
        self.last_role = Some(wire_role);
        Ok(message)
    }

    /// Gives a call without an id one, and its result the same: the API tells them by their names and their order.
    fn name(&mut self, part: &mut Part) {
        match part {
            Part::ToolCall(call) => {
                if call.id.is_empty() {
                    Arc::make_mut(call).id = minted_id(None, self.calls);
                }
                self.calls += 1;
                self.open.push((call.name.clone(), call.id.clone()));
            }
            Part::ToolResult(result) => {
                let is_its = |(name, id): &(String, String)| match result.call_id.as_str() {
                    "" => *name == result.name && is_minted(id),
                    given => id == given,
                };
                if let Some(at) = self.open.iter().position(is_its) {
                    result.call_id = self.open.remove(at).1;
                }
            }
            _ => {}
        }
    }
}

fn part(part: Value) -> Result<Part> {
    let Value::Object(part) = part else { return Err(config("a part is not an object").into()) };
    let json = Value::Object(camel_part(part)).to_string();
    match serde_json::from_str::<WirePart<'_>>(&json) {
        Ok(wire) => Ok(wire.read(String::new)),
        Err(_) => Ok(Part::Native(Native::new(PROVIDER, "", json))),
    }
}

/// What a developer says, and what stands beside it.
fn system_instruction(mut instruction: Map<String, Value>) -> (Option<Message>, Map<String, Value>) {
    let parts: Option<Vec<Part>> = match instruction.get("parts") {
        Some(Value::Array(parts)) if !parts.is_empty() => parts.iter().map(|value| part(value.clone()).ok()).collect(),
        _ => None,
    };
    if parts.is_some() {
        instruction.remove("parts");
    }
    (parts.map(|parts| Message::new(Role::System, parts)), instruction)
}

/// Reads the tools, where all functions among them have their schemas in the same form.
fn read_tools(body: &mut Map<String, Value>, request: &mut ModelRequest) {
    let Some(Value::Array(list)) = body.get("tools") else { return };
    let mut form = None;
    let Some(tools) = tools(list, &mut form).filter(|tools| !tools.is_empty()) else { return };
    request.tools = Arc::new(tools);
    body.remove("tools");
    if let Some(form) = form {
        request.options.set(PROVIDER, TOOL_SCHEMA, form);
    }
}

fn tools(list: &[Value], form: &mut Option<&'static str>) -> Option<Vec<ToolDefinition>> {
    let mut tools = Vec::new();
    let mut after_functions = false;
    for tool in list {
        let mut tool = camel(tool.as_object()?.clone());
        // A tool that is not used may be named with nothing.
        tool.retain(|_, value| !value.is_null());
        match tool.get("functionDeclarations") {
            Some(Value::Array(functions)) if tool.len() == 1 && !after_functions && !functions.is_empty() => {
                for declared in functions {
                    tools.push(function(camel(declared.as_object()?.clone()), form)?.into());
                }
                after_functions = true;
            }
            _ => {
                let kind = tool.keys().next().cloned().unwrap_or_default();
                tools.push(Native::new(PROVIDER, kind, Value::Object(tool).to_string()).into());
                after_functions = false;
            }
        }
    }
    Some(tools)
}

fn function(mut declared: Map<String, Value>, form: &mut Option<&'static str>) -> Option<ToolSpec> {
    let text = |value: Value| if let Value::String(text) = value { Some(text) } else { None };
    let (name, description) = (text(declared.remove("name")?)?, text(declared.remove("description")?)?);
    let own = match (declared.remove("parameters"), declared.remove("parametersJsonSchema")) {
        (Some(schema), None) => Some(("openapi", schema)),
        (None, Some(schema)) => Some(("json", schema)),
        (None, None) => None,
        (Some(_), Some(_)) => return None,
    };
    let schema = match own {
        Some((own, schema)) => {
            if *form.get_or_insert(own) != own || schema == Value::Bool(true) {
                return None;
            }
            schema
        }
        None => Value::Bool(true),
    };
    declared.is_empty().then(|| Some(ToolSpec::new(name, description, Schema::from_value(schema).ok()?)))?
}

fn tool_choice(config: &Value) -> Option<ToolChoice> {
    let config = config.as_object().filter(|config| config.len() == 1)?;
    let config = config.get("functionCallingConfig")?.as_object().cloned().map(camel)?;
    match (config.get("mode")?.as_str()?, config.get("allowedFunctionNames").map(Value::as_array), config.len()) {
        ("AUTO", None, 1) => Some(ToolChoice::Auto),
        ("NONE", None, 1) => Some(ToolChoice::None),
        ("ANY", None, 1) => Some(ToolChoice::Required),
        ("ANY", Some(Some(names)), 2) => match names.as_slice() {
            [Value::String(name)] => Some(ToolChoice::Tool(name.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// Reads the settings; gives those that a request has no field for.
fn generation_config(mut settings: Map<String, Value>, request: &mut ModelRequest) -> Map<String, Value> {
    if let Some(tokens) = settings.get("maxOutputTokens").and_then(Value::as_u64) {
        settings.remove("maxOutputTokens");
        request.max_output_tokens = Some(tokens);
    }
    for (name, figure) in [("temperature", &mut request.temperature), ("topP", &mut request.top_p)] {
        if let Some(number) = settings.get(name).and_then(Value::as_f64) {
            settings.remove(name);
            *figure = Some(number);
        }
    }
    if settings.get("responseMimeType").is_some_and(|kind| kind == "application/json") {
        let schema = |name: &str| settings.get(name).and_then(|schema| Schema::from_value(schema.clone()).ok());
        let forms = [("responseSchema", "openapi"), ("responseJsonSchema", "json")];
        let schemas: Vec<_> = forms.into_iter().filter(|(name, _)| settings.contains_key(*name)).collect();
        match schemas.as_slice() {
            [] => {
                request.output = Some(OutputFormat::Json);
                settings.remove("responseMimeType");
            }
            [(field, form)] if let Some(schema) = schema(field) => {
                let name = schema.value().get("title").and_then(Value::as_str).unwrap_or("answer").to_owned();
                request.output = Some(OutputFormat::Schema { name, description: None, schema, strict: None });
                request.options.set(PROVIDER, OUTPUT_SCHEMA, *form);
                settings.remove("responseMimeType");
                settings.remove(*field);
            }
            _ => {}
        }
    }
    settings
}

/// The names of the fields in camel case: the API takes `function_call` as well as `functionCall`.
fn camel(fields: Map<String, Value>) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (camel_name(&name), value)).collect()
}

/// Takes a field that is an object; one that is not stays.
fn take_object(body: &mut Map<String, Value>, name: &str) -> Option<Map<String, Value>> {
    if !body.get(name).is_some_and(Value::is_object) {
        return None;
    }
    match body.remove(name) {
        Some(Value::Object(fields)) => Some(camel(fields)),
        _ => None,
    }
}

/// The names in a part, and in its data. What models and functions wrote stays as it is.
fn camel_part(part: Map<String, Value>) -> Map<String, Value> {
    let mut part = camel(part);
    for data in part.values_mut() {
        let Value::Object(fields) = data else { continue };
        *fields = camel(std::mem::take(fields));
        for part in fields.get_mut("parts").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Value::Object(fields) = part {
                *fields = camel_part(std::mem::take(fields));
            }
        }
    }
    part
}

fn camel_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut after = false;
    for char in name.chars() {
        match char {
            '_' => after = !out.is_empty(),
            char if std::mem::take(&mut after) => out.extend(char.to_uppercase()),
            char => out.push(char),
        }
    }
    out
}

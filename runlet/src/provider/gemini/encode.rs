//! From a request to the bytes of its body.
//!
//! Each message's parts are written once in the message's life and shared from then on;
//! only what stands around them is written for each request.

mod parts;

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use self::parts::parts;
use super::{PROVIDER, VENDOR, config, is_generation_3, unsayable};
use crate::error::{Error, Result};
use crate::message::{Message, Native, Role, SharedMessage};
use crate::model::{ModelRequest, OutputFormat, ToolChoice, ToolDefinition};
use crate::provider::account::lay_options;
use crate::provider::json::ObjectWriter;
use crate::provider::pieces::{Pieces, RequestBody};
use crate::schema::{Dialect, Schema};
use crate::tool::ToolSpec;

/// The options that say in which form schemas are sent.
pub(super) const TOOL_SCHEMA: &str = "tool_schema";
pub(super) const OUTPUT_SCHEMA: &str = "output_schema";

/// The form in which schemas are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// The API's own where that loses nothing, else JSON Schema.
    #[default]
    Fitting,
    /// As they are, in the place of the API's own form.
    OpenApi,
    /// As they are, as JSON Schema.
    Json,
}

pub(super) fn tool_form(request: &ModelRequest) -> Result<Form> {
    form(request, TOOL_SCHEMA)
}

fn form(request: &ModelRequest, option: &str) -> Result<Form> {
    match request.options.of(PROVIDER).and_then(|options| options.get(option)).map(|form| (form, form.as_str())) {
        None => Ok(Form::Fitting),
        Some((_, Some("openapi"))) => Ok(Form::OpenApi),
        Some((_, Some("json"))) => Ok(Form::Json),
        Some(_) => Err(config(&format!("the option {option} is neither \"openapi\" nor \"json\"")).into()),
    }
}

/// A schema as it is sent, and whether as JSON Schema.
fn in_form(schema: &Schema, form: Form) -> (Schema, bool) {
    match form {
        Form::OpenApi => (schema.clone(), false),
        Form::Json => (schema.clone(), true),
        Form::Fitting => {
            let lowered = schema.lower(Dialect::Gemini);
            if lowered.is_lossless() { (lowered.schema, false) } else { (schema.clone(), true) }
        }
    }
}

/// Writes the body of a request; `tools` is what [`tools`] wrote of its tools.
pub(super) fn body(model: &str, request: &ModelRequest, tools: &Bytes) -> Result<RequestBody> {
    let mut rest = settings(request)?;
    lay_options(&mut rest, &VENDOR, request, &[TOOL_SCHEMA, OUTPUT_SCHEMA])?;
    let is_new = is_generation_3(model);

    let mut head = Vec::new();
    let mut object = ObjectWriter::begin(&mut head);
    if !has_parts(rest.get("systemInstruction")) {
        let parts = system_parts(request, is_new)?;
        // Beside the parts there may be a role, which the API does not read.
        let beside = match rest.get("systemInstruction") {
            Some(Value::Object(_)) if !parts.is_empty() => rest.remove("systemInstruction"),
            _ => None,
        };
        if !parts.is_empty() && !rest.contains_key("systemInstruction") {
            let write = |out: &mut Vec<u8>| system_instruction(out, &parts, beside.as_ref());
            object.field_with("systemInstruction", write).map_err(unwritable)?;
        }
    }
    if !tools.is_empty() && !rest.contains_key("tools") {
        object.field_with("tools", |out| put(out, tools)).map_err(unwritable)?;
    }
    object.fields(&rest, &[]).map_err(unwritable)?;
    if rest.contains_key("contents") {
        object.end();
        return Ok(head.into());
    }
    object.field_with("contents", |out| put(out, b"[")).map_err(unwritable)?;
    let mut pieces = Pieces::with_capacity(2 * request.messages.len() + 2);
    pieces.own(head);
    contents(&mut pieces, request, is_new)?;
    pieces.fixed(b"]}");
    Ok(pieces.join())
}

/// The body of a request for the tokens of `body`.
pub(super) fn count(model: &str, body: &RequestBody) -> Result<RequestBody> {
    let mut head = Vec::new();
    let mut object = ObjectWriter::begin(&mut head);
    object.field("model", &format!("models/{model}")).map_err(unwritable)?;
    head.splice(0..0, *b"{\"generateContentRequest\":");
    // The fields of the body go on after the one written here.
    let mut pieces = body.iter();
    let fields = pieces.next().map(|first| first.slice(first.len().min(1)..)).unwrap_or_default();
    if fields.first() != Some(&b'}') {
        head.push(b',');
    }
    let mut counted = RequestBody::from(head);
    counted.push(fields);
    pieces.for_each(|piece| counted.push(piece.clone()));
    counted.push(Bytes::from_static(b"}"));
    Ok(counted)
}

#[allow(clippy::unnecessary_wraps, reason = "it is what writes the value of a field")]
fn put(out: &mut Vec<u8>, json: &[u8]) -> serde_json::Result<()> {
    out.extend_from_slice(json);
    Ok(())
}

fn has_parts(instruction: Option<&Value>) -> bool {
    instruction.is_some_and(|instruction| instruction.get("parts").is_some())
}

/// The parts of the system instruction, each after a comma.
fn system_parts(request: &ModelRequest, is_new: bool) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    if let Some(instructions) = &request.instructions {
        out.push(b',');
        let mut object = ObjectWriter::begin(&mut out);
        object.field("text", &**instructions).map_err(unwritable)?;
        object.end();
    }
    for message in request.messages.iter().filter(|message| message.role == Role::System) {
        out.extend_from_slice(parts(message, is_new)?);
    }
    Ok(out)
}

fn system_instruction(out: &mut Vec<u8>, parts: &[u8], beside: Option<&Value>) -> serde_json::Result<()> {
    let mut object = ObjectWriter::begin(out);
    object.field_with("parts", |out| {
        out.push(b'[');
        out.extend(parts.iter().skip(1));
        out.push(b']');
        Ok::<_, serde_json::Error>(())
    })?;
    if let Some(Value::Object(fields)) = beside {
        object.fields(fields, &[])?;
    }
    object.end();
    Ok(())
}

/// Writes the list of tools; nothing where there are none. Other providers' tools are left out. Functions that stand
/// together go into one tool, as the API wants them.
pub(super) fn tools(tools: &[ToolDefinition], form: Form) -> Result<Bytes> {
    let mut out = Vec::new();
    let mut in_functions = false;
    for tool in tools {
        match tool {
            ToolDefinition::Function(spec) => {
                let before: &[u8] = if in_functions { b"," } else { b",{\"functionDeclarations\":[" };
                out.extend_from_slice(before);
                in_functions = true;
                function(&mut out, spec, form).map_err(unwritable)?;
            }
            ToolDefinition::Native(tool) if tool.provider == PROVIDER => {
                if std::mem::take(&mut in_functions) {
                    out.extend_from_slice(b"]}");
                }
                out.push(b',');
                native(&mut out, tool)?;
            }
            ToolDefinition::Native(_) => {}
        }
    }
    if in_functions {
        out.extend_from_slice(b"]}");
    }
    if let Some(first) = out.first_mut() {
        *first = b'[';
        out.push(b']');
    }
    Ok(out.into())
}

fn function(out: &mut Vec<u8>, spec: &ToolSpec, form: Form) -> serde_json::Result<()> {
    let mut object = ObjectWriter::begin(out);
    object.field("name", &spec.name)?;
    object.field("description", &spec.description)?;
    let (parameters, is_json) = in_form(&spec.parameters, form);
    let no_properties = form == Form::Fitting && !is_json && parameters.value().get("properties").is_none();
    // An object without properties is refused; a function without parameters says nothing of them.
    if parameters.value() != &Value::Bool(true) && !no_properties {
        object.raw_field(if is_json { "parametersJsonSchema" } else { "parameters" }, parameters.json());
    }
    object.end();
    Ok(())
}

/// Everything of the body but the instructions, the tools and the contents.
fn settings(request: &ModelRequest) -> Result<Map<String, Value>> {
    if request.parallel_tool_calls == Some(false) {
        return Err(unsayable("Gemini cannot be told to make one tool call at a time"));
    }
    let mut config = Map::new();
    if let Some(tokens) = request.max_output_tokens {
        config.insert("maxOutputTokens".to_owned(), tokens.into());
    }
    for (name, field, figure) in [("temperature", "temperature", request.temperature), ("top_p", "topP", request.top_p)]
    {
        let Some(figure) = figure else { continue };
        let Some(number) = serde_json::Number::from_f64(figure) else {
            return Err(unsayable(&format!("{name} is not a number: {figure}")));
        };
        config.insert(field.to_owned(), number.into());
    }
    if let Some(format) = &request.output {
        config.insert("responseMimeType".to_owned(), "application/json".into());
        if let OutputFormat::Schema { description, schema, .. } = format {
            let (schema, is_json) = in_form(schema, form(request, OUTPUT_SCHEMA)?);
            let mut value = schema.value().clone();
            if let (Some(description), Value::Object(schema)) = (description, &mut value) {
                schema.entry("description").or_insert_with(|| description.as_str().into());
            }
            config.insert(if is_json { "responseJsonSchema" } else { "responseSchema" }.to_owned(), value);
        }
    }
    let mut settings = Map::new();
    if !config.is_empty() {
        settings.insert("generationConfig".to_owned(), Value::Object(config));
    }
    if let Some(choice) = &request.tool_choice {
        settings.insert("toolConfig".to_owned(), json!({ "functionCallingConfig": tool_choice(choice) }));
    }
    Ok(settings)
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!({ "mode": "AUTO" }),
        ToolChoice::None => json!({ "mode": "NONE" }),
        ToolChoice::Required => json!({ "mode": "ANY" }),
        ToolChoice::Tool(name) => json!({ "mode": "ANY", "allowedFunctionNames": [name] }),
    }
}

/// Adds the contents of all messages. Results of tools that stand in several messages in a row are one content: the API
/// wants as many of them in one as there were calls.
fn contents<'a>(pieces: &mut Pieces<'a>, request: &'a ModelRequest, is_new: bool) -> Result<()> {
    let mut last: Option<&SharedMessage> = None;
    for message in request.messages.iter().filter(|message| message.role != Role::System) {
        let parts = parts(message, is_new)?;
        if parts.is_empty() {
            continue;
        }
        let goes_on = last.is_some_and(|last| last.role == Role::Tool && message.role == Role::Tool)
            && kept_role(message).is_none();
        if goes_on {
            pieces.kept(parts, 0);
            continue;
        }
        let mut head = Vec::new();
        if last.is_some() {
            head.extend_from_slice(b"]},");
        }
        match role(message) {
            None => head.push(b'{'),
            Some(role) => {
                head.extend_from_slice(b"{\"role\":");
                serde_json::to_writer(&mut head, role).map_err(unwritable)?;
                head.push(b',');
            }
        }
        head.extend_from_slice(b"\"parts\":[");
        pieces.own(head);
        // A message's bytes begin with a comma, so that they can be shared wherever the message stands.
        pieces.kept(parts, 1);
        last = Some(message);
    }
    if last.is_some() {
        pieces.fixed(b"]}");
    }
    Ok(())
}

/// The role that a content came with. A content that came so stands alone.
fn kept_role(message: &Message) -> Option<&Value> {
    message.extra.of(PROVIDER)?.get("role")
}

fn role(message: &Message) -> Option<&str> {
    match (kept_role(message), message.role) {
        (Some(role), _) => role.as_str(),
        (None, Role::Assistant) => Some("model"),
        (None, _) => Some("user"),
    }
}

/// Writes a native part or tool as it came.
fn native(out: &mut Vec<u8>, native: &Native) -> Result<()> {
    // One that is not JSON would break the whole body.
    if serde_json::from_str::<&RawValue>(&native.item).is_err() {
        return Err(unsayable(&format!("a native part of type `{}` is not JSON", native.kind)));
    }
    out.extend_from_slice(native.item.as_bytes());
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn unwritable(error: serde_json::Error) -> Error {
    unsayable(&format!("the request cannot be written as JSON: {error}"))
}

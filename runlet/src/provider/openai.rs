//! What OpenAI's two APIs have in common: the models, strict mode, and the words of tools and schemas.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::{fail, hash_of_id};
use crate::error::{Error, ProviderErrorCategory as Category, Result};
use crate::message::Native;
use crate::model::{ModelRequest, OutputFormat, ToolDefinition};
use crate::schema::{Dialect, Schema};
use crate::tool::ToolSpec;

/// The option that says whether strict mode is chosen where nobody said anything of it.
pub(super) const AUTO_STRICT: &str = "auto_strict";

/// Whether strict mode is chosen for the tools and the output of a request that say nothing of it.
pub(super) fn auto_strict(request: &ModelRequest, options: &str) -> bool {
    let option = request.options.of(options).and_then(|options| options.get(AUTO_STRICT));
    option.and_then(Value::as_bool).unwrap_or(true)
}

/// A schema as it is sent, and what is said of `strict`. Who said something of it has the last word, and the schema is
/// sent as it is; else it is strict where that loses nothing.
pub(super) fn strictness(schema: &Schema, strict: Option<bool>, auto_strict: bool) -> (Schema, Option<bool>) {
    if strict.is_some() || !auto_strict {
        return (schema.clone(), strict);
    }
    let lowered = schema.lower(Dialect::OpenAiStrict);
    if lowered.is_lossless() { (lowered.schema, Some(true)) } else { (schema.clone(), Some(false)) }
}

/// Whether a tool or the output says nothing of strict mode, and so has to be sent without a word of it.
pub(super) fn leaves_strict_open(request: &ModelRequest) -> bool {
    let open = |tool: &ToolDefinition| matches!(tool, ToolDefinition::Function(spec) if spec.strict.is_none());
    let output = matches!(request.output, Some(OutputFormat::Schema { strict: None, .. }));
    output || request.tools.iter().any(open)
}

/// Writes the list of tools, functions with `function`; nothing where there are none. Other providers' tools are left
/// out.
pub(super) fn tools(
    provider: &str,
    tools: &[ToolDefinition],
    function: impl Fn(&mut Vec<u8>, &ToolSpec) -> serde_json::Result<()>,
) -> Result<Bytes> {
    let mut out = Vec::new();
    for tool in tools {
        let at = out.len();
        out.push(b',');
        match tool {
            ToolDefinition::Function(spec) => function(&mut out, spec).map_err(|error| unwritable(provider, &error))?,
            ToolDefinition::Native(tool) if tool.provider == provider => native(&mut out, tool)?,
            ToolDefinition::Native(_) => out.truncate(at),
        }
    }
    if let Some(first) = out.first_mut() {
        *first = b'[';
        out.push(b']');
    }
    Ok(out.into())
}

/// Writes a native item or tool as it came.
pub(super) fn native(out: &mut Vec<u8>, native: &Native) -> Result<()> {
    check_native(native)?;
    out.extend_from_slice(native.item.as_bytes());
    Ok(())
}

/// Checks that a native item is JSON: one that is not would break the whole body.
pub(super) fn check_native(native: &Native) -> Result<()> {
    serde_json::from_str::<&RawValue>(&native.item).map(drop).map_err(|_| malformed(native))
}

/// The error of a native part that is no JSON.
pub(super) fn malformed(native: &Native) -> Error {
    unsayable(&native.provider, &format!("a native part of type `{}` is not JSON", native.kind))
}

/// The schema of an answer in the API's words, without its type.
pub(super) fn schema_format(format: &OutputFormat, auto_strict: bool) -> Option<Map<String, Value>> {
    let OutputFormat::Schema { name, description, schema, strict } = format else { return None };
    let (schema, strict) = strictness(schema, *strict, auto_strict);
    let mut format = Map::new();
    format.insert("name".to_owned(), name.as_str().into());
    format.insert("schema".to_owned(), schema.value().clone());
    if let Some(description) = description {
        format.insert("description".to_owned(), description.as_str().into());
    }
    if let Some(strict) = strict {
        format.insert("strict".to_owned(), strict.into());
    }
    Some(format)
}

/// Reads what [`schema_format`] writes. Fields that the caller looked at already are in `besides`.
pub(super) fn read_schema_format(format: &Value, besides: &[&str]) -> Option<OutputFormat> {
    let known = ["name", "description", "schema", "strict"];
    let is_known = |name: &String| known.contains(&name.as_str()) || besides.contains(&name.as_str());
    if !format.as_object()?.keys().all(is_known) {
        return None;
    }
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

/// Reads a function: the fields of `tool` but those of `besides`.
pub(super) fn read_function(tool: &Value, besides: &[&str]) -> Option<ToolDefinition> {
    let known = ["name", "description", "parameters", "strict"];
    let is_known = |name: &String| known.contains(&name.as_str()) || besides.contains(&name.as_str());
    if !tool.as_object()?.keys().all(is_known) {
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

/// A tool that is kept as it came.
pub(super) fn native_tool(provider: &str, tool: &Value) -> Option<ToolDefinition> {
    let kind = tool.as_object()?.get("type").and_then(Value::as_str).unwrap_or_default();
    Some(Native::new(provider, kind, tool.to_string()).into())
}

fn schema(value: &Value) -> Option<Schema> {
    Schema::from_value(value.clone()).ok()
}

/// The sampling settings of a request.
pub(super) fn sampling(provider: &str, request: &ModelRequest) -> Result<Vec<(&'static str, Number)>> {
    let figures = [("temperature", request.temperature), ("top_p", request.top_p)];
    let figures = figures.into_iter().filter_map(|(name, figure)| Some((name, figure?)));
    let number = |(name, figure)| {
        let number = Number::from_f64(figure);
        number
            .map(|number| (name, number))
            .ok_or_else(|| unsayable(provider, &format!("{name} is not a number: {figure}")))
    };
    figures.map(number).collect()
}

/// Takes a field that `read` can read; one that it cannot stays.
pub(super) fn take<T>(fields: &mut Map<String, Value>, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
    let value = read(fields.get(name)?)?;
    fields.remove(name);
    Some(value)
}

/// Takes a field that is text; one that is not stays.
pub(super) fn take_text(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    if !fields.get(name).is_some_and(Value::is_string) {
        return None;
    }
    match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Whether an object has no fields but these.
pub(super) fn only(value: &Value, names: &[&str]) -> bool {
    value.as_object().is_some_and(|fields| fields.keys().all(|name| names.contains(&name.as_str())))
}

/// A call's id of at most `most` bytes, which OpenAI's servers ask for. Ids of other providers may be longer; a call and
/// its result are changed alike.
pub(super) fn short_id(id: &str, most: usize) -> Cow<'_, str> {
    /// What stands for the end that is cut off.
    const HASH: usize = "_0123456789abcdef".len();
    if id.len() <= most {
        return Cow::Borrowed(id);
    }
    let kept = id.get(..id.floor_char_boundary(most.saturating_sub(HASH))).unwrap_or_default();
    Cow::Owned(format!("{kept}_{:016x}", hash_of_id(id)))
}

/// An object of texts.
pub(super) fn object<const N: usize>(fields: [(&str, &str); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
}

/// A request that the API has no way to say; nothing was sent.
pub(super) fn unsayable(provider: &str, words: &str) -> Error {
    fail(provider, Category::InvalidRequest, words).into()
}

/// The error of a request that is no JSON.
pub(super) fn unwritable(provider: &str, error: &serde_json::Error) -> Error {
    unsayable(provider, &format!("the request cannot be written as JSON: {error}"))
}

/// The words for JSON that cannot be read. They tell the place, not what stands there.
pub(super) fn unreadable(what: &str, error: &serde_json::Error) -> String {
    let problem = match error.classify() {
        serde_json::error::Category::Data => "is not of the expected form",
        _ => "is not JSON",
    };
    format!("{what} {problem} (line {}, column {})", error.line(), error.column())
}

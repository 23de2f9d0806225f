//! The form of an answer: what the API can hold a model to, and what has to be told instead.

use serde_json::{Map, Value, json};

use crate::model::OutputFormat;

/// How an answer's form is asked for.
pub(super) enum Asked {
    /// By a schema that the API holds the model to.
    Held(Value),
    /// In words, for the system prompt.
    Told(String),
}

pub(super) fn ask(format: &OutputFormat) -> Asked {
    match format {
        OutputFormat::Json => Asked::Told("Answer with one JSON object and nothing else.".to_owned()),
        // Who asks for it by name has the last word, and the schema is sent as it is.
        OutputFormat::Schema { schema, strict: Some(true), .. } => Asked::Held(schema.value().clone()),
        OutputFormat::Schema { schema, strict: None, .. } => match held(schema.value()) {
            Some(schema) => Asked::Held(schema),
            None => told(schema.json()),
        },
        OutputFormat::Schema { schema, .. } => told(schema.json()),
    }
}

fn told(schema: &str) -> Asked {
    Asked::Told(format!(
        "Answer with JSON and nothing else, neither prose nor a code fence around it. It must fit this JSON schema: {schema}"
    ))
}

/// A schema as the API takes it: closed objects and few keywords; what else it says stands in the descriptions. `None`
/// where that would not be the same type any more
/// (<https://platform.claude.com/docs/en/build-with-claude/structured-outputs>, "JSON Schema limitations").
pub(super) fn held(schema: &Value) -> Option<Value> {
    let definitions = schema.get("$defs").and_then(Value::as_object);
    if definitions.is_some_and(refers_to_itself) || mentions(schema, "#") {
        return None;
    }
    lower(schema)
}

fn lower(schema: &Value) -> Option<Value> {
    let schema = schema.as_object()?;
    let mut out = Map::new();
    let mut told = Vec::new();
    for (keyword, value) in schema {
        let kept = match keyword.as_str() {
            "type" | "enum" | "const" | "$ref" | "required" | "title" | "description" | "default" => value.clone(),
            "properties" | "$defs" | "definitions" => lower_each(value)?,
            "items" => lower(value)?,
            "anyOf" | "allOf" | "oneOf" => {
                let branches: Option<Vec<Value>> = value.as_array()?.iter().map(lower).collect();
                let name = if keyword == "oneOf" { "anyOf" } else { keyword };
                out.insert(name.to_owned(), branches?.into());
                continue;
            }
            "format" if value.as_str().is_some_and(|format| FORMATS.contains(&format)) => value.clone(),
            "minItems" if value.as_u64().is_some_and(|items| items <= 1) => value.clone(),
            // Schemars writes the width of numbers as a format.
            "additionalProperties" | "$schema" | "$comment" | "examples" | "format" | "$id" => continue,
            _ => {
                told.push(format!("{keyword}: {value}"));
                continue;
            }
        };
        out.insert(keyword.clone(), kept);
    }
    if !["type", "enum", "const", "$ref", "anyOf", "allOf"].iter().any(|name| out.contains_key(*name)) {
        return None;
    }
    let is_object = out.get("type").is_some_and(|kind| {
        kind == "object" || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "object"))
    });
    if is_object {
        let is_open = schema.get("additionalProperties").is_some_and(|more| *more != json!(false));
        if is_open || !out.contains_key("properties") {
            return None;
        }
        out.insert("additionalProperties".to_owned(), false.into());
    }
    if out.get("type").is_some_and(|kind| kind == "array") && !out.contains_key("items") {
        return None;
    }
    if !told.is_empty() {
        let words = out.get("description").and_then(Value::as_str).map(|words| format!("{words} ")).unwrap_or_default();
        out.insert("description".to_owned(), format!("{words}({})", told.join(", ")).into());
    }
    Some(Value::Object(out))
}

const FORMATS: &[&str] = &["date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"];

fn lower_each(schemas: &Value) -> Option<Value> {
    let schemas = schemas.as_object()?.iter().map(|(name, schema)| Some((name.clone(), lower(schema)?)));
    schemas.collect::<Option<Map<_, _>>>().map(Value::Object)
}

/// Whether a definition contains itself, by whatever way.
fn refers_to_itself(definitions: &Map<String, Value>) -> bool {
    let refers = |from: &Value, to: &str| mentions(from, &format!("#/$defs/{to}"));
    definitions.keys().any(|name| {
        let mut reached: Vec<&str> = vec![name];
        let mut next = 0;
        while let Some(from) = reached.get(next).and_then(|name| definitions.get(*name)) {
            if refers(from, name) {
                return true;
            }
            let more: Vec<&str> =
                definitions.keys().map(String::as_str).filter(|to| !reached.contains(to) && refers(from, to)).collect();
            reached.extend(more);
            next += 1;
        }
        false
    })
}

fn mentions(schema: &Value, reference: &str) -> bool {
    match schema {
        Value::Object(fields) => {
            fields.get("$ref").is_some_and(|to| to == reference)
                || fields.values().any(|value| mentions(value, reference))
        }
        Value::Array(values) => values.iter().any(|value| mentions(value, reference)),
        _ => false,
    }
}

//! The names that other dialects have for types, in JSON Schema's words.

use serde_json::{Map, Value};

/// Keywords that hold a schema, or a list of them.
const SCHEMAS: [&str; 16] = [
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "oneOf",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];

/// Keywords that hold schemas by name.
const NAMED_SCHEMAS: [&str; 5] = ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];

/// Turns the types of a schema, and of every schema in it, into JSON Schema's.
pub(super) fn translate(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    let unrestricted = match object.get_mut("type") {
        Some(Value::String(name)) => rename(name),
        Some(Value::Array(names)) => names.iter_mut().any(|name| match name {
            Value::String(name) => rename(name),
            _ => false,
        }),
        _ => false,
    };
    if unrestricted {
        object.remove("type");
    }
    if object.get("nullable").is_some_and(Value::is_boolean) && object.remove("nullable") == Some(Value::Bool(true)) {
        allow_null(object);
    }
    for keyword in SCHEMAS {
        match object.get_mut(keyword) {
            Some(Value::Array(schemas)) => schemas.iter_mut().for_each(translate),
            Some(schema) => translate(schema),
            None => {}
        }
    }
    for keyword in NAMED_SCHEMAS {
        if let Some(Value::Object(schemas)) = object.get_mut(keyword) {
            schemas.values_mut().for_each(translate);
        }
    }
}

/// Renames a type; says whether it stands for every type.
fn rename(name: &mut String) -> bool {
    let lower = name.to_ascii_lowercase();
    let standard = match lower.as_str() {
        "any" => return true,
        "dict" => "object",
        "int" | "long" => "integer",
        "float" | "double" => "number",
        "str" => "string",
        "bool" => "boolean",
        "list" | "tuple" => "array",
        "array" | "boolean" | "integer" | "null" | "number" | "object" | "string" => &lower,
        _ => return false,
    };
    standard.clone_into(name);
    false
}

/// Lets `null` through the type and the listed values.
fn allow_null(schema: &mut Map<String, Value>) {
    match schema.get_mut("type") {
        Some(Value::Array(names)) if !names.iter().any(|name| name == "null") => names.push("null".into()),
        Some(name @ Value::String(_)) if name != "null" => *name = Value::Array(vec![name.take(), "null".into()]),
        _ => {}
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}

//! The dialects that take nearly any schema with an object at its root.

use serde_json::{Map, Value, json};

use super::Loss;
use super::parts::Lowering;

/// What a provider refuses at the root.
#[derive(Clone, Copy)]
pub(super) struct Root {
    forbidden: &'static [&'static str],
    /// Whether the names of the root's properties are held to `^[a-zA-Z0-9_.-]{1,64}$`.
    plain_names: bool,
}

/// "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level", says the API.
pub(super) const OPENAI: Root = Root { forbidden: &["allOf", "anyOf", "enum", "not", "oneOf"], plain_names: false };

/// "`input_schema` does not support oneOf, allOf, or anyOf at the top level" and "Property keys should match pattern
/// `^[a-zA-Z0-9_.-]{1,64}$`", says the API (<https://github.com/anthropics/claude-code/issues/5319>,
/// <https://github.com/anthropics/claude-code/issues/79418>).
pub(super) const ANTHROPIC: Root = Root { forbidden: &["allOf", "anyOf", "oneOf"], plain_names: true };

pub(super) fn lower(schema: &Value, root: Root) -> (Value, Vec<Loss>) {
    let mut lowering = Lowering::new(schema);
    let mut out = match schema {
        Value::Object(map) => map.clone(),
        _ => Map::new(),
    };
    if out.contains_key("$ref")
        && let Some(inlined) = lowering.inlined(&out)
    {
        out = inlined;
    }
    for keyword in root.forbidden {
        if out.remove(*keyword).is_some() {
            lowering.lose("", keyword, "it may not stand at the root");
        }
    }
    match out.get("type") {
        Some(kind) if kind == "object" => {}
        None if out.contains_key("properties") => {}
        _ => lowering.lose("", "type", "the root must be an object"),
    }
    out.insert("type".to_owned(), "object".into());
    let properties = out.entry("properties").or_insert_with(|| json!({}));
    if root.plain_names {
        let plain = |character: char| character.is_ascii_alphanumeric() || "_.-".contains(character);
        for name in properties.as_object().into_iter().flat_map(Map::keys) {
            if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
                let pointer = super::parts::below("", &["properties", name]);
                lowering.lose(&pointer, "properties", "a name must be 1 to 64 of A-Z, a-z, 0-9, _, . and -");
            }
        }
    }
    (Value::Object(out), lowering.losses)
}

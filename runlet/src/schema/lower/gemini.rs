//! Gemini's `Schema`: the fields of <https://ai.google.dev/api/caching#Schema>, and what the API says it refuses.

use serde_json::{Map, Value, json};

use super::Loss;
use super::parts::{Lowering, below, describe, is_annotation, number_format, required, resolve, types};

/// Fields that are kept as they are, with the type that may have them.
const KEPT: &[(&str, &[&str])] = &[
    ("minimum", &["integer", "number"]),
    ("maximum", &["integer", "number"]),
    ("minLength", &["string"]),
    ("maxLength", &["string"]),
    ("pattern", &["string"]),
    ("minItems", &["array"]),
    ("maxItems", &["array"]),
    ("minProperties", &["object"]),
    ("maxProperties", &["object"]),
];

pub(super) fn lower(root: &Value) -> (Value, Vec<Loss>) {
    let mut lowering = Lowering::new(root);
    let mut out = schema(&mut lowering, root, &Place { at: "", depth: 0, inside: &[] });
    if out.get("type").is_none_or(|kind| kind != "OBJECT") {
        lowering.lose("", "type", "the root must be an object");
        out = json!({ "type": "OBJECT" });
    }
    (out, lowering.losses)
}

/// Where a schema stands: its pointer, its depth, and the references that lead to it.
struct Place<'a> {
    at: &'a str,
    depth: usize,
    inside: &'a [&'a str],
}

impl<'a> Place<'a> {
    fn below(&self, at: &'a str) -> Self {
        Place { at, depth: self.depth + 1, inside: self.inside }
    }
}

fn schema(lowering: &mut Lowering<'_>, value: &Value, place: &Place<'_>) -> Value {
    let at = place.at;
    let Value::Object(map) = value else {
        lowering.lose(at, "type", "a schema that takes anything or nothing cannot be said");
        return json!({});
    };
    if !lowering.enter(at, place.depth) {
        return json!({ "type": "OBJECT" });
    }
    if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
        return referred(lowering, map, reference, place);
    }
    let mut out = Map::new();
    describe(map, &mut out, false);
    if let Some(default) = map.get("default").filter(|default| !default.is_null()) {
        out.insert("default".to_owned(), default.clone());
    }
    let all = map.get("allOf").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if let [only] = all
        && map.keys().all(|keyword| is_annotation(keyword) || keyword == "allOf")
    {
        let pointer = below(at, &["allOf", "0"]);
        return over(schema(lowering, only, &place.below(&pointer)), out);
    }
    let choice = ["anyOf", "oneOf"].into_iter().find(|keyword| map.contains_key(*keyword));
    if let Some(keyword) = choice {
        let alone = map.keys().all(|other| is_annotation(other) || other == keyword);
        if alone {
            return choose(lowering, map, keyword, out, place);
        }
        lowering.lose(at, keyword, "it cannot stand beside other rules");
    }
    let kinds = types(map);
    let nullable = kinds.contains(&"null");
    let kinds: Vec<&str> = kinds.into_iter().filter(|kind| *kind != "null").collect();
    match kinds.as_slice() {
        [] if nullable => drop(out.insert("type".to_owned(), "NULL".into())),
        [] => lowering.lose(at, "type", "a schema that takes anything cannot be said"),
        [kind] => {
            typed(lowering, map, kind, &mut out, place);
            if nullable {
                out.insert("nullable".to_owned(), true.into());
            }
        }
        several => {
            let mut branches = Vec::new();
            for kind in several {
                let mut branch = Map::new();
                typed(lowering, map, kind, &mut branch, place);
                branches.push(Value::Object(branch));
            }
            out.insert("anyOf".to_owned(), Value::Array(branches));
            if nullable {
                out.insert("nullable".to_owned(), true.into());
            }
        }
    }
    let known = |keyword: &str| {
        KEPT.iter().any(|(kept, _)| *kept == keyword)
            || is_annotation(keyword)
            || matches!(
                keyword,
                "type" | "properties" | "required" | "additionalProperties" | "items" | "enum" | "const"
            )
            || matches!(keyword, "format" | "exclusiveMinimum" | "exclusiveMaximum" | "anyOf" | "oneOf")
            || matches!(keyword, "nullable" | "propertyOrdering")
    };
    for keyword in map.keys().filter(|keyword| !known(keyword)) {
        lowering.lose(at, keyword, "it is not supported");
    }
    for (keyword, fits) in
        [("nullable", Value::is_boolean as fn(&Value) -> bool), ("propertyOrdering", Value::is_array)]
    {
        if let Some(value) = map.get(keyword).filter(|value| fits(value)) {
            out.entry(keyword).or_insert_with(|| value.clone());
        }
    }
    Value::Object(out)
}

/// What a reference refers to, in its place.
fn referred(lowering: &mut Lowering<'_>, map: &Map<String, Value>, reference: &str, place: &Place<'_>) -> Value {
    if place.inside.contains(&reference) || reference == "#" {
        lowering.lose(place.at, "$ref", "a schema that contains itself cannot be said");
        let mut out = Map::new();
        describe(map, &mut out, false);
        out.insert("type".to_owned(), "OBJECT".into());
        return Value::Object(out);
    }
    if resolve(lowering.root, reference).is_none() {
        lowering.lose(place.at, "$ref", "it refers to nothing in the schema");
        return json!({});
    }
    let Some(inlined) = lowering.inlined(map) else {
        lowering.lose(place.at, "$ref", "it cannot stand beside these rules");
        return json!({ "type": "OBJECT" });
    };
    let mut inside = place.inside.to_vec();
    inside.push(reference);
    schema(lowering, &Value::Object(inlined), &Place { at: place.at, depth: place.depth + 1, inside: &inside })
}

/// A choice; one with `null` is a nullable schema.
fn choose(
    lowering: &mut Lowering<'_>,
    map: &Map<String, Value>,
    keyword: &str,
    mut out: Map<String, Value>,
    place: &Place<'_>,
) -> Value {
    let branches = map.get(keyword).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_null = |branch: &Value| branch.get("type").is_some_and(|kind| kind == "null");
    let nullable = branches.iter().any(is_null);
    let mut lowered = Vec::new();
    for (index, branch) in branches.iter().enumerate().filter(|(_, branch)| !is_null(branch)) {
        let pointer = below(place.at, &[keyword, &index.to_string()]);
        lowered.push(schema(lowering, branch, &place.below(&pointer)));
    }
    if nullable {
        out.insert("nullable".to_owned(), true.into());
    }
    match lowered.len() {
        0 if nullable => Value::Object(Map::from_iter([("type".to_owned(), "NULL".into())])),
        0 => {
            lowering.lose(place.at, keyword, "a choice of nothing cannot be said");
            Value::Object(out)
        }
        1 => over(lowered.remove(0), out),
        _ => {
            out.insert("anyOf".to_owned(), Value::Array(lowered));
            Value::Object(out)
        }
    }
}

/// A schema with the description of the place that it stands in.
fn over(schema: Value, description: Map<String, Value>) -> Value {
    let mut out = match schema {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    out.extend(description);
    Value::Object(out)
}

/// Writes the rules of one type.
fn typed(
    lowering: &mut Lowering<'_>,
    map: &Map<String, Value>,
    kind: &str,
    out: &mut Map<String, Value>,
    place: &Place<'_>,
) {
    let at = place.at;
    out.insert("type".to_owned(), kind.to_uppercase().into());
    for (keyword, _) in KEPT.iter().filter(|(_, kinds)| kinds.contains(&kind)) {
        if let Some(value) = map.get(*keyword) {
            out.insert((*keyword).to_owned(), value.clone());
        }
    }
    match kind {
        "integer" | "number" => number(lowering, map, kind, out, at),
        "string" => string(lowering, map, out, at),
        "array" => array(lowering, map, out, place),
        "object" => object(lowering, map, out, place),
        "boolean" => {}
        _ => lowering.lose(at, "type", format!("`{kind}` is no type")),
    }
    if kind != "string" && (map.contains_key("enum") || map.contains_key("const")) {
        let keyword = if map.contains_key("enum") { "enum" } else { "const" };
        lowering.lose(at, keyword, "only strings may be listed");
    }
}

fn number(lowering: &mut Lowering<'_>, map: &Map<String, Value>, kind: &str, out: &mut Map<String, Value>, at: &str) {
    for (keyword, inclusive, step) in [("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)] {
        let Some(bound) = map.get(keyword) else { continue };
        match bound.as_i64().and_then(|bound| bound.checked_add(step)) {
            Some(bound) if kind == "integer" && !out.contains_key(inclusive) => {
                out.insert(inclusive.to_owned(), bound.into());
            }
            _ => lowering.lose(at, keyword, "it is not supported"),
        }
    }
    match (map.get("format").and_then(Value::as_str), kind) {
        (Some(format @ ("int32" | "int64")), "integer") | (Some(format @ ("float" | "double")), "number") => {
            out.insert("format".to_owned(), format.into());
        }
        (Some(format), _) if !number_format(format, out) => {
            lowering.lose(at, "format", format!("the format `{format}` is not supported"));
        }
        _ => {}
    }
}

/// "only 'enum' and 'date-time' are supported for STRING type", says the API
/// (<https://github.com/google-gemini/gemini-cli/issues/3178>); neither may an enum hold an empty string.
fn string(lowering: &mut Lowering<'_>, map: &Map<String, Value>, out: &mut Map<String, Value>, at: &str) {
    match map.get("format").and_then(Value::as_str) {
        None => {}
        Some(format @ ("date-time" | "enum")) => drop(out.insert("format".to_owned(), format.into())),
        Some(format) => lowering.lose(at, "format", format!("the format `{format}` is not supported")),
    }
    let listed = match (map.get("enum"), map.get("const")) {
        (Some(Value::Array(values)), _) => values.clone(),
        (_, Some(value)) => vec![value.clone()],
        _ => return,
    };
    let keyword = if map.contains_key("enum") { "enum" } else { "const" };
    let values: Vec<Value> = listed.into_iter().filter(|value| !value.is_null()).collect();
    if values.iter().all(|value| value.as_str().is_some_and(|text| !text.is_empty())) && !values.is_empty() {
        out.insert("enum".to_owned(), Value::Array(values));
    } else {
        lowering.lose(at, keyword, "only strings that are not empty may be listed");
    }
}

fn array(lowering: &mut Lowering<'_>, map: &Map<String, Value>, out: &mut Map<String, Value>, place: &Place<'_>) {
    let Some(items) = map.get("items").filter(|items| items.is_object()) else {
        lowering.lose(place.at, "items", "an array must say what it holds");
        return;
    };
    let pointer = below(place.at, &["items"]);
    let items = schema(lowering, items, &place.below(&pointer));
    out.insert("items".to_owned(), items);
}

fn object(lowering: &mut Lowering<'_>, map: &Map<String, Value>, out: &mut Map<String, Value>, place: &Place<'_>) {
    let properties = map.get("properties").and_then(Value::as_object);
    match map.get("additionalProperties") {
        Some(Value::Bool(false)) => {}
        Some(_) => lowering.lose(place.at, "additionalProperties", "an object of any properties cannot be said"),
        None if properties.is_some_and(|properties| !properties.is_empty() || place.depth == 0) => {}
        None => lowering.lose(place.at, "properties", "an object of any properties cannot be said"),
    }
    let mut lowered = Map::new();
    for (name, property) in properties.into_iter().flatten() {
        let pointer = below(place.at, &["properties", name]);
        lowered.insert(name.clone(), schema(lowering, property, &place.below(&pointer)));
    }
    let (known, unknown): (Vec<&str>, Vec<&str>) =
        required(map).into_iter().partition(|name| lowered.contains_key(*name));
    for name in unknown {
        lowering.lose(place.at, "required", format!("`{name}` is no property"));
    }
    if !known.is_empty() {
        out.insert("required".to_owned(), json!(known));
    }
    // "properties: should be non-empty for OBJECT type", says the API.
    if !lowered.is_empty() {
        out.insert("properties".to_owned(), Value::Object(lowered));
    }
}

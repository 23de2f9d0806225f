//! OpenAI's structured outputs.
//!
//! The rules are those of "Supported schemas" (<https://developers.openai.com/api/docs/guides/structured-outputs>). Where
//! the page is silent, a keyword counts as not supported: a tool that is not strict still works, one that the API refuses
//! does not.

use serde_json::{Map, Value, json};

use super::Loss;
use super::parts::{Lowering, allows_null, below, describe, is_annotation, number_format, required, resolve, types};

/// The string formats that the guide lists.
const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// Keywords that are kept as they are.
const KEPT: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "enum",
    "const",
];

/// Keywords that stand for a whole schema; one of them must stand alone.
const COMBINERS: &[&str] = &["$ref", "anyOf", "oneOf", "allOf"];

pub(super) fn lower(root: &Value) -> (Value, Vec<Loss>) {
    let mut lowering = Lowering::new(root);
    let object = root_object(&lowering).unwrap_or_else(|| {
        lowering.lose("", "type", "the root must be an object");
        Map::from_iter([("type".to_owned(), "object".into()), ("additionalProperties".to_owned(), false.into())])
    });
    let mut out = schema(&mut lowering, &Value::Object(object), "", 0);
    let mut definitions = Map::new();
    for keyword in ["$defs", "definitions"] {
        for (name, definition) in root.get(keyword).and_then(Value::as_object).into_iter().flatten() {
            let lowered = schema(&mut lowering, definition, &below("", &[keyword, name]), 1);
            definitions.insert(name.clone(), lowered);
        }
    }
    if let Value::Object(out) = &mut out
        && !definitions.is_empty()
    {
        out.insert("$defs".to_owned(), Value::Object(definitions));
    }
    Size::of(&out).report(&mut lowering);
    (out, lowering.losses)
}

/// The object at the root, references followed; `None` where the root is anything else.
fn root_object(lowering: &Lowering<'_>) -> Option<Map<String, Value>> {
    let mut map = lowering.root.as_object()?.clone();
    for _ in 0..4 {
        if !map.contains_key("$ref") {
            break;
        }
        map = lowering.inlined(&map)?;
    }
    let alone = !COMBINERS.iter().any(|keyword| map.contains_key(*keyword));
    (types(&map) == ["object"] && alone).then_some(map)
}

fn schema(lowering: &mut Lowering<'_>, value: &Value, at: &str, depth: usize) -> Value {
    let map = match value {
        Value::Object(map) => map,
        Value::Bool(false) => {
            lowering.lose(at, "not", "a schema that takes nothing cannot be said");
            return json!({});
        }
        _ => {
            lowering.lose(at, "type", ANYTHING);
            return json!({});
        }
    };
    if !lowering.enter(at, depth) {
        return json!({});
    }
    let combined: Vec<&str> = COMBINERS.iter().copied().filter(|keyword| map.contains_key(*keyword)).collect();
    let bare = map.keys().all(|keyword| is_annotation(keyword) || combined.contains(&keyword.as_str()));
    match combined.as_slice() {
        [] => rules(lowering, map, at, depth),
        [keyword] if bare => combine(lowering, map, keyword, at, depth),
        // Rules beside a reference are rules of the same object, as in an internally tagged enum.
        ["$ref"] if let Some(inlined) = lowering.inlined(map) => {
            schema(lowering, &Value::Object(inlined), at, depth + 1)
        }
        _ => {
            let mut rest = map.clone();
            for keyword in combined {
                lowering.lose(at, keyword, "it cannot stand beside other rules");
                rest.remove(keyword);
            }
            rules(lowering, &rest, at, depth)
        }
    }
}

const ANYTHING: &str = "a schema that takes anything cannot be said";

/// A schema that is a choice between others, or is another.
fn combine(lowering: &mut Lowering<'_>, map: &Map<String, Value>, keyword: &str, at: &str, depth: usize) -> Value {
    let mut out = Map::new();
    describe(map, &mut out, true);
    if keyword == "$ref" {
        let reference = map.get("$ref").and_then(Value::as_str).unwrap_or_default();
        let named = ["#/$defs/", "#/definitions/"].iter().find_map(|prefix| reference.strip_prefix(prefix));
        let known = resolve(lowering.root, reference).is_some();
        let reference = match named {
            Some(name) if known && !name.contains('/') => json!({ "$ref": format!("#/$defs/{name}") }),
            _ if reference == "#" => json!({ "$ref": "#" }),
            _ => {
                lowering.lose(at, "$ref", "only the root and the definitions may be referred to");
                json!({})
            }
        };
        // Nothing may stand beside `$ref`, but beside `anyOf` it may.
        if out.is_empty() {
            return reference;
        }
        out.insert("anyOf".to_owned(), json!([reference]));
        return Value::Object(out);
    }
    let branches = map.get(keyword).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if branches.is_empty() || (keyword == "allOf" && branches.len() > 1) {
        lowering.lose(at, keyword, "it is not supported");
        return Value::Object(out);
    }
    let lowered = branches
        .iter()
        .enumerate()
        .map(|(index, branch)| schema(lowering, branch, &below(at, &[keyword, &index.to_string()]), depth + 1));
    out.insert("anyOf".to_owned(), Value::Array(lowered.collect()));
    Value::Object(out)
}

/// A schema of plain rules.
fn rules(lowering: &mut Lowering<'_>, map: &Map<String, Value>, at: &str, depth: usize) -> Value {
    let mut out = Map::new();
    describe(map, &mut out, true);
    let kinds = types(map);
    match kinds.as_slice() {
        [] => lowering.lose(at, "type", ANYTHING),
        [one] => drop(out.insert("type".to_owned(), (*one).into())),
        several => drop(out.insert("type".to_owned(), json!(several))),
    }
    if kinds.contains(&"object") {
        object(lowering, map, &mut out, at, depth);
    }
    if kinds.contains(&"array") && !map.get("items").is_some_and(Value::is_object) {
        lowering.lose(at, "items", "an array must say what it holds");
    }
    for (keyword, value) in map {
        match keyword.as_str() {
            "type" | "properties" | "required" | "additionalProperties" => {}
            known if is_annotation(known) => {}
            known if KEPT.contains(&known) => drop(out.insert(keyword.clone(), value.clone())),
            "items" if value.is_object() => {
                let items = schema(lowering, value, &below(at, &["items"]), depth + 1);
                out.insert(keyword.clone(), items);
            }
            "items" | "format" => {}
            "pattern" if value.as_str().is_some_and(|pattern| !looks_around(pattern)) => {
                out.insert(keyword.clone(), value.clone());
            }
            "pattern" => lowering.lose(at, keyword, "look-around is not supported"),
            _ => lowering.lose(at, keyword, "it is not supported"),
        }
    }
    // After the bounds, which a format may tighten.
    if let Some(format) = map.get("format").and_then(Value::as_str) {
        if kinds.contains(&"string") && FORMATS.contains(&format) {
            out.insert("format".to_owned(), format.into());
        } else if kinds.contains(&"string") || !number_format(format, &mut out) {
            lowering.lose(at, "format", format!("the format `{format}` is not supported"));
        }
    }
    Value::Object(out)
}

fn looks_around(pattern: &str) -> bool {
    ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|group| pattern.contains(group))
}

fn object(lowering: &mut Lowering<'_>, map: &Map<String, Value>, out: &mut Map<String, Value>, at: &str, depth: usize) {
    let properties = map.get("properties").and_then(Value::as_object);
    let closed = map.get("additionalProperties") == Some(&Value::Bool(false));
    let named = properties.is_some_and(|properties| !properties.is_empty() || depth == 0);
    match map.get("additionalProperties") {
        _ if closed => {}
        None if named => {}
        None => lowering.lose(at, "properties", "an object of any properties cannot be said"),
        Some(_) => lowering.lose(at, "additionalProperties", "an object of any properties cannot be said"),
    }
    let required = required(map);
    let mut lowered = Map::new();
    for (name, property) in properties.into_iter().flatten() {
        let place = below(at, &["properties", name]);
        let mut value = schema(lowering, property, &place, depth + 1);
        if !required.contains(&name.as_str()) {
            if !allows_null(lowering.root, property) {
                lowering.lose(&place, "required", "it may be left out but not be null");
                value = json!({ "anyOf": [value, { "type": "null" }] });
            } else if property.get("default").is_some_and(|default| !default.is_null()) {
                lowering.lose(&place, "default", "null would stand for it, and is another value");
            }
        }
        lowered.insert(name.clone(), value);
    }
    for name in required.into_iter().filter(|name| !lowered.contains_key(*name)) {
        lowering.lose(at, "required", format!("`{name}` is no property"));
    }
    out.insert("required".to_owned(), lowered.keys().cloned().collect());
    out.insert("properties".to_owned(), Value::Object(lowered));
    out.insert("additionalProperties".to_owned(), Value::Bool(false));
}

/// How large a lowered schema is, in what the guide limits.
#[derive(Default)]
struct Size {
    properties: usize,
    nesting: usize,
    text: usize,
    enum_values: usize,
    long_enum: bool,
}

impl Size {
    fn of(schema: &Value) -> Self {
        let mut size = Self::default();
        size.add(schema, 0);
        size
    }

    fn add(&mut self, schema: &Value, nesting: usize) {
        let Value::Object(map) = schema else { return };
        let kinds = types(map);
        let nesting = nesting + usize::from(kinds.contains(&"object") || kinds.contains(&"array"));
        self.nesting = self.nesting.max(nesting);
        for (name, property) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.properties += 1;
            self.text += name.len();
            self.add(property, nesting);
        }
        for (name, definition) in map.get("$defs").and_then(Value::as_object).into_iter().flatten() {
            self.text += name.len();
            self.add(definition, 0);
        }
        let values = map.get("enum").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |value: &Value| value.as_str().map_or(0, str::len);
        let length: usize = values.iter().map(text).sum();
        self.text += length + map.get("const").map_or(0, text);
        self.enum_values += values.len();
        self.long_enum |= values.len() > 250 && length > 15_000;
        for branch in map.get("anyOf").and_then(Value::as_array).into_iter().flatten().chain(map.get("items")) {
            self.add(branch, nesting);
        }
    }

    fn report(&self, lowering: &mut Lowering<'_>) {
        let limits = [
            (self.properties, 5_000, "properties", "properties"),
            (self.nesting, 10, "properties", "levels of nesting"),
            (self.text, 120_000, "properties", "bytes of names and values"),
            (self.enum_values, 1_000, "enum", "values in enums"),
        ];
        for (figure, limit, keyword, noun) in limits {
            if figure > limit {
                lowering.lose("", keyword, format!("at most {limit} {noun} are supported, and these are {figure}"));
            }
        }
        if self.long_enum {
            lowering.lose("", "enum", "an enum of more than 250 values may have 15,000 characters at most");
        }
    }
}

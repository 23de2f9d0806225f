//! What the dialects share: the list of losses, references, descriptions.

use serde_json::{Map, Value};

use super::Loss;

/// How deep a schema may nest; what is deeper is lost. Schemas of people and of generators stay far below.
pub(super) const MAX_DEPTH: usize = 64;

/// How many schemas one lowering may write, as references may multiply them.
const MAX_SCHEMAS: usize = 20_000;

/// Keywords that bind nobody and tell the model nothing.
const NOTES: &[&str] = &["$schema", "$id", "$comment", "$anchor", "deprecated", "readOnly", "writeOnly"];

/// Whether a keyword only describes.
pub(super) fn is_annotation(keyword: &str) -> bool {
    NOTES.contains(&keyword)
        || matches!(keyword, "title" | "description" | "examples" | "example" | "default" | "$defs" | "definitions")
}

/// The losses so far, and how much may still be written.
pub(super) struct Lowering<'a> {
    pub(super) root: &'a Value,
    pub(super) losses: Vec<Loss>,
    schemas: usize,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root, losses: Vec::new(), schemas: 0 }
    }

    pub(super) fn lose(&mut self, at: &str, keyword: &str, reason: impl Into<String>) {
        self.losses.push(Loss { pointer: at.to_owned(), keyword: keyword.to_owned(), reason: reason.into() });
    }

    /// Whether there is room for a schema; otherwise it is lost.
    pub(super) fn enter(&mut self, at: &str, depth: usize) -> bool {
        self.schemas += 1;
        if depth <= MAX_DEPTH && self.schemas <= MAX_SCHEMAS {
            return true;
        }
        // One loss says it; a schema that is much too large would bring thousands.
        if self.schemas <= MAX_SCHEMAS + 1 {
            self.lose(at, "type", "the schema is too deep or too large");
        }
        false
    }

    /// The map with its reference replaced by what it refers to, where rules stand beside it; `None` where the two do
    /// not go together.
    pub(super) fn inlined(&self, map: &Map<String, Value>) -> Option<Map<String, Value>> {
        let target = resolve(self.root, map.get("$ref")?.as_str()?)?.as_object()?;
        let mut merged = target.clone();
        for (keyword, value) in map.iter().filter(|(keyword, _)| *keyword != "$ref") {
            merge(&mut merged, keyword, value)?;
        }
        Some(merged)
    }
}

/// Adds a keyword to a schema that must meet both; `None` where that takes more than a merge.
fn merge(into: &mut Map<String, Value>, keyword: &str, value: &Value) -> Option<()> {
    match (into.get_mut(keyword), value) {
        (None, _) => {
            into.insert(keyword.to_owned(), value.clone());
        }
        (Some(own), _) if own == value => {}
        (Some(own), _) if is_annotation(keyword) => *own = value.clone(),
        (Some(Value::Object(own)), Value::Object(more)) if keyword == "properties" => {
            for (name, property) in more {
                if own.insert(name.clone(), property.clone()).is_some_and(|before| before != *property) {
                    return None;
                }
            }
        }
        (Some(Value::Array(own)), Value::Array(more)) if keyword == "required" => {
            for name in more {
                if !own.contains(name) {
                    own.push(name.clone());
                }
            }
        }
        _ => return None,
    }
    Some(())
}

/// What a reference inside the document refers to.
pub(super) fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(reference.strip_prefix('#')?)
}

/// Whether a schema takes `null`, as far as can be told in a bounded time; `false` where it cannot.
pub(super) fn allows_null(root: &Value, schema: &Value) -> bool {
    Nulls { root, fuel: 1_000 }.allowed(schema, 0)
}

/// Looks for `null`. References may lead anywhere any number of times, so the schemas looked at are counted.
struct Nulls<'a> {
    root: &'a Value,
    fuel: usize,
}

impl Nulls<'_> {
    fn allowed(&mut self, schema: &Value, depth: usize) -> bool {
        let map = match schema {
            Value::Object(map) => map,
            other => return *other == Value::Bool(true),
        };
        if depth > MAX_DEPTH || self.fuel == 0 {
            return false;
        }
        self.fuel -= 1;
        let by_type = match map.get("type") {
            Some(Value::Array(types)) => types.iter().any(|kind| kind == "null"),
            Some(kind) => kind == "null",
            None => !map.contains_key("properties") && !map.contains_key("items"),
        };
        let listed = map.get("enum").and_then(Value::as_array).is_none_or(|values| values.contains(&Value::Null));
        let constant = map.get("const").is_none_or(Value::is_null);
        if !(by_type && listed && constant) {
            return false;
        }
        for (keyword, all) in [("anyOf", false), ("oneOf", false), ("allOf", true)] {
            let Some(branches) = map.get(keyword).and_then(Value::as_array) else { continue };
            let mut allowed = branches.iter().map(|branch| self.allowed(branch, depth + 1));
            if !(if all { allowed.all(|allowed| allowed) } else { allowed.any(|allowed| allowed) }) {
                return false;
            }
        }
        match map.get("$ref").and_then(Value::as_str) {
            None => true,
            Some(reference) => resolve(self.root, reference).is_some_and(|target| self.allowed(target, depth + 1)),
        }
    }
}

/// The names of an object's required properties.
pub(super) fn required(map: &Map<String, Value>) -> Vec<&str> {
    map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Writes what describes a schema: its title, and its description with examples and the default in words.
pub(super) fn describe(map: &Map<String, Value>, out: &mut Map<String, Value>, default_in_words: bool) {
    if let Some(title) = map.get("title").filter(|title| title.is_string()) {
        out.insert("title".to_owned(), title.clone());
    }
    let mut text = map.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut add = |label: &str, words: String| {
        if !text.is_empty() {
            text.push(' ');
        }
        text.extend([label, ": ", &words, "."]);
    };
    let mut examples: Vec<&Value> = map.get("examples").and_then(Value::as_array).into_iter().flatten().collect();
    examples.extend(map.get("example"));
    match examples.as_slice() {
        [] => {}
        [one] => add("Example", one.to_string()),
        several => add("Examples", several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
    if let Some(default) = map.get("default").filter(|default| default_in_words && !default.is_null()) {
        add("Default", default.to_string());
    }
    if !text.is_empty() {
        out.insert("description".to_owned(), text.into());
    }
}

/// The types that a schema names, or that its other keywords give away.
pub(super) fn types(map: &Map<String, Value>) -> Vec<&str> {
    match map.get("type") {
        Some(Value::String(kind)) => return vec![kind],
        Some(Value::Array(kinds)) => return kinds.iter().filter_map(Value::as_str).collect(),
        _ => {}
    }
    let mut kinds = Vec::new();
    let listed = map.get("enum").and_then(Value::as_array).into_iter().flatten();
    for value in listed.chain(map.get("const")) {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() {
        let given = [("properties", "object"), ("items", "array")];
        kinds.extend(given.iter().filter(|(keyword, _)| map.contains_key(*keyword)).map(|(_, kind)| *kind));
    }
    kinds
}

/// Writes the format of a number that Rust types have as bounds; whether the format is one of numbers at all.
///
/// Types of 64 bits and more keep the bounds they have: no model counts that far, and providers read bounds as floats.
pub(super) fn number_format(format: &str, out: &mut Map<String, Value>) -> bool {
    let bounds: (i64, i64) = match format {
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "uint8" => (0, u8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        "int" | "int64" | "int128" | "uint" | "uint64" | "uint128" | "float" | "double" => return true,
        _ => return false,
    };
    for (keyword, bound) in [("minimum", bounds.0), ("maximum", bounds.1)] {
        let own = out.get(keyword).and_then(Value::as_f64);
        #[expect(clippy::cast_precision_loss, reason = "bounds of at most 32 bits are exact")]
        let bound_as_float = bound as f64;
        let tighter =
            own.is_some_and(|own| if keyword == "minimum" { own > bound_as_float } else { own < bound_as_float });
        if !tighter {
            out.insert(keyword.to_owned(), bound.into());
        }
    }
    true
}

/// A pointer to a member of what another points at.
pub(super) fn below(at: &str, names: &[&str]) -> String {
    let mut pointer = at.to_owned();
    for name in names {
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

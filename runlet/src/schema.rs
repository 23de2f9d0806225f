//! JSON schemas: one canonical root object per tool or output type, generated once and kept as JSON text.

mod dialect;
mod lower;

use std::fmt;
use std::sync::Arc;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

pub use self::lower::{Dialect, Loss, Lowered};
use crate::error::{Error, ErrorKind, Result};

/// A JSON schema (draft 2020-12) as a value and as its JSON text; both are made once and shared.
///
/// ```
/// use runlet::schema::Schema;
///
/// let schema = Schema::of::<Vec<u32>>();
/// assert_eq!(schema.value()["type"], "array");
/// ```
#[derive(Clone, PartialEq)]
pub struct Schema(Arc<Inner>);

#[derive(PartialEq)]
struct Inner {
    value: Value,
    json: String,
}

impl Schema {
    /// The schema of a Rust type, self-contained: definitions stand under `$defs`, without `$schema` and `title`.
    pub fn of<T: JsonSchema + ?Sized>() -> Self {
        let mut generator = generator();
        let mut value = generator.subschema_for::<T>().to_value();
        inline_root(&mut value, &generator);
        if let Value::Object(object) = &mut value {
            object.remove("title");
            attach_definitions(object, &mut generator);
        }
        Self::from_checked(value)
    }

    /// A schema given as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where the value is neither an object nor a boolean.
    pub fn from_value(value: Value) -> Result<Self> {
        if !value.is_object() && !value.is_boolean() {
            return Err(Error::new(
                ErrorKind::Config,
                format!("a JSON schema must be an object or a boolean, not `{value}`"),
            ));
        }
        Ok(Self::from_checked(value))
    }

    /// A schema in another dialect, as JSON: the names that others have for types are turned into JSON Schema's.
    ///
    /// Types in capitals and `nullable`, as Gemini and `OpenAPI` 3.0 write them, and the names that Python programs write:
    /// `dict`, `int`, `long`, `float`, `double`, `str`, `bool`, `list`, `tuple`, and `any`, which becomes no type at all.
    /// Everything else stays as it is, so what the dialect says otherwise is lost: a `tuple` is an array of any length.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where the value is neither an object nor a boolean. A type that stays unknown is refused
    /// where the schema is used, by `DynamicTool`.
    ///
    /// ```
    /// use runlet::schema::Schema;
    /// use serde_json::json;
    ///
    /// let schema = json!({ "type": "dict", "properties": { "at": { "type": "STRING", "nullable": true } } });
    /// let properties = json!({ "at": { "type": ["string", "null"] } });
    /// assert_eq!(*Schema::from_dialect(schema)?.value(), json!({ "type": "object", "properties": properties }));
    /// # Ok::<(), runlet::Error>(())
    /// ```
    pub fn from_dialect(mut value: Value) -> Result<Self> {
        dialect::translate(&mut value);
        Self::from_value(value)
    }

    /// A schema that is known to be an object or a boolean.
    pub(crate) fn from_checked(value: Value) -> Self {
        let json = value.to_string();
        Self(Arc::new(Inner { value, json }))
    }

    /// The schema as a JSON value.
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// The schema as JSON text.
    pub fn json(&self) -> &str {
        &self.0.json
    }

    /// The schema of a property of the root as JSON text, a definition that it only refers to written out.
    pub(crate) fn property(&self, name: &str) -> Option<String> {
        let root = self.value();
        let property = root.get("properties")?.get(name)?;
        let definition =
            property.get("$ref").and_then(Value::as_str).and_then(|path| root.pointer(path.strip_prefix('#')?));
        Some(definition.unwrap_or(property).to_string())
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.0.json)
    }
}

impl serde::Serialize for Schema {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.value.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Schema {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(value).map_err(serde::de::Error::custom)
    }
}

/// Builds the root object schema of a tool's arguments, property by property.
pub(crate) struct ObjectSchema {
    generator: SchemaGenerator,
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl ObjectSchema {
    pub(crate) fn new() -> Self {
        Self { generator: generator(), properties: Map::new(), required: Vec::new() }
    }

    /// Adds a property; `describe` says whether it is required and makes its schema with the shared generator.
    pub(crate) fn property(
        &mut self,
        name: &str,
        describe: impl FnOnce(&mut SchemaGenerator) -> (bool, Map<String, Value>),
    ) {
        let (required, property) = describe(&mut self.generator);
        self.properties.insert(name.to_owned(), Value::Object(property));
        if required {
            self.required.push(Value::String(name.to_owned()));
        }
    }

    /// The finished object: closed to other properties, definitions under `$defs`.
    pub(crate) fn finish(mut self) -> Schema {
        let mut root = Map::new();
        root.insert("type".to_owned(), Value::String("object".to_owned()));
        root.insert("properties".to_owned(), Value::Object(self.properties));
        root.insert("required".to_owned(), Value::Array(self.required));
        root.insert("additionalProperties".to_owned(), Value::Bool(false));
        attach_definitions(&mut root, &mut self.generator);
        Schema::from_checked(Value::Object(root))
    }
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.meta_schema = None;
        })
        .into_generator()
}

/// Replaces a root that is only a reference by the definition it points at, as providers want an object at the root.
/// The definition stays where it is, for a type may refer to itself.
fn inline_root(value: &mut Value, generator: &SchemaGenerator) {
    let Some(name) = value.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/")) else {
        return;
    };
    if let Some(definition) = generator.definitions().get(name) {
        *value = definition.clone();
    }
}

fn attach_definitions(root: &mut Map<String, Value>, generator: &mut SchemaGenerator) {
    let mut definitions = generator.take_definitions(true);
    for definition in definitions.values_mut() {
        if let Value::Object(object) = definition {
            object.remove("title");
        }
    }
    // A root that was inlined leaves its own definition behind; keep it only where something refers to it.
    let unused: Vec<String> = definitions
        .keys()
        .filter(|name| {
            let reference = Value::String(format!("#/$defs/{name}"));
            !root.values().any(|value| mentions(value, &reference))
                && !definitions.values().any(|value| mentions(value, &reference))
        })
        .cloned()
        .collect();
    for name in unused {
        definitions.remove(&name);
    }
    if !definitions.is_empty() {
        root.insert("$defs".to_owned(), Value::Object(definitions));
    }
}

fn mentions(value: &Value, reference: &Value) -> bool {
    match value {
        Value::Object(object) => {
            object.get("$ref") == Some(reference) || object.values().any(|value| mentions(value, reference))
        }
        Value::Array(values) => values.iter().any(|value| mentions(value, reference)),
        _ => false,
    }
}

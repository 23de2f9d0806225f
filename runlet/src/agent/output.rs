//! What a run answers: text, or a value of a type.

use std::any::TypeId;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::value::{Error as TextError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde_json::{Value, json};

use crate::model::{Capabilities, OutputFormat};
use crate::schema::Schema;
use crate::tool::ToolSpec;

/// The name of the tool that takes the answer of a model that cannot be held to a schema.
pub(crate) const ANSWER_TOOL: &str = "final_answer";

/// What a run may answer: `String` for the model's text as it is, any other `Deserialize + JsonSchema` type for a value
/// that the model is asked to write as JSON.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the output of an agent",
    label = "not an output",
    note = "an output type is `String`, or derives `serde::Deserialize` and `schemars::JsonSchema`"
)]
pub trait Output: DeserializeOwned + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + 'static> Output for T {}

/// How a run asks for its output.
#[derive(Clone, Debug)]
pub(crate) enum OutputPlan {
    /// As text.
    Text,
    /// By holding the model to a schema.
    Native { format: Box<OutputFormat> },
    /// By a tool that the model calls with its answer.
    Tool { spec: Arc<ToolSpec> },
}

impl OutputPlan {
    pub(crate) fn of<O: Output>(capabilities: &Capabilities) -> Self {
        if is_text::<O>() {
            return Self::Text;
        }
        let (schema, description) = root_schema::<O>();
        if capabilities.structured_output {
            let name = schema_name::<O>();
            let format = OutputFormat::Schema { name, description, schema, strict: None };
            return Self::Native { format: Box::new(format) };
        }
        let description = format!(
            "Gives the final answer. Call this once, alone, when you are done.{}",
            description.map(|text| format!(" {text}")).unwrap_or_default()
        );
        Self::Tool { spec: Arc::new(ToolSpec::new(ANSWER_TOOL, description, schema)) }
    }

    /// The name of the tool that takes the answer, where there is one.
    pub(crate) fn answer_tool(&self) -> Option<&str> {
        match self {
            Self::Tool { spec } => Some(&spec.name),
            _ => None,
        }
    }
}

/// The answer as a value.
///
/// # Errors
/// What is wrong with it, in words for the model.
pub(crate) fn decode<O: Output>(answer: &str) -> Result<O, String> {
    if is_text::<O>() {
        let text: StrDeserializer<'_, TextError> = answer.into_deserializer();
        return O::deserialize(text).map_err(|error| error.to_string());
    }
    if is_object(&Schema::of::<O>()) {
        return serde_json::from_str(answer).map_err(|error| problem(&error));
    }
    let wrapped: Value = serde_json::from_str(answer).map_err(|error| problem(&error))?;
    let value = wrapped.get("value").ok_or("the object has no `value`")?;
    O::deserialize(value).map_err(|error| error.to_string())
}

/// What is wrong with an answer, for the model and for people: whether it is no JSON at all, or JSON of another form.
fn problem(error: &serde_json::Error) -> String {
    if error.is_data() { error.to_string() } else { format!("it is not JSON: {error}") }
}

/// An answer that is still being written, as far as it can be read as a `P`; `None` where that is not yet, or where the
/// answer is text. `O` is the type of the whole answer.
pub(crate) fn decode_partial<O: Output, P: DeserializeOwned>(answer: &str) -> Option<P> {
    if is_text::<O>() {
        return None;
    }
    let closed = crate::json::close(answer)?;
    if is_object(&Schema::of::<O>()) {
        return serde_json::from_str(&closed).ok();
    }
    let mut wrapped: Value = serde_json::from_str(&closed).ok()?;
    P::deserialize(wrapped.get_mut("value")?.take()).ok()
}

fn is_text<O: Output>() -> bool {
    TypeId::of::<O>() == TypeId::of::<String>()
}

fn is_object(schema: &Schema) -> bool {
    schema.value().get("type").and_then(Value::as_str) == Some("object")
}

/// The schema of an output: providers want an object at the root, so anything else is asked for as `{"value": ..}`.
fn root_schema<O: Output>() -> (Schema, Option<String>) {
    let schema = Schema::of::<O>();
    let description = schema.value().get("description").and_then(Value::as_str).map(str::to_owned);
    if is_object(&schema) {
        return (schema, description);
    }
    let mut inner = schema.value().clone();
    let definitions = inner.as_object_mut().and_then(|inner| inner.remove("$defs"));
    let mut root = json!({
        "type": "object",
        "properties": { "value": inner },
        "required": ["value"],
        "additionalProperties": false,
    });
    if let (Some(root), Some(definitions)) = (root.as_object_mut(), definitions) {
        root.insert("$defs".to_owned(), definitions);
    }
    (Schema::from_checked(root), description)
}

/// The type's name as providers take it: 1 to 64 of `A-Z a-z 0-9 _ -`.
fn schema_name<O: JsonSchema>() -> String {
    let legal = |character: char| if character.is_ascii_alphanumeric() || character == '-' { character } else { '_' };
    let name: String = O::schema_name().chars().take(64).map(legal).collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

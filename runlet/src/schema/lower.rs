//! What a provider takes of a schema, and what that loses.
//!
//! A lowering is a function of the schema alone: the same schema gives the same text in every process. Whatever a provider
//! does not take is dropped and listed, never dropped in silence; notes that bind nobody (`$schema`, `$comment`) are the
//! exception, and examples and defaults move into the description, where the model reads them as well.

mod gemini;
mod parts;
mod portable;
mod strict;

#[cfg(test)]
mod tests;

use std::fmt;

use super::Schema;

/// The form of JSON schema that a provider takes.
///
/// ```
/// use runlet::schema::{Dialect, Schema};
///
/// #[derive(schemars::JsonSchema)]
/// # #[allow(dead_code)]
/// struct Filter {
///     limit: Option<u32>,
/// }
///
/// let lowered = Schema::of::<Filter>().lower(Dialect::OpenAiStrict);
/// assert!(lowered.is_lossless());
/// assert_eq!(lowered.schema.value()["required"], serde_json::json!(["limit"]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// OpenAI with `strict: true`: closed objects, every property required, few keywords
    /// (<https://developers.openai.com/api/docs/guides/structured-outputs>, "Supported schemas").
    OpenAiStrict,
    /// OpenAI without it: any schema with an object at its root.
    OpenAi,
    /// Anthropic's `input_schema`: any schema with an object at its root
    /// (<https://docs.claude.com/en/docs/agents-and-tools/tool-use/implement-tool-use>).
    Anthropic,
    /// Gemini's `Schema`, a subset of `OpenAPI` 3.0 (<https://ai.google.dev/api/caching#Schema>).
    Gemini,
}

impl Dialect {
    /// Every dialect, in the order of the enum.
    ///
    /// ```
    /// use runlet::schema::{Dialect, Schema};
    ///
    /// let schema = Schema::from_value(serde_json::json!({ "type": "object", "properties": {} }))?;
    /// assert!(Dialect::ALL.iter().all(|dialect| schema.lower(*dialect).is_lossless()));
    /// # Ok::<(), runlet::Error>(())
    /// ```
    pub const ALL: &'static [Self] = &[Self::OpenAiStrict, Self::OpenAi, Self::Anthropic, Self::Gemini];
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenAiStrict => "OpenAI strict",
            Self::OpenAi => "OpenAI",
            Self::Anthropic => "Anthropic",
            Self::Gemini => "Gemini",
        })
    }
}

/// A schema as a provider takes it.
///
/// ```
/// use runlet::schema::{Dialect, Schema};
///
/// let schema = serde_json::json!({
///     "type": "object",
///     "properties": { "tags": { "type": "array", "items": { "type": "string" }, "uniqueItems": true } },
///     "required": ["tags"],
/// });
/// let lowered = Schema::from_value(schema)?.lower(Dialect::OpenAiStrict);
/// assert_eq!(lowered.losses[0].pointer, "/properties/tags");
/// assert_eq!(lowered.losses[0].keyword, "uniqueItems");
/// # Ok::<(), runlet::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Lowered {
    /// The provider's form.
    pub schema: Schema,
    /// What was lost on the way, in the order of the schema.
    pub losses: Vec<Loss>,
}

impl Lowered {
    /// Whether nothing was lost: a value of the lowered schema is a value of the given one.
    ///
    /// `oneOf` counts as `anyOf` here: that a value fits two of its branches is no harm to a type that takes the first.
    ///
    /// ```
    /// use runlet::schema::{Dialect, Schema};
    ///
    /// assert!(!Schema::of::<serde_json::Value>().lower(Dialect::OpenAiStrict).is_lossless());
    /// ```
    pub fn is_lossless(&self) -> bool {
        self.losses.is_empty()
    }
}

/// Something that a provider does not take.
///
/// ```
/// use runlet::schema::{Dialect, Schema};
///
/// let schema = serde_json::json!({ "type": "object", "properties": { "id": { "type": "string", "minLength": 1 } } });
/// let losses = Schema::from_value(schema)?.lower(Dialect::OpenAiStrict).losses;
/// assert_eq!(losses[0].to_string(), "/properties/id: `minLength`: it is not supported");
/// assert_eq!(losses[1].to_string(), "/properties/id: `required`: it may be left out but not be null");
/// # Ok::<(), runlet::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// Where in the given schema, as a JSON pointer; empty for the root.
    pub pointer: String,
    /// The keyword that was lost or changed.
    pub keyword: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the root" } else { &self.pointer };
        write!(f, "{place}: `{}`: {}", self.keyword, self.reason)
    }
}

impl Schema {
    /// The schema as a provider takes it, with a list of what that loses.
    ///
    /// It never fails: what cannot be said at all becomes a schema that says less, and a loss.
    ///
    /// ```
    /// use runlet::schema::{Dialect, Schema};
    ///
    /// let schema = Schema::of::<std::collections::BTreeMap<String, u32>>();
    /// // Any keys: Anthropic takes that, strict mode cannot.
    /// assert!(schema.lower(Dialect::Anthropic).is_lossless());
    /// assert!(!schema.lower(Dialect::OpenAiStrict).is_lossless());
    /// ```
    pub fn lower(&self, dialect: Dialect) -> Lowered {
        let (value, losses) = match dialect {
            Dialect::OpenAiStrict => strict::lower(self.value()),
            Dialect::OpenAi => portable::lower(self.value(), portable::OPENAI),
            Dialect::Anthropic => portable::lower(self.value(), portable::ANTHROPIC),
            Dialect::Gemini => gemini::lower(self.value()),
        };
        Lowered { schema: Self::from_checked(value), losses }
    }
}

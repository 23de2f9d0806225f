//! One argument of a tool: its schema, its parser and its rules, in one typed constant.
//!
//! `#[runlet::tool]` writes an [`Arg`] per owned parameter and a [`Definition`] per tool; both are short by hand too.
//! An [`Arg`] describes instead of deriving: it holds function pointers for "schema" and "parse", so that the code
//! around an argument exists once per type and not once per tool.

#[cfg(feature = "json-schema")]
mod checked;
mod definition;
mod entries;
mod format;
mod locate;
mod nearest;
mod problem;
mod reader;
mod rules;

use std::fmt;

use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserializer;
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde_json::{Map, Value};

#[cfg(feature = "json-schema")]
pub(super) use self::checked::Checked;
pub use self::definition::Definition;
pub use self::problem::{ArgumentProblem, ArgumentProblems};
pub use self::reader::{Reader, Rejected};
pub use self::rules::Pattern;

use self::rules::{Bound, Rules};

/// One argument of a tool, taken from the model as a `T`.
///
/// Made by [`arg`], in a `static`. The methods add rules: each stands in the schema and is enforced on every call.
///
/// ```
/// use runlet::tool::{Arg, arg};
///
/// static LIMIT: Arg<u32> = arg::<u32>("limit", "How many orders to list.").min(1).max(50).default(|| 10, Some("10"));
/// assert_eq!(LIMIT.spec().name(), "limit");
/// ```
pub struct Arg<T> {
    spec: ArgumentSpec,
    parse: fn(Option<&str>) -> serde_json::Result<T>,
    default: Option<fn() -> T>,
}

/// Describes an argument by its name and what the model is told of it.
///
/// The argument may be left out exactly when `T` deserializes from a missing field, as `Option` and its aliases do, or
/// when it has a [default](Arg::default).
///
/// ```
/// use runlet::tool::{Arg, arg};
///
/// static CITY: Arg<String> = arg::<String>("city", "The city, in English.");
/// # assert_eq!(CITY.spec().name(), "city");
/// ```
pub const fn arg<T: Argument>(name: &'static str, description: &'static str) -> Arg<T> {
    let spec = ArgumentSpec {
        name,
        description,
        describe: T::describe,
        rules: Rules::NONE,
        default: None,
        has_default: false,
        example: None,
    };
    Arg { spec, parse: T::parse, default: None }
}

impl<T> Arg<T> {
    /// What an argument has apart from its type, for a [`Definition`].
    pub const fn spec(&self) -> &ArgumentSpec {
        &self.spec
    }

    /// Takes `value()` where the model leaves the argument out. `json` is the same value for the schema, as JSON text,
    /// where it can be written down.
    #[must_use]
    pub const fn default(mut self, value: fn() -> T, json: Option<&'static str>) -> Self {
        self.default = Some(value);
        self.spec.has_default = true;
        self.spec.default = json;
        self
    }

    /// Shows the model one value, given as JSON text.
    #[must_use]
    pub const fn example(mut self, json: &'static str) -> Self {
        self.spec.example = Some(json);
        self
    }

    /// The smallest number allowed.
    #[must_use]
    pub const fn min(mut self, min: i128) -> Self {
        self.spec.rules.min = Some(Bound::Integer(min));
        self
    }

    /// The largest number allowed.
    #[must_use]
    pub const fn max(mut self, max: i128) -> Self {
        self.spec.rules.max = Some(Bound::Integer(max));
        self
    }

    /// The smallest number allowed, where it is not an integer.
    #[must_use]
    pub const fn min_float(mut self, min: f64) -> Self {
        self.spec.rules.min = Some(Bound::Float(min));
        self
    }

    /// The largest number allowed, where it is not an integer.
    #[must_use]
    pub const fn max_float(mut self, max: f64) -> Self {
        self.spec.rules.max = Some(Bound::Float(max));
        self
    }

    /// The least length: characters of a string, items of an array, entries of an object.
    #[must_use]
    pub const fn min_len(mut self, min: usize) -> Self {
        self.spec.rules.min_len = Some(min);
        self
    }

    /// The greatest length: characters of a string, items of an array, entries of an object.
    #[must_use]
    pub const fn max_len(mut self, max: usize) -> Self {
        self.spec.rules.max_len = Some(max);
        self
    }

    /// A regular expression that a string must match somewhere; anchor it with `^` and `$` to match all of it.
    #[must_use]
    pub const fn pattern(mut self, pattern: &'static Pattern) -> Self {
        self.spec.rules.pattern = Some(pattern);
        self
    }

    /// A string format of JSON Schema. `date-time`, `date`, `time`, `email`, `hostname`, `uri`, `uuid`, `ipv4` and
    /// `ipv6` are enforced, any other is told to the model only.
    #[must_use]
    pub const fn format(mut self, format: &'static str) -> Self {
        self.spec.rules.format = Some(format);
        self
    }
}

impl<T> fmt::Debug for Arg<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Arg").field(&self.spec).finish()
    }
}

/// What an [`Arg`] has apart from its type.
pub struct ArgumentSpec {
    name: &'static str,
    description: &'static str,
    describe: fn(&mut SchemaGenerator) -> Described,
    rules: Rules,
    default: Option<&'static str>,
    has_default: bool,
    example: Option<&'static str>,
}

impl ArgumentSpec {
    /// The name the model gives it by.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The argument's place in the root schema: whether it is required, and its own schema.
    fn property(&self, generator: &mut SchemaGenerator) -> (bool, Map<String, Value>) {
        let described = (self.describe)(generator);
        let mut schema = match described.schema.to_value() {
            Value::Object(object) => object,
            _ => Map::new(),
        };
        schema.remove("title");
        if !self.description.is_empty() {
            schema.insert("description".to_owned(), self.description.into());
        }
        for (key, json) in [("default", self.default), ("examples", self.example)] {
            let Some(value) = json.and_then(|json| serde_json::from_str::<Value>(json).ok()) else { continue };
            schema.insert(key.to_owned(), if key == "examples" { Value::Array(vec![value]) } else { value });
        }
        self.rules.describe(&mut schema);
        (!described.optional && !self.has_default, schema)
    }
}

impl fmt::Debug for ArgumentSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArgumentSpec").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The schema of an argument's type, and whether the type can stand for a missing argument.
#[derive(Debug)]
pub struct Described {
    schema: schemars::Schema,
    optional: bool,
}

/// A type that a model can give: anything that implements `serde::Deserialize` and `schemars::JsonSchema`.
///
/// It is implemented for all of them and not meant to be implemented by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a tool",
    label = "a model cannot give this",
    note = "an owned parameter comes from the model: its type needs `#[derive(serde::Deserialize, schemars::JsonSchema)]`",
    note = "a parameter that the run lends is borrowed: `&{Self}`"
)]
pub trait Argument: Sized {
    /// Reads the value from JSON text, or from nothing.
    #[doc(hidden)]
    fn parse(json: Option<&str>) -> serde_json::Result<Self>;

    /// The type's schema, its definitions left in the generator.
    #[doc(hidden)]
    fn describe(generator: &mut SchemaGenerator) -> Described;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema> Argument for T {
    fn parse(json: Option<&str>) -> serde_json::Result<Self> {
        match json {
            Some(json) => serde_json::from_str(json),
            None => T::deserialize(Missing),
        }
    }

    fn describe(generator: &mut SchemaGenerator) -> Described {
        Described { schema: generator.subschema_for::<T>(), optional: T::deserialize(Missing).is_ok() }
    }
}

/// Deserializes nothing: what `Option` takes for `None` and every other type refuses.
struct Missing;

impl<'de> Deserializer<'de> for Missing {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("missing"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

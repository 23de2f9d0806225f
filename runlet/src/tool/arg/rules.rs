//! The rules of an argument beside its type: each stands in the schema and is enforced on the JSON text of a call.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::OnceLock;

use regex_lite::Regex;
use serde_json::{Map, Number, Value};

use super::format;
use super::locate::count;

/// A regular expression for an argument, compiled on first use.
///
/// The syntax is that of the crate `regex-lite`, which is common ground with JSON Schema's: no look-around and no
/// back-references, so matching takes linear time on whatever a model sends.
pub struct Pattern {
    source: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A pattern. One that does not compile matches nothing; `#[arg(pattern)]` rejects it at compile time.
    pub const fn new(source: &'static str) -> Self {
        Self { source, compiled: OnceLock::new() }
    }

    fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(self.source).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.source).finish()
    }
}

/// The rules of one argument.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) min: Option<Bound>,
    pub(super) max: Option<Bound>,
    pub(super) min_len: Option<usize>,
    pub(super) max_len: Option<usize>,
    pub(super) pattern: Option<&'static Pattern>,
    pub(super) format: Option<&'static str>,
}

#[derive(Clone, Copy)]
pub(super) enum Bound {
    Integer(i128),
    Float(f64),
}

impl Rules {
    pub(super) const NONE: Self =
        Self { min: None, max: None, min_len: None, max_len: None, pattern: None, format: None };

    /// Writes the rules into an argument's schema.
    pub(super) fn describe(&self, schema: &mut Map<String, Value>) {
        for (keyword, bound) in [("minimum", self.min), ("maximum", self.max)] {
            if let Some(number) = bound.and_then(Bound::number) {
                schema.insert(keyword.to_owned(), Value::Number(number));
            }
        }
        let lengths = [("min", self.min_len), ("max", self.max_len)];
        for (prefix, length) in lengths {
            let Some(length) = length else { continue };
            for (kind, noun) in [("string", "Length"), ("array", "Items"), ("object", "Properties")] {
                if may_be(schema, kind) {
                    schema.insert(format!("{prefix}{noun}"), length.into());
                }
            }
        }
        if let Some(pattern) = self.pattern {
            schema.insert("pattern".to_owned(), pattern.source.into());
        }
        if let Some(format) = self.format {
            schema.insert("format".to_owned(), format.into());
        }
    }

    /// The rule that a value breaks, as what was expected. `json` is well-formed.
    pub(super) fn broken_by(&self, json: &str) -> Option<String> {
        match json.as_bytes().first()? {
            b'"' => self.broken_by_string(json),
            b'[' => self.broken_by_length(count(json), "an array", "items"),
            b'{' => self.broken_by_length(count(json), "an object", "entries"),
            b't' | b'f' | b'n' => None,
            _ => self.broken_by_number(json),
        }
    }

    fn broken_by_number(&self, json: &str) -> Option<String> {
        let below = self.min.is_some_and(|min| min.compare(json) == Some(Ordering::Less));
        let above = self.max.is_some_and(|max| max.compare(json) == Some(Ordering::Greater));
        (below || above).then(|| match (self.min, self.max) {
            (Some(min), Some(max)) => format!("a number from {min} to {max}"),
            (Some(min), None) => format!("a number of at least {min}"),
            (None, Some(max)) => format!("a number of at most {max}"),
            (None, None) => "a number".to_owned(),
        })
    }

    fn broken_by_string(&self, json: &str) -> Option<String> {
        if self.min_len.is_none() && self.max_len.is_none() && self.pattern.is_none() && self.format.is_none() {
            return None;
        }
        let text: Text<'_> = serde_json::from_str(json).ok()?;
        if let Some(expected) = self.broken_by_length(text.0.chars().count(), "a string", "characters") {
            return Some(expected);
        }
        if let Some(pattern) = self.pattern
            && !pattern.matches(&text.0)
        {
            return Some(format!("a string that matches `{}`", pattern.source));
        }
        let format = self.format?;
        (!format::accepts(format, &text.0)).then(|| format!("a string of the format `{format}`"))
    }

    fn broken_by_length(&self, length: usize, noun: &str, unit: &str) -> Option<String> {
        let short = self.min_len.is_some_and(|min| length < min);
        let long = self.max_len.is_some_and(|max| length > max);
        (short || long).then(|| {
            let range = match (self.min_len, self.max_len) {
                (Some(min), Some(max)) if min == max => min.to_string(),
                (Some(min), Some(max)) => format!("{min} to {max}"),
                (Some(min), None) => format!("at least {min}"),
                (None, max) => format!("at most {}", max.unwrap_or_default()),
            };
            format!("{noun} of {range} {unit} (this one has {length})")
        })
    }
}

/// A string that is borrowed where it holds no escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Whether a schema lets a value be of a type; one that does not say lets it be of any.
fn may_be(schema: &Map<String, Value>, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == kind,
        Some(Value::Array(kinds)) => kinds.iter().any(|one| one == kind),
        _ => true,
    }
}

impl Bound {
    fn number(self) -> Option<Number> {
        match self {
            Self::Integer(value) => Number::from_i128(value),
            Self::Float(value) => Number::from_f64(value),
        }
    }

    /// How the number in a JSON text stands to the bound. Integers are compared as integers.
    fn compare(self, json: &str) -> Option<Ordering> {
        match (self, json.parse::<i128>()) {
            (Self::Integer(bound), Ok(value)) => Some(value.cmp(&bound)),
            #[expect(clippy::cast_precision_loss, reason = "the value itself is a float here")]
            (Self::Integer(bound), Err(_)) => json.parse::<f64>().ok()?.partial_cmp(&(bound as f64)),
            (Self::Float(bound), _) => json.parse::<f64>().ok()?.partial_cmp(&bound),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
        }
    }
}

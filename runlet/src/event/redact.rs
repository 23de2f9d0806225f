//! Taking secrets out of what leaves the process.

use std::fmt;
use std::sync::OnceLock;

use regex_lite::{Captures, Regex};
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};

/// What stands where a secret stood.
const MARK: &str = "[REDACTED]";

/// The shapes of secrets that give themselves away: keys of OpenAI, Anthropic (`sk-`), Google (`AIza`), AWS (`AKIA`,
/// `ASIA`), GitHub, GitLab and Slack, JSON web tokens, private keys as PEM, and what follows `Bearer`.
const SHAPES: &str = r"(?x)
    \bsk-[A-Za-z0-9_-]{8,}
    | \bAIza[A-Za-z0-9_-]{16,}
    | \bA[KS]IA[A-Z0-9]{12,}
    | \bgh[pousr]_[A-Za-z0-9]{8,} | \bgithub_pat_[A-Za-z0-9_]{8,}
    | \bglpat-[A-Za-z0-9_-]{8,}
    | \bxox[a-z]-[A-Za-z0-9-]{8,}
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?
    | -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY-----[\s\S]*?(?:-----END\ [A-Z\ ]*PRIVATE\ KEY-----|\z)
    | (?i:\bbearer)\s+[A-Za-z0-9._~+/=-]{8,}";

/// A name and its value, as in JSON that is cut off, in headers and in queries.
const PAIR: &str = r#"([A-Za-z0-9_-]+)("?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|[^\s"',;&{}\[\]]+)"#;

/// Names whose value is secret.
const KEYS: [&str; 11] = [
    "auth",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "passwd",
    "proxyauthorization",
    "pwd",
    "secret",
    "setcookie",
    "token",
];

/// Endings of names whose value is secret, such as `openai_api_key`.
const KEY_ENDINGS: [&str; 14] = [
    "accesskey",
    "accesskeyid",
    "accesstoken",
    "apikey",
    "apitoken",
    "authtoken",
    "credentials",
    "idtoken",
    "passphrase",
    "password",
    "privatekey",
    "refreshtoken",
    "secretkey",
    "sessiontoken",
];

/// Takes secrets out of text and JSON: values under names such as `password` and `api_key`, and text in the shape of a
/// known kind of key.
///
/// Sinks that write what was said use one. It is a net for what slips through, not a reason to let secrets near a
/// model: a secret under a harmless name and without a known shape passes.
///
/// ```
/// use runlet::event::Redactor;
///
/// let redactor = Redactor::new();
/// assert_eq!(redactor.text("use sk-abcdefgh12345678 for it"), "use [REDACTED] for it");
/// assert_eq!(redactor.text(r#"{"user":"ada","password":"xyzzy"}"#), r#"{"password":"[REDACTED]","user":"ada"}"#);
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Redactor {
    keys: Vec<String>,
    shapes: Vec<Regex>,
}

impl Redactor {
    /// A redactor of the known names and shapes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a name whose value is secret. Case, `_`, `-` and spaces do not matter.
    pub fn key(mut self, name: &str) -> Self {
        self.keys.push(plain(name));
        self
    }

    /// Adds the shape of a secret, as a regular expression.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where the expression cannot be read.
    pub fn shape(mut self, pattern: &str) -> Result<Self> {
        let shape = Regex::new(pattern).map_err(|error| {
            Error::with_source(ErrorKind::Config, "the shape of a secret is no regular expression", error)
        })?;
        self.shapes.push(shape);
        Ok(self)
    }

    /// The text without secrets. A text that is JSON is read as such.
    pub fn text(&self, text: &str) -> String {
        let json = text.trim_start().starts_with(['{', '[']);
        if let Some(value) = json.then(|| serde_json::from_str(text).ok()).flatten() {
            return self.json(value).to_string();
        }
        // Without its patterns it takes out everything, rather than nothing.
        let (Some(shapes), Some(pair)) = (compiled(&SHAPES_READ, SHAPES), compiled(&PAIR_READ, PAIR)) else {
            return MARK.to_owned();
        };
        let mut text = shapes.replace_all(text, MARK).into_owned();
        for shape in &self.shapes {
            text = shape.replace_all(&text, MARK).into_owned();
        }
        let group = |captures: &Captures<'_>, place| {
            captures.get(place).map_or(String::new(), |found| found.as_str().to_owned())
        };
        pair.replace_all(&text, |captures: &Captures<'_>| match group(captures, 1) {
            name if self.is_secret(&name) => format!("{name}{}{MARK}", group(captures, 2)),
            _ => group(captures, 0),
        })
        .into_owned()
    }

    /// The value without secrets.
    pub fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(values) => values.into_iter().map(|value| self.json(value)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| {
                    let value = match value {
                        Value::Null | Value::Bool(_) => value,
                        _ if self.is_secret(&name) => Value::String(MARK.to_owned()),
                        value => self.json(value),
                    };
                    (name, value)
                });
                Value::Object(fields.collect())
            }
            other => other,
        }
    }

    fn is_secret(&self, name: &str) -> bool {
        let name = plain(name);
        KEYS.contains(&name.as_str())
            || KEY_ENDINGS.iter().any(|ending| name.ends_with(ending))
            || self.keys.contains(&name)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("keys", &self.keys).finish_non_exhaustive()
    }
}

static SHAPES_READ: OnceLock<Option<Regex>> = OnceLock::new();
static PAIR_READ: OnceLock<Option<Regex>> = OnceLock::new();

fn compiled(place: &'static OnceLock<Option<Regex>>, pattern: &str) -> Option<&'static Regex> {
    place.get_or_init(|| Regex::new(pattern).ok()).as_ref()
}

/// A name as it is compared: letters and digits only, in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

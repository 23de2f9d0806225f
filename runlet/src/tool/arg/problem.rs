//! What is wrong with the arguments of a call, in types and in words for the model.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use crate::tool::ToolError;

/// The longest schema fragment shown with a problem, in bytes. Most are under 200; a longer one is in the tool's schema,
/// which the model has.
const MAX_FRAGMENT: usize = 400;

/// The longest excerpt of a value, in bytes.
const MAX_EXCERPT: usize = 80;

/// One thing that is wrong with the arguments of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArgumentProblem {
    /// Where, as a JSON pointer into the arguments; empty for all of them.
    pub pointer: String,
    /// What should stand there, in words.
    pub expected: String,
    /// What stands there: its type and the beginning of it.
    pub found: String,
    /// The schema of the argument, as JSON text; `None` where no declared argument is concerned.
    pub schema: Option<String>,
    /// What may have been meant.
    pub hint: Option<String>,
}

impl fmt::Display for ArgumentProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.pointer.is_empty() {
            write!(f, "{}: ", self.pointer)?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)?;
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        if let Some(schema) = &self.schema {
            let end = boundary(schema, MAX_FRAGMENT);
            let ellipsis = if end < schema.len() { ".." } else { "" };
            write!(f, "; schema: {}{ellipsis}", schema.get(..end).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// All that is wrong with the arguments of a call. Displays as the text for the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentProblems {
    tool: Cow<'static, str>,
    problems: Vec<ArgumentProblem>,
}

impl ArgumentProblems {
    /// The most problems of one call that are written out; a call with more says how many more. A model that got 20
    /// things wrong reads the schema anew anyway.
    pub(super) const MAX_SHOWN: usize = 20;

    pub(super) fn new(tool: impl Into<Cow<'static, str>>) -> Self {
        Self { tool: tool.into(), problems: Vec::new() }
    }

    pub(super) fn push(&mut self, problem: ArgumentProblem) {
        self.problems.push(problem);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether another problem would be shown.
    pub(super) fn has_room(&self) -> bool {
        self.problems.len() < Self::MAX_SHOWN
    }

    /// The tool's name.
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// The problems: first those of the declared arguments in their order, then those of unknown ones.
    pub fn problems(&self) -> &[ArgumentProblem] {
        &self.problems
    }

    /// The error that tells the model, of kind [`InvalidArguments`](crate::tool::ToolErrorKind::InvalidArguments).
    pub fn into_error(self) -> ToolError {
        ToolError::invalid_arguments(self)
    }
}

impl fmt::Display for ArgumentProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "`{}` was not run: its arguments have {count} problem{plural}", self.tool)?;
        for problem in self.problems.iter().take(Self::MAX_SHOWN) {
            write!(f, "\n- {problem}")?;
        }
        if count > Self::MAX_SHOWN {
            write!(f, "\n- and {} more", count - Self::MAX_SHOWN)?;
        }
        Ok(())
    }
}

/// A JSON value in words: its type and the beginning of it.
pub(super) fn found(json: &str) -> String {
    let json = json.trim_ascii();
    let mut text = kind(json).to_owned();
    if !matches!(json, "null" | "true" | "false") {
        text.push(' ');
        excerpt(json, &mut text);
    }
    text
}

/// The type of a JSON value, by its first character.
pub(super) fn kind(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'"') => "string",
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b't') => "true",
        Some(b'f') => "false",
        Some(b'n') => "null",
        Some(_) if json.contains(['.', 'e', 'E']) => "number",
        Some(_) => "integer",
        None => "nothing",
    }
}

/// The beginning of a text, with everything escaped that could act on a terminal or on the reading order.
fn excerpt(text: &str, into: &mut String) {
    let end = boundary(text, MAX_EXCERPT);
    for character in text.get(..end).unwrap_or_default().chars() {
        let reorders = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || reorders {
            // Writing to a `String` cannot fail.
            let _ = write!(into, "{}", character.escape_unicode());
        } else {
            into.push(character);
        }
    }
    if end < text.len() {
        into.push_str("..");
    }
}

/// The longest prefix of at most `limit` bytes that ends between two characters.
fn boundary(text: &str, limit: usize) -> usize {
    if text.len() <= limit { text.len() } else { text.floor_char_boundary(limit) }
}

//! Reads the arguments of one call: one pass over the object, each argument parsed on its own, every problem kept.

use std::fmt;

use super::entries::{Entries, State, split};
use super::locate::{any_number, locate, offset, push_escaped};
use super::nearest::{ARGUMENTS, meant};
use super::problem::{ArgumentProblem, ArgumentProblems, found};
use super::{Arg, ArgumentSpec, Definition};
use crate::tool::{ToolError, ToolErrorKind};

/// The digits of the shortest integers that do not fit 64 bits: `i64::MIN` has 19, `u64::MAX` 20.
const MAX_DIGITS: usize = 19;

/// Reads the arguments of one call.
///
/// [`take`](Self::take) every argument, then [`finish`](Self::finish): it fails with all problems of the call at once.
pub struct Reader<'a> {
    definition: &'static Definition,
    entries: Entries<'a>,
    problems: ArgumentProblems,
    /// Whether the text is no object at all; then there is one problem and no argument.
    broken: bool,
}

/// The place of a value that could not be taken. What is wrong with it comes from [`Reader::finish`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected;

impl From<Rejected> for ToolError {
    fn from(_: Rejected) -> Self {
        Self::new(ToolErrorKind::InvalidArguments, "an argument was used that could not be read")
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(definition: &'static Definition, json: &'a str) -> Self {
        let mut reader = Self { definition, entries: Entries::new(), problems: definition.problems(), broken: false };
        match split(json) {
            Ok(entries) => reader.entries = entries,
            Err(problem) => {
                reader.broken = true;
                reader.problems.push(problem);
            }
        }
        reader
    }

    /// Takes an argument: its value, its default, or a note of what is wrong with it.
    ///
    /// # Errors
    /// [`Rejected`] where there is no such value; [`finish`](Self::finish) says why.
    pub fn take<T>(&mut self, argument: &Arg<T>) -> Result<T, Rejected> {
        let json = self.find(&argument.spec)?;
        if let (None, Some(default)) = (json, argument.default) {
            return Ok(default());
        }
        match (argument.parse)(json) {
            Ok(value) => self.check(&argument.spec, json).map(|()| value),
            Err(error) => Err(self.reject(&argument.spec, json, &error)),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// A [`ToolError`] of kind [`InvalidArguments`](ToolErrorKind::InvalidArguments) where the arguments are not a JSON
    /// object, or any of them is missing, malformed, repeated or unknown. Its text names every problem.
    pub fn finish(mut self) -> Result<(), ToolError> {
        for index in 0..self.entries.len() {
            self.report_leftover(index);
        }
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems.into_error()) }
    }

    /// The JSON text of an argument; `None` where the model left it out.
    fn find(&mut self, argument: &ArgumentSpec) -> Result<Option<&'a str>, Rejected> {
        if self.broken {
            return Err(Rejected);
        }
        let mut json = None;
        for entry in self.entries.iter_mut().filter(|entry| entry.key == argument.name) {
            entry.state = if json.is_none() { State::Taken } else { State::Repeated };
            json = json.or(Some(entry.json));
        }
        Ok(json)
    }

    /// Holds a value that could be parsed to the argument's rules.
    fn check(&mut self, argument: &ArgumentSpec, json: Option<&str>) -> Result<(), Rejected> {
        let Some(json) = json else { return Ok(()) };
        let broken = argument.rules.broken_by(json).or_else(|| self.rounded(argument, json));
        let Some(expected) = broken else { return Ok(()) };
        self.push(argument, pointer(argument.name), expected, found(json));
        Err(Rejected)
    }

    /// An integer beyond 64 bits becomes a float in a type that takes any number. It is refused unless the float is the
    /// same number, or the type reads 128 bits.
    fn rounded(&self, argument: &ArgumentSpec, json: &str) -> Option<String> {
        let reads_128_bits = || {
            let schema = self.definition.fragment(argument.name);
            schema.is_some_and(|schema| schema.contains("int128"))
        };
        (rounds(json) && !reads_128_bits()).then(|| "integers of at most 64 bits".to_owned())
    }

    /// Notes why a value could not be parsed.
    #[cold]
    fn reject(&mut self, argument: &ArgumentSpec, json: Option<&str>, error: &serde_json::Error) -> Rejected {
        let mut at = pointer(argument.name);
        match json {
            None => self.push(argument, at, "a value: it is required".to_owned(), "nothing".to_owned()),
            Some(json) => {
                let value = locate(json, offset(json, error.line(), error.column()));
                at.push_str(&value.pointer);
                self.push(argument, at, expected(error), found(value.text));
            }
        }
        Rejected
    }

    fn push(&mut self, argument: &ArgumentSpec, pointer: String, expected: String, found: String) {
        let schema = self.definition.fragment(argument.name);
        self.problems.push(ArgumentProblem { pointer, expected, found, schema, hint: None });
    }

    /// Notes an entry that is unknown or came twice.
    fn report_leftover(&mut self, index: usize) {
        let Some(entry) = self.entries.get(index) else { return };
        let (expected, hint) = match entry.state {
            State::Taken => return,
            State::Repeated => ("the argument once".to_owned(), None),
            // Looking for a name takes time, and a hostile call may have any number of unknown ones.
            State::Unknown if !self.problems.has_room() => ("no argument of this name".to_owned(), None),
            State::Unknown => {
                let names: Vec<&str> = self.definition.arguments().iter().map(|argument| argument.name()).collect();
                ("no argument of this name".to_owned(), Some(meant(&entry.key, &names, ARGUMENTS)))
            }
        };
        let (pointer, found) = (pointer(&entry.key), found(entry.json));
        self.problems.push(ArgumentProblem { pointer, expected, found, schema: None, hint });
    }
}

/// Whether JSON text has an integer that neither 64 bits nor a float can hold.
pub(super) fn rounds(json: &str) -> bool {
    let rounds = |number: &str| {
        number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
            && number.parse::<u64>().is_err()
            && number.parse::<i64>().is_err()
            && number.parse::<f64>().is_ok_and(|float| format!("{float:.0}") != number)
    };
    json.len() >= MAX_DIGITS && !json.starts_with('"') && any_number(json, rounds)
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("tool", &self.problems.tool()).finish_non_exhaustive()
    }
}

/// What a type expected, from the words of its deserializer.
pub(super) fn expected(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&position).unwrap_or(&text);
    if let Some(field) = text.strip_prefix("missing field ") {
        return format!("an object with the field {field}");
    }
    if let Some(field) = text.strip_prefix("duplicate field ") {
        return format!("the field {field} once");
    }
    if let Some(rest) = text.strip_prefix("unknown field ") {
        return match rest.split_once(", expected ") {
            Some((field, fields)) => format!("no field {field} but {fields}"),
            None => format!("no field {rest}"),
        };
    }
    match text.split_once(", expected ") {
        Some((found, expected)) if found.starts_with("invalid ") || found.starts_with("unknown variant ") => {
            plain(expected)
        }
        _ => format!("a valid value ({text})"),
    }
}

/// A Rust type's name for itself in the words of JSON.
fn plain(expected: &str) -> String {
    let integer = |min: i128, max: i128| format!("an integer from {min} to {max}");
    match expected {
        "u8" => integer(0, u8::MAX.into()),
        "u16" => integer(0, u16::MAX.into()),
        "u32" => integer(0, u32::MAX.into()),
        "u64" | "usize" => integer(0, u64::MAX.into()),
        "i8" => integer(i8::MIN.into(), i8::MAX.into()),
        "i16" => integer(i16::MIN.into(), i16::MAX.into()),
        "i32" => integer(i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" => integer(i64::MIN.into(), i64::MAX.into()),
        "u128" | "i128" => "an integer".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "unit" => "null".to_owned(),
        "a sequence" => "an array".to_owned(),
        "a map" | "map" => "an object".to_owned(),
        "string or map" => "a string or an object".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        other => other.to_owned(),
    }
}

pub(super) fn pointer(name: &str) -> String {
    let mut pointer = String::from("/");
    push_escaped(&mut pointer, name);
    pointer
}

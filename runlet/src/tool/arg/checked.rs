//! A schema that is only known at run time, compiled, and the reading of a call's arguments by it.

mod words;

use std::collections::HashSet;

use jsonschema::error::ValidationErrorKind as Broken;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value};

use super::entries::{Entries, State, split};
use super::format;
use super::locate::{depth, locate, offset, repeated};
use super::nearest::{ARGUMENTS, meant};
use super::problem::{ArgumentProblem, ArgumentProblems, found};
use super::reader::{expected, pointer, rounds};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::Schema;
use crate::tool::ToolError;

/// How many steps back a `pattern` may take on one string. Patterns may come from strangers, and strings from a model.
const BACKTRACK_LIMIT: usize = 100_000;

/// How deep a value may nest where the schema refers to itself. Each level of alternatives is tried in each alternative of
/// the level above, so the time doubles or trebles with every level.
const MAX_DEPTH: usize = 24;

/// Keywords of a root that say by themselves, or in a schema that they name, which other arguments there are.
const OPENING: [&str; 12] = [
    "$dynamicRef",
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "dependencies",
    "dependentSchemas",
    "if",
    "oneOf",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
];

/// The schema of a tool's arguments, compiled.
pub(in crate::tool) struct Checked {
    schema: Schema,
    validator: Validator,
    /// Whether the arguments are those that the root declares, although it does not say so.
    closed: bool,
    /// Whether the schema has references, and so may refer to itself.
    refers: bool,
}

impl Checked {
    /// Compiles the schema of a tool's arguments.
    pub(in crate::tool) fn new(tool: &str, schema: &Schema) -> Result<Self> {
        let wrong = |problem: String| Error::new(ErrorKind::Config, format!("the schema of `{tool}` {problem}"));
        // `offline` stands for itself: another crate of the build may turn the resolvers on.
        let mut options = jsonschema::options()
            .offline()
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_LIMIT));
        for name in format::ENFORCED {
            options = options.with_format(name, move |text: &str| format::accepts(name, text));
        }
        let validator = options.build(schema.value()).map_err(|error| wrong(words::refused(&error)))?;
        let root = schema.value();
        if root.get("type").is_none_or(|kind| kind != "object") {
            return Err(wrong(
                "needs `\"type\": \"object\"` at its root: a call gives its arguments by name".to_owned(),
            ));
        }
        let closed = root.get("properties").is_some() && OPENING.iter().all(|keyword| root.get(keyword).is_none());
        let refers = ["\"$ref\"", "\"$dynamicRef\"", "\"$recursiveRef\""].iter().any(|key| schema.json().contains(key));
        Ok(Self { schema: schema.clone(), validator, closed, refers })
    }

    /// Reads the arguments of a call.
    ///
    /// # Errors
    /// A [`ToolError`] that names every problem, where there is any.
    pub(in crate::tool) fn read(&self, tool: &str, json: &str) -> Result<Value, ToolError> {
        let mut problems = ArgumentProblems::new(tool.to_owned());
        let entries = match split(json) {
            Ok(entries) => entries,
            Err(problem) => {
                problems.push(problem);
                return Err(problems.into_error());
            }
        };
        let mut call = Call { checked: self, json, entries, problems: Vec::new(), unknown: HashSet::new() };
        let arguments = call.parse();
        call.validate(&arguments);
        call.finish(problems)?;
        Ok(arguments)
    }

    /// The names that the root declares, in its order.
    fn declared(&self) -> Vec<&str> {
        let properties = self.schema.value().get("properties").and_then(Value::as_object);
        properties.map(|properties| properties.keys().map(String::as_str).collect()).unwrap_or_default()
    }
}

/// The reading of one call.
struct Call<'a> {
    checked: &'a Checked,
    json: &'a str,
    entries: Entries<'a>,
    /// What is wrong with declared arguments.
    problems: Vec<ArgumentProblem>,
    /// The names that the schema refuses.
    unknown: HashSet<String>,
}

impl Call<'_> {
    /// The values of the entries, without those that cannot be read.
    fn parse(&mut self) -> Value {
        let mut values = Map::new();
        let mut seen = HashSet::new();
        let mut problems = Vec::new();
        for entry in &mut self.entries {
            entry.state = State::Taken;
            if !seen.insert(entry.key.clone()) {
                entry.state = State::Repeated;
                continue;
            }
            let mut at = pointer(&entry.key);
            if self.checked.refers && depth(entry.json) > MAX_DEPTH {
                problems.push((at, format!("a value of at most {MAX_DEPTH} levels"), found(entry.json)));
                continue;
            }
            match serde_json::from_str::<Value>(entry.json) {
                Ok(value) => {
                    values.insert(entry.key.clone().into_owned(), value);
                }
                Err(error) => {
                    let value = locate(entry.json, offset(entry.json, error.line(), error.column()));
                    at.push_str(&value.pointer);
                    problems.push((at, expected(&error), found(value.text)));
                    continue;
                }
            }
            if let Some(value) = repeated(entry.json) {
                problems.push((at.clone() + &value.pointer, "the field once".to_owned(), found(value.text)));
            }
            if rounds(entry.json) {
                problems.push((at, "integers of at most 64 bits".to_owned(), found(entry.json)));
            }
        }
        for (pointer, expected, found) in problems {
            self.push(pointer, expected, found, None);
        }
        Value::Object(values)
    }

    /// Holds the arguments to the schema.
    fn validate(&mut self, arguments: &Value) {
        for error in self.checked.validator.iter_errors(arguments) {
            self.explain(&error);
        }
        if self.checked.closed {
            let declared: HashSet<&str> = self.checked.declared().into_iter().collect();
            let unknown = self.entries.iter().filter(|entry| !declared.contains(entry.key.as_ref()));
            self.unknown.extend(unknown.map(|entry| entry.key.clone().into_owned()));
        }
    }

    fn explain(&mut self, error: &ValidationError<'_>) {
        let at = error.instance_path().as_str();
        match error.kind() {
            Broken::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                // One that came and cannot be read has its problem already.
                if at.is_empty() && self.entries.iter().any(|entry| entry.key == name) {
                    return;
                }
                let at = at.to_owned() + &pointer(name);
                self.push(at, "a value: it is required".to_owned(), "nothing".to_owned(), None);
            }
            Broken::AdditionalProperties { unexpected } | Broken::UnevaluatedProperties { unexpected } => {
                if at.is_empty() {
                    self.unknown.extend(unexpected.iter().cloned());
                    return;
                }
                let fields = words::fields(error, self.checked.schema.value());
                for name in unexpected {
                    let hint = self.has_room().then(|| meant(name, &fields, ["object", "fields"]));
                    let value = error.instance().get(name).map(Value::to_string).unwrap_or_default();
                    let at = at.to_owned() + &pointer(name);
                    self.push(at, "no field of this name".to_owned(), found(&value), hint);
                }
            }
            Broken::AnyOf { context } | Broken::OneOfNotValid { context } => match words::meant_branch(context, at) {
                Some(branch) => branch.iter().for_each(|error| self.explain(error)),
                None => self.push_error(error, words::alternatives(context, at)),
            },
            _ => self.push_error(error, words::expected(error, self.checked.schema.value())),
        }
    }

    fn push_error(&mut self, error: &ValidationError<'_>, expected: String) {
        let at = error.instance_path().as_str();
        // What the model wrote, where it is at hand, and not the same value written anew. A hostile call may have any
        // number of problems, so it is not looked for once there are enough.
        let entry = self.entries.iter().find(|entry| self.has_room() && pointer(&entry.key) == at);
        let found = match entry {
            Some(entry) => found(entry.json),
            None if at.is_empty() => found(self.json),
            None => found(&error.instance().to_string()),
        };
        self.push(at.to_owned(), expected, found, None);
    }

    fn push(&mut self, pointer: String, expected: String, found: String, hint: Option<String>) {
        let schema = argument_of(&pointer).and_then(|name| self.checked.schema.property(&name));
        self.problems.push(ArgumentProblem { pointer, expected, found, schema, hint });
    }

    fn has_room(&self) -> bool {
        self.problems.len() < ArgumentProblems::MAX_SHOWN
    }

    /// All problems in their order: of declared arguments as they are declared, of the whole, of entries that are left.
    fn finish(mut self, mut problems: ArgumentProblems) -> Result<(), ToolError> {
        let declared = self.checked.declared();
        let rank = |problem: &ArgumentProblem| {
            let name = argument_of(&problem.pointer);
            name.and_then(|name| declared.iter().position(|one| *one == name)).unwrap_or(declared.len())
        };
        self.problems.sort_by_cached_key(|problem| {
            (rank(problem), problem.pointer.clone(), problem.expected.clone(), problem.found.clone())
        });
        self.problems.dedup();
        for problem in self.problems {
            problems.push(problem);
        }
        for entry in self.entries {
            let (expected, hint) = match entry.state {
                State::Repeated => ("the argument once", None),
                _ if !self.unknown.contains(entry.key.as_ref()) => continue,
                _ => {
                    let hint = problems.has_room().then(|| meant(&entry.key, &declared, ARGUMENTS));
                    ("no argument of this name", hint)
                }
            };
            let (pointer, found) = (pointer(&entry.key), found(entry.json));
            problems.push(ArgumentProblem { pointer, expected: expected.to_owned(), found, schema: None, hint });
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.into_error()) }
    }
}

/// The name of the argument that a pointer leads into.
fn argument_of(pointer: &str) -> Option<String> {
    let name = pointer.strip_prefix('/')?;
    let name = name.split_once('/').map_or(name, |(name, _)| name);
    Some(name.replace("~1", "/").replace("~0", "~"))
}

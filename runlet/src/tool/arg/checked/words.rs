//! What a schema asks for, in the words that `#[tool]` has for it.

use jsonschema::error::{TypeKind, ValidationErrorKind as Broken};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use super::super::rules::{Bound, Rules};

/// The most values of an `enum` that are written out.
const MAX_VALUES: usize = 20;

/// What should stand where the schema `root` is broken.
pub(super) fn expected(error: &ValidationError<'_>, root: &Value) -> String {
    match error.kind() {
        Broken::Type { kind } => types(&kinds(kind)),
        Broken::Enum { options } => match options.as_array() {
            Some(values) => one_of(values),
            None => rest(error),
        },
        Broken::Constant { expected_value } => one_of(std::slice::from_ref(expected_value)),
        Broken::Minimum { .. } | Broken::Maximum { .. } => bounded(error, root, None),
        Broken::MinLength { .. } | Broken::MaxLength { .. } => bounded(error, root, Some("Length")),
        Broken::MinItems { .. } | Broken::MaxItems { .. } => bounded(error, root, Some("Items")),
        Broken::MinProperties { .. } | Broken::MaxProperties { .. } => bounded(error, root, Some("Properties")),
        Broken::ExclusiveMinimum { limit } => format!("a number above {limit}"),
        Broken::ExclusiveMaximum { limit } => format!("a number below {limit}"),
        Broken::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        Broken::Pattern { pattern } => format!("a string that matches `{pattern}`"),
        Broken::Format { format } => format!("a string of the format `{format}`"),
        Broken::BacktrackLimitExceeded { .. } | Broken::RegexEngineFailure { .. } => {
            "a shorter string: matching its pattern takes too long".to_owned()
        }
        Broken::UniqueItems => "an array of distinct items".to_owned(),
        Broken::AdditionalItems { limit } => format!("an array of at most {limit} items"),
        Broken::FalseSchema => "nothing here".to_owned(),
        Broken::PropertyNames { error } => format!("an object with other names: each is {}", expected(error, root)),
        Broken::OneOfMultipleValid { .. } => "a value that fits one alternative and no other".to_owned(),
        _ => rest(error),
    }
}

/// The words for what is rare: the keyword says it.
fn rest(error: &ValidationError<'_>) -> String {
    format!("a value that fits `{}`", error.kind().keyword())
}

/// What is wrong with a schema.
pub(super) fn refused(error: &ValidationError<'_>) -> String {
    let at = error.instance_path().as_str();
    let instance = error.instance();
    if matches!(error.kind(), Broken::AnyOf { .. }) && at.ends_with("/type") && instance.is_string() {
        return format!(
            "has the type {instance} at `{at}`, but JSON Schema has array, boolean, integer, null, number, object and \
             string: `Schema::from_dialect` knows other names for these"
        );
    }
    if at.is_empty() {
        return format!("is not valid: {error}");
    }
    format!("is not valid at `{at}`: {error}")
}

/// The alternative that was meant, where one is plainly nearer than the others: the only one of the value's type, or
/// else the only one of these whose fixed fields it has.
pub(super) fn meant_branch<'a>(
    branches: &'a [Vec<ValidationError<'static>>],
    at: &str,
) -> Option<&'a [ValidationError<'static>]> {
    let of_its_type = |branch: &&Vec<ValidationError<'static>>| {
        !branch.iter().any(|error| {
            let whole = error.instance_path().as_str() == at;
            whole && matches!(error.kind(), Broken::Type { .. } | Broken::Enum { .. } | Broken::Constant { .. })
        })
    };
    let has_its_tag = |branch: &&Vec<ValidationError<'static>>| {
        !branch.iter().any(|error| matches!(error.kind(), Broken::Constant { .. }))
    };
    let candidates: Vec<_> = branches.iter().filter(of_its_type).collect();
    let mut tagged = candidates.iter().copied().filter(has_its_tag);
    match (candidates.as_slice(), tagged.next(), tagged.next()) {
        ([only], _, _) => Some(only.as_slice()),
        (_, Some(only), None) => Some(only.as_slice()),
        _ => None,
    }
}

/// What a value that fits none of several alternatives should be.
pub(super) fn alternatives(branches: &[Vec<ValidationError<'static>>], at: &str) -> String {
    let mut kinds_of_all = Vec::new();
    for branch in branches {
        let of_type = branch.iter().find_map(|error| match error.kind() {
            Broken::Type { kind } if error.instance_path().as_str() == at => Some(kinds(kind)),
            _ => None,
        });
        match of_type {
            Some(kinds) => kinds_of_all.extend(kinds),
            None => return format!("a value that fits one of {} alternatives", branches.len()),
        }
    }
    types(&kinds_of_all)
}

/// The names of the fields that the object at fault may have.
pub(super) fn fields<'a>(error: &ValidationError<'_>, root: &'a Value) -> Vec<&'a str> {
    let properties = broken_schema(error, root).and_then(|schema| schema.get("properties")?.as_object());
    properties.map(|properties| properties.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// The schema whose keyword is broken.
fn broken_schema<'a>(error: &ValidationError<'_>, root: &'a Value) -> Option<&'a Value> {
    let (schema, _) = error.schema_path().as_str().rsplit_once('/')?;
    root.pointer(schema)
}

/// What two bounds ask for together, as the rules of an argument say it.
fn bounded(error: &ValidationError<'_>, root: &Value, length: Option<&str>) -> String {
    let Some(schema) = broken_schema(error, root) else { return rest(error) };
    let mut rules = Rules::NONE;
    if let Some(noun) = length {
        let limit = |prefix: &str| usize::try_from(schema.get(format!("{prefix}{noun}"))?.as_u64()?).ok();
        (rules.min_len, rules.max_len) = (limit("min"), limit("max"));
    } else {
        (rules.min, rules.max) = (schema.get("minimum").and_then(bound), schema.get("maximum").and_then(bound));
    }
    rules.broken_by(&error.instance().to_string()).unwrap_or_else(|| rest(error))
}

fn bound(limit: &Value) -> Option<Bound> {
    let integer = limit.as_i64().map(i128::from).or_else(|| limit.as_u64().map(i128::from));
    integer.map(Bound::Integer).or_else(|| limit.as_f64().map(Bound::Float))
}

fn kinds(kind: &TypeKind) -> Vec<JsonType> {
    match kind {
        TypeKind::Single(only) => vec![*only],
        TypeKind::Multiple(several) => several.iter().collect(),
    }
}

/// Types in words, `null` last.
fn types(kinds: &[JsonType]) -> String {
    let order = [
        (JsonType::String, "a string"),
        (JsonType::Integer, "an integer"),
        (JsonType::Number, "a number"),
        (JsonType::Boolean, "true"),
        (JsonType::Boolean, "false"),
        (JsonType::Array, "an array"),
        (JsonType::Object, "an object"),
        (JsonType::Null, "null"),
    ];
    let words: Vec<&str> = order.iter().filter(|(kind, _)| kinds.contains(kind)).map(|(_, word)| *word).collect();
    match words.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.concat(),
    }
}

/// Listed values, as `serde` lists the variants of an enum.
fn one_of(values: &[Value]) -> String {
    let words = |value: &Value| match value {
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    };
    match values {
        [only] => words(only),
        [first, second] => format!("{} or {}", words(first), words(second)),
        _ => {
            let shown: Vec<String> = values.iter().take(MAX_VALUES).map(words).collect();
            let ellipsis = if values.len() > MAX_VALUES { ", .." } else { "" };
            format!("one of {}{ellipsis}", shown.join(", "))
        }
    }
}

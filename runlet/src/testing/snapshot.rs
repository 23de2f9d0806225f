//! A file of what models are told of a set of tools.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::budget::{Ruler, Utf8Ruler};
use crate::schema::Schema;
use crate::tool::{ToolSpec, Toolbox};

/// The environment variable that has the file written instead of compared.
const UPDATE: &str = "RUNLET_UPDATE_SNAPSHOT";

/// Asserts that models are told of the tools what a file says, so that a changed prompt shows in review.
///
/// The file holds, in JSON, each tool's name, description, schema and length in tokens (the likely count of
/// [`Utf8Ruler`]), in the order of the toolbox. With the environment variable `RUNLET_UPDATE_SNAPSHOT` set to anything but
/// `0`, the file is written instead: `RUNLET_UPDATE_SNAPSHOT=1 cargo test`. A relative path starts at the crate's
/// folder, where `cargo test` runs.
///
/// # Panics
/// With a list of what changed; where the file is missing or no such file; where it cannot be written.
///
/// ```no_run
/// use runlet::tool::Toolbox;
///
/// let tools = Toolbox::<()>::new();
/// runlet::testing::assert_snapshot(&tools, "tests/tools.lock.json");
/// ```
#[track_caller]
pub fn assert_snapshot<D: ?Sized>(toolbox: &Toolbox<D>, path: impl AsRef<Path>) {
    let update = std::env::var_os(UPDATE).is_some_and(|value| !value.is_empty() && value != "0");
    let tools: Vec<Entry> = toolbox.specs().iter().map(|spec| Entry::of(spec)).collect();
    if let Err(problem) = compare_or_write(&tools, path.as_ref(), update) {
        panic!("{problem}");
    }
}

/// A tool in the file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    name: String,
    description: String,
    tokens: u64,
    parameters: Schema,
}

impl Entry {
    fn of(spec: &ToolSpec) -> Self {
        let texts = [spec.name.as_ref(), spec.description.as_ref(), spec.parameters.json()];
        Self {
            name: spec.name.to_string(),
            description: spec.description.to_string(),
            tokens: texts.iter().map(|text| Utf8Ruler::default().measure(text).expected).sum(),
            parameters: spec.parameters.clone(),
        }
    }
}

fn compare_or_write(tools: &[Entry], path: &Path, update: bool) -> Result<(), String> {
    let place = path.display();
    if update {
        let mut text = serde_json::to_string_pretty(tools).map_err(|error| error.to_string())?;
        text.push('\n');
        return std::fs::write(path, text).map_err(|error| format!("{place} cannot be written: {error}"));
    }
    let hint = format!("set {UPDATE}=1 to write it");
    let text = std::fs::read_to_string(path).map_err(|error| format!("{place} cannot be read: {error}; {hint}"))?;
    let kept: Vec<Entry> =
        serde_json::from_str(&text).map_err(|error| format!("{place} is not of tools: {error}; {hint}"))?;
    let changes = changes(&kept, tools);
    if changes.is_empty() {
        return Ok(());
    }
    Err(format!("what models are told of the tools is not what {place} says; {hint}:\n{changes}"))
}

/// What became of the tools, a line for each change.
fn changes(kept: &[Entry], tools: &[Entry]) -> String {
    let mut changes = String::new();
    let mut tell = |line: String| changes.extend(["  ", &line, "\n"]);
    let find = |tools: &'_ [Entry], name: &str| tools.iter().position(|tool| tool.name == name);
    for tool in kept.iter().filter(|tool| find(tools, &tool.name).is_none()) {
        tell(format!("{}: removed", tool.name));
    }
    for tool in tools {
        let Some(before) = find(kept, &tool.name).and_then(|place| kept.get(place)) else {
            tell(format!("{}: new, of {} tokens", tool.name, tool.tokens));
            continue;
        };
        let mut lines = Vec::new();
        if before.description != tool.description {
            lines.push(format!("the description was {:?}, is {:?}", before.description, tool.description));
        }
        differences("", Some(before.parameters.value()), Some(tool.parameters.value()), &mut lines);
        if before.tokens != tool.tokens {
            lines.push(format!("{} tokens became {}", before.tokens, tool.tokens));
        }
        for line in lines {
            tell(format!("{}: {line}", tool.name));
        }
    }
    let names = |tools: &[Entry]| tools.iter().map(|tool| tool.name.clone()).collect::<Vec<_>>();
    let (before, now) = (names(kept), names(tools));
    let same_tools = before.iter().collect::<BTreeSet<_>>() == now.iter().collect::<BTreeSet<_>>();
    if same_tools && before != now {
        tell(format!("the order was {}, is {}", before.join(", "), now.join(", ")));
    }
    changes
}

/// The places where two schemas differ. Schemas come from the developer's own types, and `serde_json` reads no deeper
/// than 128.
fn differences(at: &str, before: Option<&Value>, now: Option<&Value>, lines: &mut Vec<String>) {
    match (before, now) {
        (Some(Value::Object(before)), Some(Value::Object(now))) => {
            let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
            for name in names {
                differences(&format!("{at}/{name}"), before.get(name), now.get(name), lines);
            }
        }
        (Some(before), Some(now)) if before == now => {}
        (Some(before), Some(now)) => lines.push(format!("{at} was {before}, is {now}")),
        (Some(before), None) => lines.push(format!("{at} was {before}, is gone")),
        (None, Some(now)) => lines.push(format!("{at} is new: {now}")),
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Entry, changes, compare_or_write};
    use crate::schema::Schema;
    use crate::tool::ToolSpec;

    fn tools(tools: &[(&'static str, &'static str, Value)]) -> Vec<Entry> {
        let spec = |(name, description, properties): &(&'static str, &'static str, Value)| {
            let schema = Schema::from_value(json!({ "type": "object", "properties": properties })).expect("a schema");
            Entry::of(&ToolSpec::new(*name, *description, schema))
        };
        tools.iter().map(spec).collect()
    }

    #[test]
    fn every_change_is_told() {
        let check = |before: &[Entry], now: &[Entry], expected: &[&str]| {
            let told = changes(before, now);
            assert_eq!(told.lines().map(str::trim).collect::<Vec<_>>(), expected);
        };
        let one = || ("one", "First.", json!({ "a": { "type": "string" } }));
        let two = || ("two", "Second.", json!({}));
        check(&tools(&[one(), two()]), &tools(&[one(), two()]), &[]);
        check(&tools(&[one(), two()]), &tools(&[two(), one()]), &["the order was one, two, is two, one"]);
        check(&tools(&[one()]), &tools(&[two()]), &["one: removed", "two: new, of 11 tokens"]);
        check(
            &tools(&[one()]),
            &tools(&[("one", "The first.", json!({ "a": { "type": "integer" }, "b": {} }))]),
            &[
                "one: the description was \"First.\", is \"The first.\"",
                "one: /properties/a/type was \"string\", is \"integer\"",
                "one: /properties/b is new: {}",
                "one: 17 tokens became 21",
            ],
        );
    }

    #[test]
    fn a_file_is_written_then_compared() {
        let path = std::env::temp_dir().join(format!("runlet-snapshot-{}.json", std::process::id()));
        let (one, two) = (tools(&[("one", "", json!({}))]), tools(&[("two", "", json!({}))]));
        let missing = compare_or_write(&one, &path, false).expect_err("there is no file");
        assert!(missing.contains("RUNLET_UPDATE_SNAPSHOT=1"), "{missing}");
        assert_eq!(compare_or_write(&one, &path, true), Ok(()));
        assert_eq!(compare_or_write(&one, &path, false), Ok(()));
        let changed = compare_or_write(&two, &path, false).expect_err("another tool");
        assert!(changed.contains("one: removed"), "{changed}");
        std::fs::remove_file(&path).expect("the file that was written");
    }
}

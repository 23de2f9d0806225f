//! The text of a call's arguments as entries: an object, its values unread.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::problem::{ArgumentProblem, found, kind};

/// The arguments of a call. Those of most calls fit where they are read.
pub(super) type Entries<'a> = SmallVec<[Entry<'a>; 4]>;

/// One argument as the model gave it.
pub(super) struct Entry<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) json: &'a str,
    pub(super) state: State,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum State {
    /// No declared argument has this name, so far.
    Unknown,
    /// Taken by the argument of this name.
    Taken,
    /// An earlier entry has the same name.
    Repeated,
}

/// Splits the text of a call's arguments into its entries.
pub(super) fn split(json: &str) -> Result<Entries<'_>, ArgumentProblem> {
    // Some models send nothing at all for "no arguments". A required argument is then missed by its name.
    if json.trim_ascii().is_empty() {
        return Ok(Entries::new());
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let entries = deserializer.deserialize_map(Collect).and_then(|entries| deserializer.end().map(|()| entries));
    entries.map_err(|error| not_an_object(json, &error))
}

/// Collects the entries of an object, their values unread.
struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Entries::new();
        while let Some(Key(key)) = map.next_key()? {
            let json = map.next_value::<&RawValue>()?.get();
            entries.push(Entry { key, json, state: State::Unknown });
        }
        Ok(entries)
    }
}

/// A key that is borrowed where it holds no escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The problem of a text that is no JSON object. A malformed text is described by position: it may hold anything.
#[cold]
fn not_an_object(json: &str, error: &serde_json::Error) -> ArgumentProblem {
    let found = if error.is_data() { found(json) } else { format!("text that is not JSON: {error}") };
    let text = json.trim_ascii();
    let hint = if !error.is_data() {
        None
    } else if kind(text) == "string" {
        Some("give the object itself, not a string that holds it".to_owned())
    } else {
        Some("name each argument: {\"argument\": value}".to_owned())
    };
    ArgumentProblem { pointer: String::new(), expected: "a JSON object".to_owned(), found, schema: None, hint }
}

//! Arguments of a call that come in pieces, each for a place that a path names.
//!
//! <https://ai.google.dev/api/caching#FunctionCall>, `partialArgs`: a path such as `$.items[0].name`, and a value. A
//! text of which more follows says so.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::decode::protocol;
use super::part::Borrowed;
use crate::provider::Failure;

/// How deep a path may lead; readers of JSON commonly stop at 128.
const MAX_DEPTH: usize = 64;

/// How far behind the end of a list a piece may be put.
const MAX_GAP: usize = 64;

/// The arguments of a call as far as they have come.
#[derive(Clone, Debug, Default)]
pub(super) struct PartialArguments(Map<String, Value>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece<'a> {
    #[serde(borrow)]
    json_path: Borrowed<'a>,
    #[serde(borrow)]
    string_value: Option<Borrowed<'a>>,
    number_value: Option<Number>,
    bool_value: Option<bool>,
}

impl PartialArguments {
    pub(super) fn begin(arguments: Option<&RawValue>) -> Self {
        Self(arguments.and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default())
    }

    /// Adds the pieces of a `partialArgs` list.
    pub(super) fn add(&mut self, pieces: &RawValue) -> Result<(), Failure> {
        let pieces: Vec<Piece<'_>> = serde_json::from_str(pieces.get())
            .map_err(|_| protocol("pieces of arguments are not of the expected form"))?;
        for piece in pieces {
            let place = self.place(&piece.json_path.0).ok_or_else(|| protocol("a piece of arguments has no place"))?;
            match (piece.string_value, piece.number_value, piece.bool_value) {
                (Some(Borrowed(more)), ..) => match place {
                    Value::String(text) => text.push_str(&more),
                    place => *place = Value::String(more.into_owned()),
                },
                (None, Some(number), _) => *place = Value::Number(number),
                (None, None, Some(flag)) => *place = Value::Bool(flag),
                (None, None, None) => *place = Value::Null,
            }
        }
        Ok(())
    }

    pub(super) fn json(self) -> String {
        Value::Object(self.0).to_string()
    }

    /// The place that a path names, made where it is not there yet.
    fn place(&mut self, path: &str) -> Option<&mut Value> {
        let mut rest = path.strip_prefix('$')?;
        let (first, after) = step(rest)?;
        let Step::Name(name) = first else { return None };
        rest = after;
        let mut place = self.0.entry(name).or_insert(Value::Null);
        for _ in 0..MAX_DEPTH {
            if rest.is_empty() {
                return Some(place);
            }
            let (next, after) = step(rest)?;
            rest = after;
            place = match next {
                Step::Name(name) => {
                    if place.is_null() {
                        *place = Value::Object(Map::new());
                    }
                    place.as_object_mut()?.entry(name).or_insert(Value::Null)
                }
                Step::Index(index) => {
                    if place.is_null() {
                        *place = Value::Array(Vec::new());
                    }
                    let list = place.as_array_mut()?;
                    if index > list.len() + MAX_GAP {
                        return None;
                    }
                    if index >= list.len() {
                        list.resize(index + 1, Value::Null);
                    }
                    list.get_mut(index)?
                }
            };
        }
        None
    }
}

enum Step {
    Name(String),
    Index(usize),
}

/// The first step of a path, and the rest of it: `.name`, `['name']`, `["name"]` or `[0]`.
fn step(path: &str) -> Option<(Step, &str)> {
    if let Some(rest) = path.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        return (!name.is_empty()).then(|| (Step::Name(name.to_owned()), rest));
    }
    let inside = path.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(quoted) = inside.strip_prefix(quote) {
            let (name, rest) = quoted.split_once(&format!("{quote}]"))?;
            return Some((Step::Name(name.to_owned()), rest));
        }
    }
    let (index, rest) = inside.split_once(']')?;
    Some((Step::Index(index.parse().ok()?), rest))
}

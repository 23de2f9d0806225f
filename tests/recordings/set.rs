//! Sets of recorded exchanges: `<set>/<api>/<name>.json`, and per set what the vendor's own SDK read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// One exchange with what it is known to mean.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// The set and file, for messages.
    pub place: String,
    /// The cassette it was recorded in: exchanges of one cassette usually are one conversation.
    pub cassette: String,
    pub recorded: Recorded,
    /// What the vendor's SDK made of the response, where it was asked.
    pub expected: Option<Value>,
}

impl Exchange {
    /// Whether there is no answer in the response but an error.
    pub(crate) fn is_error(&self) -> bool {
        let failed = self.expected.as_ref().is_some_and(|expected| expected["outcome"] == "error");
        failed || !(200..300).contains(&self.recorded.response.status)
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    /// The host that answered, or a source's own name for the provider.
    #[serde(default)]
    pub provider: String,
    pub request: Request,
    pub response: Response,
    pub session: Option<Session>,
    #[serde(default)]
    source: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    pub method: String,
    #[serde(default)]
    pub path: String,
    #[serde(default)]
    pub body: Value,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Response {
    pub status: u16,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Session {
    pub turn: usize,
    pub turns: usize,
}

/// The folder of recordings, where there is one.
pub(crate) fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("RUNLET_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    Some(shared.join("recordings")).filter(|folder| folder.is_dir())
}

/// The names of the sets in a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    entries(folder).into_iter().filter(|name| folder.join(name).is_dir()).collect()
}

/// All exchanges that a set has of an API.
pub(crate) fn read(folder: &Path, set: &str, api: &str) -> Vec<Exchange> {
    let mut expected = expected(&folder.join(set).join("EXPECTED.jsonl"));
    if api == "openai-chat" {
        for line in expected.values_mut() {
            *line = serde_json::from_str(&well_formed_ids(&line.to_string())).expect("JSON");
        }
    }
    let exchanges = folder.join(set).join(api);
    let read = |name: String| {
        let text = fs::read_to_string(exchanges.join(&name)).expect("a file that can be read");
        let text = if api == "openai-chat" { well_formed_ids(&text) } else { text };
        let recorded: Recorded = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{set}/{api}/{name} is not of the layout of recordings: {error}"));
        let cassette = recorded.source.get("path").map(Value::to_string).unwrap_or_default();
        let expected = expected.get(&format!("{api}/{name}")).cloned();
        Exchange { place: format!("{set}/{api}/{name}"), cassette, recorded, expected }
    };
    entries(&exchanges)
        .into_iter()
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "json"))
        .map(read)
        .collect()
}

/// Gives call ids that a source made unrecognizable, everywhere in a file, the form that all servers take: one takes
/// nine letters and digits only.
fn well_formed_ids(text: &str) -> String {
    const REPLACED: &str = "call_REDACTED_";
    let mut pieces = text.split(REPLACED);
    let mut formed = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|char: char| !char.is_ascii_digit()).unwrap_or(piece.len());
        let (number, rest) = piece.split_at(end);
        formed.extend(["call", &format!("{number:0>5}"), rest]);
    }
    formed
}

fn expected(file: &Path) -> BTreeMap<String, Value> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| Some((line.get("file")?.as_str()?.to_owned(), line))).collect()
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

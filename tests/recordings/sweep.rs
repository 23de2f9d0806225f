//! Recorded streams that break off at every byte, and that arrive in two pieces split at every byte.
//!
//! The streams are chosen by what they hold: of each API the shortest of every kind, the rarest kinds of events first. The
//! adapters read them without a socket.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use runlet::error::ProviderErrorCategory as Category;
use runlet::model::{ModelEvent, ModelResponse};

use self::api::{Api, Told};
use crate::set::Exchange;

#[path = "../../fuzz/src/api.rs"]
#[expect(dead_code, unreachable_pub, reason = "the fuzz targets use all of it")]
pub(crate) mod api;
#[path = "../../fuzz/src/stream.rs"]
#[expect(dead_code, unreachable_pub, reason = "the fuzz targets use all of it")]
mod stream;

/// How much is swept of each API: so many streams, of at most so many bytes. The work grows with the square of the length,
/// so that more is for optimized builds, where `RUNLET_SWEEP` asks for it.
struct Extent {
    streams: usize,
    longest: usize,
}

const USUAL: Extent = Extent { streams: 2, longest: 3_200 };
const WIDE: Extent = Extent { streams: 8, longest: 5_500 };

/// What came of the sweep of one API.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    streams: usize,
    bytes: usize,
    /// Streams that broke off or were reset, by what came of it.
    cuts: BTreeMap<&'static str, usize>,
    splits: usize,
    wrong: usize,
    /// What must not be, with its place: the first of each stream.
    pub shown: Vec<(String, String)>,
}

impl Sweep {
    fn is_wrong(&mut self, exchange: &Exchange, problem: String) {
        self.wrong += 1;
        if self.shown.last().is_none_or(|(place, _)| *place != exchange.place) {
            self.shown.push((exchange.place.clone(), problem));
        }
    }
}

/// Sweeps streams of one API.
pub(crate) fn sweep(name: &str, sets: &[Vec<Exchange>]) -> Sweep {
    let mut sweep = Sweep::default();
    let Some(api) = adapter(name) else { return sweep };
    let extent = if std::env::var_os("RUNLET_SWEEP").is_some() { WIDE } else { USUAL };
    for (exchange, whole) in chosen(api, sets, &extent) {
        let body = exchange.recorded.response.body.as_deref().unwrap_or_default().as_bytes();
        sweep.streams += 1;
        sweep.bytes += body.len();
        for at in 0..body.len() {
            let (before, after) = body.split_at(at);
            for reset in [false, true] {
                let told = api.stream(vec![before.to_vec()], reset);
                match outcome(&told, &whole, before) {
                    Ok(outcome) => *sweep.cuts.entry(outcome).or_default() += 1,
                    Err(problem) => {
                        let how = if reset { "reset" } else { "cut" };
                        sweep.is_wrong(exchange, format!("{how} at byte {at}: {problem}"));
                    }
                }
            }
            let split = api.stream(vec![before.to_vec(), after.to_vec()], false);
            sweep.splits += 1;
            if split.events != whole.events || split.result.as_ref().ok() != whole.result.as_ref().ok() {
                sweep.is_wrong(exchange, format!("split at byte {at}: another answer"));
            }
        }
    }
    sweep
}

/// What became of a stream that broke off, or why that must not be.
fn outcome(told: &Told, whole: &Told, before: &[u8]) -> Result<&'static str, String> {
    let shown: String = told.events.iter().filter_map(text_of).collect();
    match (&told.result, &whole.result) {
        (Ok(answer), Ok(whole)) if answer == whole => Ok("complete"),
        // The reason for stopping ends an answer; what it was billed may come after it.
        (Ok(answer), Ok(whole)) if said(answer) == said(whole) => Ok("complete but for the usage"),
        (Ok(_), _) => Err(format!("an answer of {} bytes, which is not the answer", before.len())),
        (Err(error), _) => {
            let Some(provider) = error.provider() else { return Err(format!("an error of no provider: {error}")) };
            if !provider.partial_text.starts_with(&shown) {
                return Err("the error lacks text that was shown".to_owned());
            }
            match provider.category {
                Category::Truncated => Ok("truncated"),
                Category::Transport => Ok("connection lost"),
                category => Err(format!("an error of category {category}")),
            }
        }
    }
}

/// An answer without its figures.
fn said(answer: &ModelResponse) -> ModelResponse {
    let mut answer = answer.clone();
    answer.usage = runlet::Usage::default();
    answer
}

/// The streams that are swept: the shortest of each kind.
fn chosen<'a>(api: Api, sets: &'a [Vec<Exchange>], extent: &Extent) -> Vec<(&'a Exchange, Told)> {
    let mut kinds: BTreeMap<Kind, (&Exchange, Told)> = BTreeMap::new();
    for exchange in sets.iter().flatten() {
        let body = exchange.recorded.response.body.as_deref().unwrap_or_default();
        let is_stream = ["event:", "data:", ":"].iter().any(|field| body.trim_start().starts_with(field));
        if !is_stream || body.len() > extent.longest {
            continue;
        }
        let told = api.stream(vec![body.as_bytes().to_vec()], false);
        let Some(kind) = Kind::of(&told, body) else { continue };
        let length = |exchange: &Exchange| exchange.recorded.response.body.as_deref().map_or(0, str::len);
        match kinds.get(&kind) {
            Some((known, _)) if length(known) <= body.len() => {}
            _ => {
                kinds.insert(kind, (exchange, told));
            }
        }
    }
    // Those of the most different events first.
    let mut kinds: Vec<(Kind, (&Exchange, Told))> = kinds.into_iter().collect();
    kinds.sort_by_key(|(kind, _)| std::cmp::Reverse(kind.0.len()));
    kinds.into_iter().take(extent.streams).map(|(_, stream)| stream).collect()
}

/// What a stream holds: kinds of events and of parts, the reason for stopping, and notations of the stream itself.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kind(BTreeSet<String>);

impl Kind {
    /// Streams that give no answer have none.
    fn of(told: &Told, body: &str) -> Option<Self> {
        let response = told.result.as_ref().ok()?;
        let name = |shown: String| shown.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
        let mut kind: BTreeSet<String> = told.events.iter().map(|event| name(format!("{event:?}"))).collect();
        kind.extend(response.message.parts.iter().map(|part| name(format!("{part:?}"))));
        kind.insert(format!("{:?}", response.stop_reason));
        let notations = [("\r\n", "crlf"), ("\n:", "comments"), ("[DONE]", "done")];
        kind.extend(notations.iter().filter(|(text, _)| body.contains(text)).map(|(_, name)| (*name).to_owned()));
        if !body.is_ascii() {
            kind.insert("not ascii".to_owned());
        }
        Some(Self(kind))
    }
}

/// The adapter of an API, by the name of its folder.
pub(crate) fn adapter(name: &str) -> Option<Api> {
    Api::ALL.into_iter().find(|api| folder(*api) == name)
}

fn folder(api: Api) -> &'static str {
    match api {
        Api::Responses => "openai-responses",
        Api::Chat => "openai-chat",
        Api::Anthropic => "anthropic-messages",
        Api::Gemini => "gemini",
    }
}

fn text_of(event: &ModelEvent) -> Option<&str> {
    match event {
        ModelEvent::TextDelta(text) => Some(text),
        _ => None,
    }
}

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { streams, bytes, cuts, splits, wrong, .. } = self;
        write!(
            f,
            "{streams} streams of {bytes} bytes; {splits} splits; {} cuts and resets:",
            cuts.values().sum::<usize>()
        )?;
        for (outcome, count) in cuts {
            write!(f, " {count} {outcome},")?;
        }
        write!(f, " {wrong} wrong")
    }
}

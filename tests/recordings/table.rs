//! What was found, as a table.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::budget::Figures;
use crate::known_differences::reason;
use crate::spec::{Fits, Spec};
use crate::sweep::{self, Sweep};

/// What was found in one set of one API.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    exchanges: usize,
    pub decoded: Tally,
    pub streams: Tally,
    pub requests: Tally,
    pub conversations: Tally,
    skipped: BTreeMap<String, usize>,
}

/// How many of how many are as they should be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally(pub usize, pub usize);

impl Tally {
    pub(crate) fn count(&mut self, good: bool) {
        self.0 += usize::from(good);
        self.1 += 1;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{}/{}", self.0, self.1))
    }
}

impl Row {
    pub(crate) fn of(exchanges: usize) -> Self {
        Self { exchanges, ..Self::default() }
    }

    /// Counts something that a check passed over.
    pub(crate) fn skip(&mut self, reason: &str) {
        *self.skipped.entry(reason.to_owned()).or_default() += 1;
    }

    fn add(&mut self, other: &Self) {
        self.exchanges += other.exchanges;
        let tallies = [
            (&mut self.decoded, other.decoded),
            (&mut self.streams, other.streams),
            (&mut self.requests, other.requests),
            (&mut self.conversations, other.conversations),
        ];
        for (own, other) in tallies {
            own.0 += other.0;
            own.1 += other.1;
        }
        for (reason, count) in &other.skipped {
            *self.skipped.entry(reason.clone()).or_default() += count;
        }
    }

    fn print(&self, set: &str, api: &str) {
        let skipped: Vec<String> = self.skipped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        println!(
            "{set:<14} {api:<20} {:>9} {:>9} {:>9} {:>9} {:>13}  {}",
            self.exchanges,
            self.decoded,
            self.streams,
            self.requests,
            self.conversations,
            skipped.join("; ")
        );
    }
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<(String, String, Row)>,
    known: BTreeMap<(String, &'static str), usize>,
    problems: Vec<String>,
    pub figures: Figures,
    sweeps: Vec<(String, Sweep)>,
    /// The published schema of the requests that are being checked.
    pub spec: Option<Spec>,
    fits: BTreeMap<String, Fits>,
}

impl Report {
    pub(crate) fn add(&mut self, set: &str, api: &str, row: Row) {
        self.rows.push((set.to_owned(), api.to_owned(), row));
    }

    /// Adds what came of the sweep of an API.
    pub(crate) fn swept(&mut self, api: &str, mut sweep: Sweep) {
        for (place, problem) in std::mem::take(&mut sweep.shown) {
            self.problem(&place, "sweep", [problem]);
        }
        self.sweeps.push((api.to_owned(), sweep));
    }

    /// Checks a recorded request, and the same one as it was sent, against the published schema.
    pub(crate) fn check_spec(&mut self, api: &str, place: &str, recorded: &Value, sent: &Value) {
        let Some(spec) = &self.spec else { return };
        let wrong = spec.check(recorded, sent, self.fits.entry(api.to_owned()).or_default());
        self.problem(place, "published schema", wrong);
    }

    /// Checks requests of every kind against the published schema.
    pub(crate) fn check_own_requests(&mut self, api: &str) {
        let (Some(spec), Some(adapter)) = (&self.spec, sweep::adapter(api)) else { return };
        let wrong = spec.check_own(adapter, self.fits.entry(api.to_owned()).or_default());
        self.problem(api, "published schema", wrong);
    }

    /// Adds everything that was found elsewhere.
    pub(crate) fn merge(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.rows.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        for (kind, count) in other.known {
            *self.known.entry(kind).or_default() += count;
        }
        self.problems.extend(other.problems);
        self.figures.merge(other.figures);
        self.sweeps.extend(other.sweeps);
        for (api, fits) in other.fits {
            self.fits.entry(api).or_default().merge(fits);
        }
    }

    /// Counts differences that are known and right.
    pub(crate) fn known(&mut self, api: &str, kinds: impl IntoIterator<Item = &'static str>) {
        for kind in kinds {
            *self.known.entry((api.to_owned(), kind)).or_default() += 1;
        }
    }

    /// Adds differences that nobody knows of, if there are any.
    pub(crate) fn problem(&mut self, place: &str, check: &str, found: impl IntoIterator<Item = String>) {
        self.problems.extend(found.into_iter().map(|difference| format!("{place}: {check}: {difference}")));
    }

    pub(crate) fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn print(&self) {
        for problem in &self.problems {
            println!("{problem}");
        }
        println!(
            "\n{:<14} {:<20} {:>9} {:>9} {:>9} {:>9} {:>13}  skipped",
            "set", "api", "exchanges", "decoded", "streams", "requests", "conversations"
        );
        let mut total = Row::default();
        for (set, api, row) in &self.rows {
            row.print(set, api);
            total.add(row);
        }
        total.print("total", "");
        println!("\nknown differences:");
        for ((api, kind), count) in &self.known {
            println!("{count:>6} {api}: {kind}: {}", reason(api, kind));
        }
        self.figures.print();
        println!("\nstreams that break off or are split at every byte:");
        for (api, sweep) in &self.sweeps {
            println!("{api:<20} {sweep}");
        }
        println!("\nrequests that fit the schemas that the vendors publish:");
        for (api, fits) in &self.fits {
            fits.print(api);
        }
        let tallies = [total.decoded, total.streams, total.requests, total.conversations];
        let passed: usize = tallies.iter().map(|tally| tally.0).sum();
        let failed: usize = tallies.iter().map(|tally| tally.1 - tally.0).sum();
        let skipped: usize = total.skipped.values().sum();
        println!("\n{passed} passed, {failed} failed, {skipped} skipped");
    }
}

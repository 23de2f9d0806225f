//! What does not depend on the machine: instructions and allocations of Runlet on a small set of scripts.

use std::collections::BTreeMap;
use std::path::Path;

use crate::programs::{Result, Server, callgrind};
use crate::{Script, Task};

/// Figures by row.
pub type Counts = BTreeMap<String, f64>;

/// How much more than before is too much.
const LIMIT: f64 = 1.05;

/// Counts with the programs in a folder.
pub fn count(programs: &Path) -> Result<Counts> {
    let mut counts = Counts::new();
    let server = Server::start(programs)?;
    let rows = [
        ("model call, 10 rounds", "runlet", Script { rounds: 10, parallel: 1, ..Script::default() }, 11, 8),
        ("model call, 100 rounds", "runlet", Script { rounds: 100, parallel: 1, ..Script::default() }, 101, 2),
        ("tool call, 8 at a time", "runlet", Script { rounds: 5, parallel: 8, ..Script::default() }, 40, 8),
        ("delta, events read", "runlet", Script { deltas: 2_000, events_per_chunk: 16, ..Script::default() }, 2_000, 4),
        (
            "delta, adapter alone",
            "runlet_model",
            Script { deltas: 2_000, events_per_chunk: 16, ..Script::default() },
            2_000,
            4,
        ),
    ];
    for (name, program, script, operations, runs) in rows {
        let measured = server.measure(program, Task { port: 0, script, runs: 20, concurrency: 1 })?;
        counts.insert(format!("{name}: allocations"), measured.allocations / (20 * operations) as f64);
        counts.insert(format!("{name}: instructions"), server.instructions(program, script, runs)? / operations as f64);
    }
    let steps = |runs: &str| callgrind(&programs.join("inproc"), &["whole", runs, "50"]);
    counts.insert("step in memory: instructions".to_owned(), (steps("13")? - steps("3")?) / (10.0 * 51.0));
    // Digits beyond these differ from one run to the next.
    counts
        .values_mut()
        .for_each(|figure| *figure = if *figure < 1_000.0 { (*figure * 10.0).round() / 10.0 } else { figure.round() });
    Ok(counts)
}

/// Both counts as a table, and the rows in which the new ones are too large.
pub fn compare(old: &Counts, new: &Counts) -> (String, Vec<String>) {
    let mut table = format!("{:<40} {:>12} {:>12} {:>8}\n", "", "before", "now", "ratio");
    let mut worse = Vec::new();
    for (row, now) in new {
        let Some(before) = old.get(row) else {
            table += &format!("{row:<40} {:>12} {now:>12}\n", "-");
            continue;
        };
        table += &format!("{row:<40} {before:>12} {now:>12} {:>8.3}\n", now / before);
        // A tenth of an allocation is how counts are rounded.
        if *now > before * LIMIT && now - before > 0.1 {
            worse.push(row.clone());
        }
    }
    (table, worse)
}

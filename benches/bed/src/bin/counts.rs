//! Counts the instructions and allocations of this tree and compares them with those in `baseline.json`.
//!
//! `cargo run --release -p bed --bin counts` in `benches/` fails where a count has grown by more than 5 %; with `write` it
//! writes the file anew. The programs beside it have to be built: `cargo build --release -p bed`.

use std::process::ExitCode;

use bed::counts::{Counts, compare, count};
use bed::programs::{Result, folder, has_valgrind};

const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../baseline.json");

fn main() -> Result<ExitCode> {
    if !has_valgrind() {
        println!("skipped: instructions are counted with valgrind, which is not installed here");
        return Ok(ExitCode::SUCCESS);
    }
    let now = count(&folder()?)?;
    if std::env::args().nth(1).as_deref() == Some("print") {
        println!("{}", serde_json::to_string(&now)?);
        return Ok(ExitCode::SUCCESS);
    }
    if std::env::args().nth(1).as_deref() == Some("write") {
        std::fs::write(BASELINE, serde_json::to_string_pretty(&now)? + "\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let baseline: Counts = serde_json::from_str(&std::fs::read_to_string(BASELINE)?)?;
    let (table, worse) = compare(&baseline, &now);
    print!("{table}");
    if worse.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("more than 5 % above `benches/baseline.json`: {}", worse.join("; "));
    println!("where that is meant: cargo run --release -p bed --bin counts write");
    Ok(ExitCode::FAILURE)
}

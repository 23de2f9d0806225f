//! What a whole program costs: an agent with one tool, from nothing and after a change, in `benches/apps`.
//!
//! `cargo run --release -p compile -- apps` in `benches/` prints the table and writes it into `docs/performance.md`. Crates
//! are read from the registry's folder on this machine, so nothing is fetched while the clock runs.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::{Result, children_cpu, median, write_into};

const HEADING: &str = "## Builds and size";

/// The packages in `benches/apps`, without their common beginning, and how the table calls them.
const APPS: [(&str, &str); 5] = [
    ("reqwest", "by hand: reqwest, serde"),
    ("runlet", "**Runlet**, feature `openai`"),
    ("async_openai", "async-openai 0.43, the loop by hand"),
    ("genai", "genai 0.7, the loop by hand"),
    ("rig", "rig 0.44"),
];

/// What is changed in a program: the text of an error, so that code is compiled anew and not just looked at.
const CHANGED: &str = "a question is missing";

/// Builds after a change of the program's own source, of which the median counts.
const CHANGES: usize = 5;

pub(crate) fn measure() -> Result<ExitCode> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let apps = benches.join("apps");
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).current_dir(&apps).env_remove("CARGO_INCREMENTAL").env_remove("RUSTC_WRAPPER");
        command
    };
    run(&mut cargo(&["fetch", "--locked", "--quiet"]))?;
    let mut table = String::from(
        "| a program of one agent with one tool | crates | debug build, s (CPU s) | release build, s (CPU s) | after a change, s | \
         stripped, MB |\n|---|---|---|---|---|---|\n",
    );
    for (app, title) in APPS {
        let package = format!("app_{app}");
        let target = benches.join("target/apps").join(app);
        let build = |release: bool| {
            let mut command = cargo(&["build", "--locked", "--quiet", "--package", &package]);
            command.args(release.then_some("--release")).env("CARGO_TARGET_DIR", &target);
            timed(&mut command)
        };
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        let debug = build(false)?;
        let release = build(true)?;
        let source = apps.join(app).join("src/main.rs");
        let mut changed = Vec::new();
        let original = fs::read_to_string(&source)?;
        if !original.contains(CHANGED) {
            return Err(format!("{} was left changed: it lacks `{CHANGED}`", source.display()).into());
        }
        for change in 0..CHANGES {
            fs::write(&source, original.replace(CHANGED, &format!("question {change} is missing")))?;
            let built = build(false);
            fs::write(&source, &original)?;
            changed.push(built?.0);
        }
        let size = fs::metadata(target.join("release").join(&package))?.len() as f64 / 1e6;
        let tree =
            cargo(&["tree", "--locked", "--edges", "normal", "--prefix", "none", "--package", &package]).output()?;
        if !tree.status.success() {
            return Err(format!("the tree of {package} cannot be read").into());
        }
        let tree = String::from_utf8(tree.stdout)?;
        let mut crates: Vec<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
        crates.sort_unstable();
        crates.dedup();
        let row = format!(
            "| {title} | {} | {:.0} ({:.0}) | {:.0} ({:.0}) | {:.2} | {size:.1} |\n",
            crates.len(),
            debug.0,
            debug.1,
            release.0,
            release.1,
            median(&changed),
        );
        eprint!("{row}");
        table += &row;
        // What a build leaves is many times what it was made of.
        fs::remove_dir_all(&target)?;
    }
    println!("{table}");
    write_into(&benches.join("../docs/performance.md"), HEADING, &table)?;
    Ok(ExitCode::SUCCESS)
}

/// Wall time and CPU time of a command, in seconds.
fn timed(command: &mut Command) -> Result<(f64, f64)> {
    let (began, before) = (Instant::now(), children_cpu()?);
    run(command)?;
    Ok((began.elapsed().as_secs_f64(), (children_cpu()? - before) as f64 / 1e6))
}

fn run(command: &mut Command) -> Result<()> {
    if command.status()?.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}

//! What tools cost the compiler, and what whole programs do ([`apps`]): crates of 1, 50 and 200 tools of three arguments, declared with Runlet, by hand with serde
//! and schemars, and with the macros of rig and rmcp.
//!
//! `cargo run --release -p compile` in `benches/` prints the table and writes it into `docs/performance.md`. Each crate is
//! compiled several times, the contestants in turn; what counts is the compiler's own CPU time (user and system, of all its
//! threads) for that crate alone, dependencies built before. The program is the compiler's wrapper, too, and so sees its
//! resource usage. The cost of one tool is what a crate of n tools takes above a crate of one, divided by n - 1.

mod apps;
mod contestants;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use nix::sys::resource::{UsageWho, getrusage};

use crate::contestants::{CONTESTANTS, Contestant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const SIZES: [usize; 3] = [1, 50, 200];
const HEADING: &str = "## Compile time";

/// Cargo's arguments for a way of compiling, and whether it writes a library.
const MODES: [(&str, &[&str]); 3] =
    [("check", &["check"]), ("debug", &["build"]), ("release", &["build", "--release"])];

fn main() -> ExitCode {
    let done = match env::var_os("RUNLET_BENCH_LOG") {
        Some(log) => wrap(Path::new(&log)),
        None => match env::args().nth(1).as_deref() {
            Some("apps") => apps::measure(),
            times => times.map_or(Ok(5), str::parse).map_err(Into::into).and_then(measure),
        },
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

/// Runs the compiler and notes what it took: its crate and its CPU time in milliseconds.
fn wrap(log: &Path) -> Result<ExitCode> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let (compiler, arguments) = arguments.split_first().ok_or("the wrapper is called with the compiler")?;
    let status = Command::new(compiler).args(arguments).status()?;
    let microseconds = children_cpu()?;
    let name = arguments.iter().skip_while(|argument| *argument != "--crate-name").nth(1);
    if let Some(name) = name.and_then(|name| name.to_str()) {
        let mut log = fs::OpenOptions::new().create(true).append(true).open(log)?;
        writeln!(log, "{name} {microseconds}")?;
    }
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// CPU time in microseconds, of user and system, of the processes that this one started and waited for, and of theirs.
fn children_cpu() -> Result<i64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let [user, system] = [usage.user_time(), usage.system_time()];
    Ok((user.tv_sec() + system.tv_sec()) * 1_000_000 + user.tv_usec() + system.tv_usec())
}

/// CPU time in milliseconds by contestant, way of compiling and number of tools, and library sizes in bytes.
#[derive(Default)]
struct Measured {
    cpu: BTreeMap<(&'static str, &'static str, usize), Vec<f64>>,
    size: BTreeMap<(&'static str, &'static str, usize), u64>,
}

fn measure(repetitions: usize) -> Result<ExitCode> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let root = benches.join("target/compile");
    generate(&root, &benches)?;
    let log = root.join("log");
    let mut measured = Measured::default();
    // The first time builds the dependencies, with the smallest crates, and does not count.
    for repetition in 0..=repetitions {
        for (mode, arguments) in MODES {
            for contestant in &CONTESTANTS {
                for tools in SIZES {
                    if repetition == 0 && tools != 1 {
                        continue;
                    }
                    let package = package(contestant, tools);
                    let source = root.join(&package).join("src/lib.rs");
                    fs::File::options().append(true).open(&source)?.set_modified(std::time::SystemTime::now())?;
                    fs::write(&log, "")?;
                    let status = Command::new(env!("CARGO"))
                        .args(arguments)
                        .args(["--quiet", "--package", &package])
                        .current_dir(&root)
                        .env("RUSTC_WORKSPACE_WRAPPER", env::current_exe()?)
                        .env("RUNLET_BENCH_LOG", &log)
                        .env("CARGO_TARGET_DIR", root.join("target"))
                        .env("CARGO_INCREMENTAL", "0")
                        .status()?;
                    if !status.success() {
                        return Err(format!("{package} does not compile").into());
                    }
                    if repetition == 0 {
                        continue;
                    }
                    let key = (contestant.name, mode, tools);
                    measured.cpu.entry(key).or_default().push(noted(&log, &package)?);
                    if mode != "check" {
                        let library = root.join(format!("target/{mode}/lib{package}.rlib"));
                        measured.size.insert(key, fs::metadata(library)?.len());
                    }
                }
            }
        }
        eprintln!("{repetition} of {repetitions} repetitions done");
    }
    let table = table(&measured);
    println!("{table}");
    write_into(&benches.join("../docs/performance.md"), HEADING, &table)?;
    Ok(ExitCode::SUCCESS)
}

fn package(contestant: &Contestant, tools: usize) -> String {
    format!("{}_{tools}", contestant.name.replace('-', "_"))
}

/// Writes the crates, in a workspace of their own.
fn generate(root: &Path, benches: &Path) -> Result<()> {
    let runlet = benches.join("../runlet").canonicalize()?;
    let mut members = Vec::new();
    for contestant in &CONTESTANTS {
        for tools in SIZES {
            let name = package(contestant, tools);
            let folder = root.join(&name);
            fs::create_dir_all(folder.join("src"))?;
            let dependencies = contestant.dependencies.replace("{runlet}", &runlet.display().to_string());
            let manifest = format!(
                "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}"
            );
            fs::write(folder.join("Cargo.toml"), manifest)?;
            fs::write(folder.join("src/lib.rs"), contestant.source(tools))?;
            members.push(format!("\"{name}\""));
        }
    }
    let members = members.join(", ");
    fs::write(root.join("Cargo.toml"), format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n"))?;
    // The versions are kept, so that figures can be had again.
    let lock = benches.join("compile/peers.lock");
    if lock.exists() {
        fs::copy(lock, root.join("Cargo.lock"))?;
    }
    Ok(())
}

fn noted(log: &Path, package: &str) -> Result<f64> {
    let text = fs::read_to_string(log)?;
    let line = text.lines().find_map(|line| line.strip_prefix(package)?.strip_prefix(' '));
    let microseconds: f64 = line.ok_or_else(|| format!("{package} was not compiled"))?.parse()?;
    Ok(microseconds / 1_000.0)
}

fn table(measured: &Measured) -> String {
    let mut out = String::from(
        "| compiler CPU, ms per tool | check, 50 | check, 200 | debug, 50 | debug, 200 | release, 50 | release, 200 | \
         debug rlib, kB per tool |\n|---|---|---|---|---|---|---|---|\n",
    );
    let per_tool = |name: &'static str, mode: &'static str, tools: usize| {
        let [one, many] = [1, tools].map(|tools| median(&measured.cpu[&(name, mode, tools)]));
        (many - one) / (tools - 1) as f64
    };
    for contestant in &CONTESTANTS {
        let mut row = format!("| {} |", contestant.title);
        for (mode, _) in MODES {
            for tools in [50, 200] {
                row += &format!(" {:.1} |", per_tool(contestant.name, mode, tools));
            }
        }
        let [one, many] = [1, 200].map(|tools| measured.size[&(contestant.name, "debug", tools)]);
        row += &format!(" {:.0} |\n", (many - one) as f64 / 199.0 / 1_000.0);
        out += &row;
    }
    out += "\n| Runlet, as a share of | check | debug | release |\n|---|---|---|---|\n";
    for contestant in &CONTESTANTS[1..] {
        let mut row = format!("| {} |", contestant.title);
        for (mode, _) in MODES {
            let share = per_tool("runlet", mode, 200) / per_tool(contestant.name, mode, 200);
            row += &format!(" {share:.2} |");
        }
        out += &(row + "\n");
    }
    out
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Replaces the tables below the heading, up to the next heading.
fn write_into(file: &Path, heading: &str, table: &str) -> Result<()> {
    let text = fs::read_to_string(file)?;
    let (before, section) = text.split_once(heading).ok_or_else(|| format!("no heading `{heading}`"))?;
    let (section, after) = section.split_once("\n## ").map_or((section, None), |(own, rest)| (own, Some(rest)));
    let words = section.split("\n| ").next().unwrap_or_default().trim_end();
    let mut text = format!("{before}{heading}{words}\n\n{table}");
    if let Some(after) = after {
        text += &format!("\n## {after}");
    }
    fs::write(file, text)?;
    Ok(())
}

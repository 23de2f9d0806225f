//! Runs every contestant against the scripted server and writes the tables and plots of `docs/performance.md`.
//!
//! `cargo run --release -p bed --bin bed` in `benches/`. The server has CPU 1, the contestant CPU 0; contestants take turns,
//! figures are medians. Instruction counts are callgrind's, of user code, with the start-up taken off.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bed::{Measured, Script, Task};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const CONTESTANTS: [(&str, &str); 6] = [
    ("floor_hyper", "floor: hyper"),
    ("floor_reqwest", "floor: reqwest"),
    ("runlet", "Runlet"),
    ("async_openai", "async-openai 0.43"),
    ("genai", "genai 0.7"),
    ("rig", "rig 0.44"),
];
/// What the ratios are to.
const FLOOR: &str = "floor_reqwest";
const REPETITIONS: usize = 5;

/// The server, ended with the program.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(programs: &Path) -> Result<Self> {
        let mut process = Command::new("taskset")
            .args(["-c", "1"])
            .arg(programs.join("server"))
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("the server prints")?).read_line(&mut line)?;
        Ok(Self { process, port: line.trim().parse()? })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn main() -> Result<()> {
    let programs: PathBuf = std::env::current_exe()?.parent().ok_or("a folder of programs")?.to_owned();
    let server = Server::start(&programs)?;
    let mut out = String::new();
    for table in bed::tables::all() {
        let mut rows: BTreeMap<(usize, usize), Vec<Measured>> = BTreeMap::new();
        for _ in 0..REPETITIONS {
            for (column, (_, task)) in table.columns.iter().enumerate() {
                for (row, (contestant, _)) in CONTESTANTS.iter().enumerate() {
                    let task = Task { port: server.port, ..*task };
                    if let Some(measured) = measure(&programs, contestant, task, table.patience)? {
                        rows.entry((row, column)).or_default().push(measured);
                    }
                }
            }
        }
        out += &bed::tables::write(&table, &CONTESTANTS, FLOOR, &rows);
    }
    println!("{out}");
    Ok(())
}

/// One contestant's figures; none where it takes too long.
fn measure(programs: &Path, contestant: &str, task: Task, _patience: u64) -> Result<Option<Measured>> {
    let output = Command::new("taskset")
        .args(["-c", "0"])
        .arg(programs.join(contestant))
        .arg(serde_json::to_string(&task)?)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{contestant} failed on {:?}", task.script as Script).into());
    }
    Ok(Some(serde_json::from_slice(&output.stdout)?))
}

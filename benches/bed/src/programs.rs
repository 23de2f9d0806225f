//! Running the programs of the bed: the server on CPU 1, what is measured on CPU 0.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{Measured, Script, Task};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The server, ended with the value.
pub struct Server {
    process: Child,
    port: u16,
    programs: PathBuf,
}

/// The folder that this program, and so its fellows, was built into.
pub fn folder() -> Result<PathBuf> {
    Ok(std::env::current_exe()?.parent().ok_or("a folder of programs")?.to_owned())
}

/// Whether callgrind is there.
pub fn has_valgrind() -> bool {
    Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn on_cpu(cpu: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", cpu]).arg(program);
    command
}

impl Server {
    pub fn start(programs: &Path) -> Result<Self> {
        let mut process = on_cpu("1", &programs.join("server")).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("the server prints")?).read_line(&mut line)?;
        Ok(Self { process, port: line.trim().parse()?, programs: programs.to_owned() })
    }

    fn task(&self, task: Task) -> Result<String> {
        Ok(serde_json::to_string(&Task { port: self.port, ..task })?)
    }

    /// One contestant's figures.
    pub fn measure(&self, contestant: &str, task: Task) -> Result<Measured> {
        let output =
            on_cpu("0", &self.programs.join(contestant)).arg(self.task(task)?).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(format!("{contestant} failed on {task:?}").into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// The instructions of one run of a script, in user code: the difference between more and fewer runs, so that neither
    /// start-up nor the first runs count.
    pub fn instructions(&self, contestant: &str, script: Script, runs: usize) -> Result<f64> {
        let [few, many] = [3, 3 + runs].map(|runs| {
            let task = self.task(Task { port: 0, script, runs, concurrency: 1 })?;
            callgrind(&self.programs.join(contestant), &[&task])
        });
        Ok((many? - few?) / runs as f64)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The instructions that a program executes in user code.
pub fn callgrind(program: &Path, arguments: &[&str]) -> Result<f64> {
    let output = Command::new("taskset")
        .args(["-c", "0", "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{} fails under callgrind:\n{said}", program.display()).into());
    }
    let collected =
        said.lines().find_map(|line| line.split_once("Collected : ")).ok_or("callgrind says what it collected")?;
    Ok(collected.1.trim().parse()?)
}

pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

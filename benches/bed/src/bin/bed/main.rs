//! Runs every contestant against the scripted server and writes the tables and plots of `docs/performance.md`.
//!
//! `benches/run` builds all programs and calls this. The server has CPU 1, what is measured CPU 0; contestants take turns, figures are
//! medians. Instruction counts are callgrind's, of user code, with start-up taken off. Names of sections (`calls`,
//! `parallel`, `concurrency`, `streaming`, `growth`, `memory`) as arguments run these alone; with `print` among them,
//! nothing is written.

mod plot;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use bed::inproc::Figures;
use bed::programs::{Result, Server, folder, has_valgrind, median};
use bed::{Measured, Script, Task};

type Row = (&'static str, &'static str);

/// Programs and titles; what the ratios are to comes first of all that are no floors.
const CONTESTANTS: [Row; 6] = [
    ("floor_hyper", "floor: hyper"),
    ("floor_reqwest", "floor: reqwest"),
    ("runlet", "**Runlet**"),
    ("async_openai", "async-openai 0.43"),
    ("genai", "genai 0.7"),
    ("rig", "rig 0.44"),
];
const FLOOR: &str = "floor_reqwest";
const REPETITIONS: usize = 5;
/// The model calls of a measurement: so many that its beginning, when all is still cold, does not count.
const CALLS: usize = 4_000;

fn main() -> Result<()> {
    let programs = folder()?;
    let (options, asked): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word == "print");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").canonicalize()?;
    let bed = Bed { server: Server::start(&programs)?, docs: options.is_empty().then_some(docs) };
    let sections: [(&str, fn(&Bed) -> Result<String>); 6] = [
        ("calls", Bed::calls),
        ("parallel", Bed::parallel),
        ("concurrency", Bed::concurrency),
        ("streaming", Bed::streaming),
        ("growth", Bed::growth),
        ("memory", |bed| bed.memory(&folder()?)),
    ];
    for (name, section) in sections {
        if asked.is_empty() || asked.iter().any(|asked| asked == name) {
            let table = section(&bed)?;
            println!("{name}\n\n{table}");
            bed.write(name, &table)?;
        }
    }
    Ok(())
}

struct Bed {
    server: Server,
    /// Where tables and plots are written to; `None` for nowhere.
    docs: Option<PathBuf>,
}

impl Bed {
    /// All contestants on all tasks, in turns: the median of a figure by contestant and task.
    fn measure(
        &self,
        contestants: &[Row],
        tasks: &[Task],
        repetitions: usize,
    ) -> Result<BTreeMap<(&'static str, usize), Measured>> {
        let mut all: BTreeMap<(&str, usize), Vec<Measured>> = BTreeMap::new();
        for _ in 0..repetitions {
            for (column, task) in tasks.iter().enumerate() {
                for (contestant, _) in contestants {
                    all.entry((*contestant, column)).or_default().push(self.server.measure(contestant, *task)?);
                }
            }
        }
        let middle = |all: &[Measured], figure: fn(&Measured) -> f64| median(all.iter().map(figure).collect());
        let medians = all.into_iter().map(|(key, all)| {
            let measured = Measured {
                cpu: middle(&all, |one| one.cpu),
                wall: middle(&all, |one| one.wall),
                allocations: middle(&all, |one| one.allocations),
                rss: middle(&all, |one| one.rss),
            };
            (key, measured)
        });
        Ok(medians.collect())
    }

    fn instructions(&self, contestant: &str, script: Script, runs: usize) -> Result<String> {
        if !has_valgrind() {
            return Ok("-".to_owned());
        }
        Ok(format!("{:.0} k", self.server.instructions(contestant, script, runs)? / script.requests() as f64 / 1e3))
    }

    /// An agent's run, by its rounds.
    fn calls(&self) -> Result<String> {
        let rounds = [1, 10, 50, 200];
        let tasks = rounds.map(|rounds| {
            let script = Script { rounds, parallel: 1, ..Script::default() };
            Task { port: 0, script, runs: CALLS / (rounds + 1), concurrency: 1 }
        });
        let measured = self.measure(&CONTESTANTS, &tasks, REPETITIONS)?;
        let cpu = |contestant: &'static str, column: usize| {
            let task = tasks[column];
            measured[&(contestant, column)].cpu / (task.runs * task.script.requests()) as f64
        };
        let mut table = String::from(
            "| CPU, us per model call | 1 round | 10 | 50 | 200 | to the floor @10 | @200 | allocations per call @10 | @200 | \
             instructions per call @10 | @50 |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        let mut lines = Vec::new();
        for (contestant, title) in CONTESTANTS {
            let _ = write!(table, "| {title} |");
            for column in 0..tasks.len() {
                let _ = write!(table, " {:.0} |", cpu(contestant, column));
            }
            for column in [1, 3] {
                let _ = write!(table, " {:.2} |", cpu(contestant, column) / cpu(FLOOR, column));
            }
            for column in [1, 3] {
                let task = tasks[column];
                let calls = (task.runs * task.script.requests()) as f64;
                let _ = write!(table, " {:.0} |", measured[&(contestant, column)].allocations / calls);
            }
            for column in [1, 2] {
                let _ = write!(table, " {} |", self.instructions(contestant, tasks[column].script, 4)?);
            }
            table.push('\n');
            let points = (0..tasks.len()).map(|column| (rounds[column] as f64, cpu(contestant, column))).collect();
            lines.push((title.trim_matches('*'), points));
        }
        self.plot(
            "performance-calls.svg",
            "CPU per model call, by the length of the run",
            ("rounds of tool calls in the run", "us of CPU per model call"),
            &lines,
        )?;
        Ok(table)
    }

    /// Several tool calls in one answer.
    fn parallel(&self) -> Result<String> {
        let script = Script { rounds: 10, parallel: 8, ..Script::default() };
        let task = Task { port: 0, script, runs: CALLS / script.requests(), concurrency: 1 };
        let measured = self.measure(&CONTESTANTS, &[task], REPETITIONS)?;
        let mut table = String::from(
            "| 8 tool calls in each of 10 answers | CPU, us per model call | to the floor | allocations per call | \
             instructions per call |\n|---|---|---|---|---|\n",
        );
        let calls = (task.runs * script.requests()) as f64;
        for (contestant, title) in CONTESTANTS {
            let (own, floor) = (measured[&(contestant, 0)], measured[&(FLOOR, 0)]);
            let instructions = self.instructions(contestant, script, 4)?;
            let _ = writeln!(
                table,
                "| {title} | {:.0} | {:.2} | {:.0} | {instructions} |",
                own.cpu / calls,
                own.cpu / floor.cpu,
                own.allocations / calls,
            );
        }
        Ok(table)
    }

    /// Many runs at a time.
    fn concurrency(&self) -> Result<String> {
        let script = Script { rounds: 3, parallel: 1, latency: 20, ..Script::default() };
        let task = |runs, concurrency| Task { port: 0, script, runs, concurrency };
        let tasks = [task(10, 1), task(500, 100), task(4_000, 1_000)];
        let measured = self.measure(&CONTESTANTS, &tasks, 3)?;
        let mut table = String::from(
            "| 3 rounds, 20 ms of latency | CPU, us per run @1,000 | to the floor | runs/s @100 | runs/s @1,000 | \
             peak memory @1,000, MB | kB per run at a time |\n|---|---|---|---|---|---|---|\n",
        );
        let cpu = |contestant: &'static str| measured[&(contestant, 2)].cpu / tasks[2].runs as f64;
        let per_second =
            |contestant: &'static str, at: usize| tasks[at].runs as f64 / measured[&(contestant, at)].wall * 1e6;
        for (contestant, title) in CONTESTANTS {
            let memory = [0, 2].map(|at| measured[&(contestant, at)].rss);
            let _ = writeln!(
                table,
                "| {title} | {:.0} | {:.2} | {:.0} | {:.0} | {:.0} | {:.0} |",
                cpu(contestant),
                cpu(contestant) / cpu(FLOOR),
                per_second(contestant, 1),
                per_second(contestant, 2),
                memory[1] / 1e3,
                (memory[1] - memory[0]) / tasks[2].concurrency as f64,
            );
        }
        let many = Task { port: 0, script, runs: 20_000, concurrency: 10_000 };
        let held = self.server.measure("runlet", many)?;
        let _ = writeln!(
            table,
            "\nRunlet with 10,000 runs at a time: {:.0} us of CPU per run, {:.0} runs/s, {:.0} MB at most.",
            held.cpu / many.runs as f64,
            many.runs as f64 / held.wall * 1e6,
            held.rss / 1e3,
        );
        Ok(table)
    }

    /// A streamed answer.
    fn streaming(&self) -> Result<String> {
        let contestants: Vec<Row> =
            CONTESTANTS.into_iter().chain([("runlet_model", "Runlet's adapter alone")]).collect();
        let script = |deltas, events_per_chunk| Script { deltas, events_per_chunk, ..Script::default() };
        let task = |script, runs| Task { port: 0, script, runs, concurrency: 1 };
        let tasks = [task(script(2_000, 1), 10), task(script(50_000, 1), 2), task(script(50_000, 64), 2)];
        let measured = self.measure(&contestants, &tasks, 3)?;
        let per_delta = |figure: f64, column: usize| figure / (tasks[column].runs * tasks[column].script.deltas) as f64;
        let mut table = String::from(
            "| CPU, us per delta | 2,000 deltas | 50,000 | 64 events in a chunk | to the floor | to the floor, 64 | \
             allocations per delta |\n|---|---|---|---|---|---|---|\n",
        );
        for (contestant, title) in contestants {
            let cpu = |contestant: &'static str, column: usize| per_delta(measured[&(contestant, column)].cpu, column);
            let _ = writeln!(
                table,
                "| {title} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} |",
                cpu(contestant, 0),
                cpu(contestant, 1),
                cpu(contestant, 2),
                cpu(contestant, 1) / cpu(FLOOR, 1),
                cpu(contestant, 2) / cpu(FLOOR, 2),
                per_delta(measured[&(contestant, 1)].allocations, 1),
            );
        }
        Ok(table)
    }

    /// Long runs: what the client spends, and what the floor does.
    fn growth(&self) -> Result<String> {
        let rounds = [10, 100, 1_000, 5_000];
        let tasks = rounds.map(|rounds| {
            let script = Script { rounds, parallel: 1, ..Script::default() };
            Task { port: 0, script, runs: (2_000 / rounds).max(1), concurrency: 1 }
        });
        let contestants = [("floor_reqwest", "floor: reqwest"), ("runlet", "Runlet")];
        let measured = self.measure(&contestants, &tasks, 3)?;
        let mut table = String::from(
            "| rounds | floor, us per call | Runlet, us per call | Runlet beyond the floor | allocations per call |\n\
             |---|---|---|---|---|\n",
        );
        for (column, task) in tasks.iter().enumerate() {
            let calls = (task.runs * task.script.requests()) as f64;
            let [floor, own] = [FLOOR, "runlet"].map(|contestant| measured[&(contestant, column)].cpu / calls);
            let allocations = measured[&("runlet", column)].allocations / calls;
            let _ = writeln!(
                table,
                "| {} | {floor:.0} | {own:.0} | {:.0} | {allocations:.0} |",
                rounds[column],
                own - floor
            );
        }
        Ok(table)
    }

    /// Without a network.
    fn memory(&self, programs: &Path) -> Result<String> {
        let mut figures = Figures::new();
        for program in ["inproc", "rmcp"] {
            let output = Command::new("taskset").args(["-c", "0"]).arg(programs.join(program)).output()?;
            figures.extend(serde_json::from_slice::<Figures>(&output.stdout)?);
        }
        let mut table = String::from("| a model in memory | us per step | allocations per step |\n|---|---|---|\n");
        let mut points = Vec::new();
        for (rounds, row) in [10, 100, 1_000, 5_000]
            .map(|rounds| (rounds, format!("run of {rounds} rounds")))
            .into_iter()
            .chain([(100, "streamed run of 100 rounds".to_owned())])
        {
            let [time, allocations] = figures[&row].map(|figure| figure / (rounds + 1) as f64);
            let _ = writeln!(table, "| {row} | {:.1} | {allocations:.0} |", time / 1e3);
            if !row.starts_with("streamed") {
                points.push((f64::from(rounds), time / 1e3));
            }
        }
        self.plot(
            "performance-steps.svg",
            "A step with a model in memory, by the length of the run",
            ("rounds of tool calls in the run", "us per step"),
            &[("Runlet", points)],
        )?;
        table += "\n| dispatch of a call, ns (allocations) | 1 tool | 100 | 1,000 |\n|---|---|---|---|\n";
        for contestant in ["HashMap to fn", "HashMap to boxed future", "Runlet", "rmcp ToolRouter"] {
            let _ = write!(table, "| {contestant} |");
            for tools in [1, 100, 1_000] {
                let [time, count] = figures[&format!("dispatch: {contestant}, {tools}")];
                let _ = write!(table, " {time:.0} ({count:.0}) |");
            }
            table.push('\n');
        }
        Ok(table)
    }

    fn plot(&self, name: &str, title: &str, axes: (&str, &str), lines: &[plot::Line<'_>]) -> Result<()> {
        self.docs.as_ref().map_or(Ok(()), |docs| plot::lines(&docs.join(name), title, axes, lines))
    }

    /// Replaces what stands between a section's marks.
    fn write(&self, section: &str, table: &str) -> Result<()> {
        let Some(docs) = &self.docs else { return Ok(()) };
        let file = docs.join("performance.md");
        let text = std::fs::read_to_string(&file)?;
        let (begin, end) = (format!("<!-- begin {section} -->\n"), format!("<!-- end {section} -->"));
        let (before, rest) = text.split_once(&begin).ok_or_else(|| format!("no mark `{}`", begin.trim()))?;
        let (_, after) = rest.split_once(&end).ok_or_else(|| format!("no mark `{end}`"))?;
        Ok(std::fs::write(file, format!("{before}{begin}{}\n{end}{after}", table.trim_end()))?)
    }
}

//! What every contestant of the bed shares: the script that the server follows, and how a contestant is measured.
//!
//! A run of a script is `rounds` answers that ask for `parallel` tool calls each, then one of text. The script stands in the
//! path of the base URL and the server counts the results in a request, so it keeps nothing between requests.

pub mod counts;
pub mod floor;
pub mod inproc;
pub mod programs;
pub mod server;

use std::alloc::System;
use std::future::Future;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
pub static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The tool that every script calls, what it is told to the model, and what it answers.
pub const TOOL: &str = "lookup_order";
pub const TOOL_DESCRIPTION: &str = "Looks up an order by the number on its receipt.";
pub const TOOL_RESULT: &str = "order 123: delivered on Monday, one mug broken, two plates whole";
pub const INSTRUCTIONS: &str = "Help users with their orders. Look before you answer.";
pub const QUESTION: &str = "Where is order 123, and is all of it whole?";

/// The schema of the tool's arguments.
pub fn tool_schema() -> serde_json::Value {
    serde_json::json!({
        "type": "object",
        "properties": { "order_id": { "type": "string" } },
        "required": ["order_id"],
        "additionalProperties": false,
    })
}

/// The tool, for contestants that read arguments themselves.
pub fn look_up(arguments: &str) -> &'static str {
    #[derive(Deserialize)]
    struct Arguments<'a> {
        order_id: &'a str,
    }
    let arguments: Arguments<'_> = serde_json::from_str(arguments).expect("arguments");
    assert_eq!(arguments.order_id, "123");
    TOOL_RESULT
}

/// What the server does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// Answers with tool calls before the last one.
    pub rounds: usize,
    /// Tool calls in each of them.
    pub parallel: usize,
    /// Pieces of the last answer; 0 for an answer that is not streamed.
    pub deltas: usize,
    /// Events in one chunk of HTTP.
    pub events_per_chunk: usize,
    /// Milliseconds before an answer begins.
    pub latency: u64,
    /// Bytes of text in every answer beside what it has to say.
    pub padding: usize,
}

impl Script {
    /// The path of the base URL below which the server follows this script.
    pub fn path(&self) -> String {
        let Self { rounds, parallel, deltas, events_per_chunk, latency, padding } = self;
        format!("/{rounds}-{parallel}-{deltas}-{events_per_chunk}-{latency}-{padding}/v1")
    }

    /// Reads the first part of a path.
    pub fn parse(path: &str) -> Option<Self> {
        let mut figures = path.trim_start_matches('/').split('/').next()?.split('-').map(str::parse::<usize>);
        let mut figure = || figures.next()?.ok();
        Some(Self {
            rounds: figure()?,
            parallel: figure()?,
            deltas: figure()?,
            events_per_chunk: figure()?,
            latency: figure()? as u64,
            padding: figure()?,
        })
    }

    /// The requests of one run.
    pub fn requests(&self) -> usize {
        self.rounds + 1
    }
}

/// What is to be measured: arguments of a contestant's program, as JSON.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Task {
    pub port: u16,
    pub script: Script,
    /// Runs that are measured; a few more go before.
    pub runs: usize,
    /// Runs that go at a time.
    pub concurrency: usize,
}

/// What was measured, for all runs together.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// CPU time in microseconds.
    pub cpu: f64,
    /// Wall time in microseconds.
    pub wall: f64,
    pub allocations: f64,
    /// The most memory that the process held, in kB.
    pub rss: f64,
}

/// A library under measurement.
pub trait Contestant: 'static {
    /// Set up once, with everything that outlives a run.
    fn new(base_url: String, script: Script) -> Self;

    /// One run: the text of the last answer, or how much of it came.
    fn run(&self) -> impl Future<Output = usize>;
}

/// The program of a contestant.
pub fn main<C: Contestant>() {
    let task = std::env::args().nth(1).expect("a task");
    let task: Task = serde_json::from_str(&task).expect("a task as JSON");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let measured = runtime.block_on(measure::<C>(task));
    println!("{}", serde_json::to_string(&measured).expect("figures"));
}

async fn measure<C: Contestant>(task: Task) -> Measured {
    let base_url = format!("http://127.0.0.1:{}{}", task.port, task.script.path());
    let contestant = C::new(base_url, task.script);
    let expected = server::text_length(&task.script);
    let run = async || assert_eq!(contestant.run().await, expected, "the whole answer arrives");
    for _ in 0..task.runs.min(3) {
        run().await;
    }
    let region = Region::new(ALLOCATOR);
    let (cpu, wall) = (cpu(), Instant::now());
    if task.concurrency <= 1 {
        for _ in 0..task.runs {
            run().await;
        }
    } else {
        futures_util::stream::iter(0..task.runs).for_each_concurrent(task.concurrency, |_| run()).await;
    }
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the usage of this process");
    Measured {
        cpu: (self::cpu() - cpu).as_secs_f64() * 1e6,
        wall: wall.elapsed().as_secs_f64() * 1e6,
        allocations: region.change().allocations as f64,
        rss: usage.max_rss() as f64,
    }
}

fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the usage of this process");
    let time = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(time.tv_sec() as u64) + Duration::from_micros(time.tv_usec() as u64)
    };
    time(usage.user_time()) + time(usage.system_time())
}

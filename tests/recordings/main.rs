//! Replays recorded exchanges with real providers through a loopback server and the real adapters.
//!
//! Every set below `$RUNLET_SHARED/recordings` is read; where there are none, the test says so and passes. The checks:
//! what is decoded equals what the vendor's own SDK read; a stream says what the whole body says, however its bytes are
//! split; a recorded request, read and built again, is equal JSON; whole conversations carry what was recorded; streams
//! that break off anywhere are no answers.

mod anthropic;
mod api;
mod budget;
mod checks;
mod conversation;
mod driver;
mod gemini;
mod known_differences;
#[path = "../support/loopback.rs"]
mod loopback;
mod openai_chat;
mod openai_responses;
mod set;
mod spec;
mod sweep;
mod table;

use std::path::Path;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use runlet::model::ModelRequest;
use serde_json::Value;

use crate::api::Api;
use crate::checks::{
    Seeded, ask, compare_events, compare_results, count_tokens, differences, recorded_reply, whole_reply,
};
use crate::known_differences::{DELTAS_LEFT_OUT, SEVERAL_ANSWERS};
use crate::loopback::Loopback;
use crate::set::Exchange;
use crate::spec::Spec;
use crate::table::{Report, Row};

/// The longest pieces, in bytes, in which each stream is replayed; a whole body is replayed in the last of these only.
const LONGEST_PIECES: [usize; 3] = [1, 7, 300];

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let Some(folder) = set::folder() else {
        if std::env::var_os("RUNLET_SHARED").is_some() {
            println!("RUNLET_SHARED names a folder without `recordings`; a relative path begins in `tests`");
            return ExitCode::FAILURE;
        }
        println!("skipped: there are no recordings; RUNLET_SHARED names the folder that holds them");
        return ExitCode::SUCCESS;
    };
    let mut jobs: Vec<Job> = Vec::new();
    for api in 0..api::all().len() {
        jobs.push(Job::Sweep(api));
        jobs.extend(set::names(&folder).into_iter().map(|set| Job::Replay(set, api)));
    }
    // As with the usual harness, words of the command line choose what is run.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    jobs.retain(|job| words.iter().all(|word| job.name().contains(word.as_str())));
    let report = run(&jobs, &folder);
    report.print();
    if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A part of the work that needs nothing of the others.
enum Job {
    /// Replays what a set has of an API.
    Replay(String, usize),
    /// Breaks off streams of an API everywhere.
    Sweep(usize),
}

impl Job {
    fn name(&self) -> String {
        let apis = api::all();
        match self {
            Self::Replay(set, api) => format!("replay {set} {}", apis[*api].name()),
            Self::Sweep(api) => format!("sweep {}", apis[*api].name()),
        }
    }

    fn run(&self, folder: &Path) -> Report {
        let mut report = Report::default();
        let apis = api::all();
        let (Self::Replay(_, api) | Self::Sweep(api)) = self;
        report.spec = Spec::of(apis[*api].name(), folder);
        match self {
            Self::Replay(set, api) => {
                let exchanges = set::read(folder, set, apis[*api].name());
                if !exchanges.is_empty() {
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                    let row = runtime.block_on(check(&*apis[*api], &exchanges, &mut report));
                    report.add(set, apis[*api].name(), row);
                }
            }
            Self::Sweep(api) => {
                let name = apis[*api].name();
                let sets: Vec<Vec<Exchange>> =
                    set::names(folder).iter().map(|set| set::read(folder, set, name)).collect();
                report.swept(name, sweep::sweep(name, &sets));
                report.check_own_requests(name);
            }
        }
        report
    }
}

/// Does the jobs, as many at a time as the machine has cores.
fn run(jobs: &[Job], folder: &Path) -> Report {
    let next = AtomicUsize::new(0);
    let done: Vec<OnceLock<Report>> = jobs.iter().map(|_| OnceLock::new()).collect();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((job, done)) = at(jobs, &done, next.fetch_add(1, Ordering::Relaxed)) {
                    done.set(job.run(folder)).ok();
                }
            });
        }
    });
    let mut all = Report::default();
    done.into_iter().filter_map(OnceLock::into_inner).for_each(|report| all.merge(report));
    all
}

fn at<'a, A, B>(a: &'a [A], b: &'a [B], place: usize) -> Option<(&'a A, &'a B)> {
    a.get(place).zip(b.get(place))
}

async fn check(api: &dyn Api, exchanges: &[Exchange], report: &mut Report) -> Row {
    let server = Loopback::start().await;
    let mut row = Row::of(exchanges.len());
    for exchange in exchanges {
        check_exchange(api, &server, exchange, &mut row, report).await;
    }
    conversation::check(api, exchanges, &mut row, report).await;
    row
}

async fn check_exchange(api: &dyn Api, server: &Loopback, exchange: &Exchange, row: &mut Row, report: &mut Report) {
    let mut body = exchange.recorded.response.body.as_deref().unwrap_or_default();
    let recorded = &exchange.recorded.request.body;
    let no_request = api.no_request(exchange);
    let request = match no_request {
        None => match api.import(recorded) {
            Ok(request) => request,
            Err(error) => {
                report.problem(&exchange.place, "request", [format!("it cannot be read: {error}")]);
                row.requests.1 += 1;
                return;
            }
        },
        Some(_) => ModelRequest::new("Hello"),
    };
    if api.counts_tokens(exchange) {
        let (found, sent) = count_tokens(api, server, exchange, &request).await;
        row.decoded.count(found.is_empty());
        report.problem(&exchange.place, "decode", found);
        check_request(api, exchange, sent, row, report);
        return;
    }
    let streamed = api.is_stream(exchange) || recorded["stream"] == true;
    let known_reading = if streamed { api.known_reading(body) } else { None };
    report.known(api.name(), known_reading);
    if streamed && let [_, .., last] = api.answers(body).as_slice() {
        if known_reading.is_none() {
            report.known(api.name(), [SEVERAL_ANSWERS]);
        }
        body = last;
    }
    let reply = recorded_reply(exchange, vec![body.into()]);
    let model = api.model(exchange, &server.url("/v1"));
    let (answer, sent) = ask(&model, server, exchange, request.clone(), reply, streamed).await;

    if let (None, Ok(response)) = (no_request, &answer.result) {
        report.figures.add(api.name(), &model, &request, response);
    }

    let known_stream = if streamed { api.known_stream(body) } else { None };
    report.known(api.name(), known_stream);
    match &exchange.expected {
        None => row.skip("no reading of the SDK"),
        Some(_) if known_reading.is_some() => row.skip(&format!("reading: {}", known_reading.unwrap_or_default())),
        Some(expected) => {
            let found = api.compare(&answer, expected);
            row.decoded.count(found.is_empty());
            report.problem(&exchange.place, "decode", found);
        }
    }

    let mut found = Vec::new();
    if let Ok(response) = &answer.result
        && streamed
        && known_stream != Some(DELTAS_LEFT_OUT)
    {
        found.extend(compare_events(&answer.events, response));
    }
    if streamed && let Some(whole) = api.whole_of_stream(body) {
        let (whole, _) = ask(&model, server, exchange, request.clone(), whole_reply(whole), false).await;
        found.extend(compare_results("stream and whole", &answer.result, &whole.result));
    }
    let mut seeded = Seeded(body.len() as u64);
    let lengths = if streamed { &LONGEST_PIECES[..] } else { &LONGEST_PIECES[2..] };
    for &longest in lengths {
        let reply = recorded_reply(exchange, seeded.split(body.as_bytes(), longest));
        let (split, _) = ask(&model, server, exchange, request.clone(), reply, streamed).await;
        found.extend(compare_results("split and one piece", &split.result, &answer.result));
        if split.events != answer.events {
            found.push(format!("the events differ in pieces of up to {longest} bytes"));
        }
    }
    if streamed {
        row.streams.count(found.is_empty());
    }
    report.problem(&exchange.place, "stream", found);

    match no_request {
        Some(reason) => row.skip(&format!("request: {reason}")),
        None => check_request(api, exchange, sent, row, report),
    }
}

fn check_request(api: &dyn Api, exchange: &Exchange, mut sent: Value, row: &mut Row, report: &mut Report) {
    let mut recorded = exchange.recorded.request.body.clone();
    if !api.counts_tokens(exchange) {
        report.check_spec(api.name(), &exchange.place, &recorded, &sent);
    }
    let kinds = known_differences::normalize(api.name(), &mut recorded, &mut sent);
    let found = differences(&recorded, &sent);
    row.requests.count(found.is_empty());
    if found.is_empty() {
        report.known(api.name(), kinds);
    }
    report.problem(&exchange.place, "request", found);
}

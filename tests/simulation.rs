//! Random runs: models that say anything, tools that do anything, callers who cancel, drop and come back. What must hold
//! of every run is asserted of each.
//!
//! A run follows from its seed alone. `RUNLET_SEEDS=1000000 cargo test -p runlet-tests --release simulation` tries that
//! many seeds, on every core there is, and `RUNLET_SEED=7 cargo test -p runlet-tests simulation` the one seed 7. A number of
//! seconds in `RUNLET_SECONDS` ends it early; how many seeds were tried is printed.

mod meddling;
mod plain;

use std::collections::{HashMap, HashSet};
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use runlet::context::CallInfo;
use runlet::error::{ProviderError, ProviderErrorCategory};
use runlet::event::{EventKind, EventLog};
use runlet::message::{Native, UsageSource};
use runlet::model::{ModelEvent, ModelResponse, StopReason};
use runlet::run::{Action, Decision, Run, RunStatus};
use runlet::runtime::RunReport;
use runlet::state::StateScope;
use runlet::testing::ScriptedModel;
use runlet::tool::Effect;
use runlet::{Agent, Input, Message, Part, Role, RunId, RunPolicy, Runtime, ToolCall, ToolError, ToolPolicy, Usage};
use tokio_util::sync::CancellationToken;

use self::meddling::meddled;
use crate::kit::{Stub, assert_whole, brief, on_paused_clock, settle};

/// How many seeds a test run tries unless `RUNLET_SEEDS` says otherwise.
const SEEDS: u64 = 2_000;

/// Stands in the payload of every panic and nowhere else.
const CANARY: &str = "canary-of-a-panic";

/// The generator splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
#[derive(Clone)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_in(&mut self, limit: u64) -> bool {
        self.below(limit) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

const TOOLS: [&str; 4] = ["read", "write", "alone", "gated"];

fn call(chance: &mut Chance) -> Part {
    let name = chance.pick(&["read", "read", "write", "write", "alone", "gated", "nope"]);
    let id = chance.pick(&["", "x", "y", "z", "call_1_0", "call_2_1"]);
    let number = chance.below(1_000);
    let arguments = match chance.below(12) {
        0 => String::new(),
        1 => format!("{{\"n\":{number}"),
        2 => format!("{{\"n\":{number},\"n\":1}}"),
        3 => "[1]".to_owned(),
        _ => format!("{{\"n\":{number}}}"),
    };
    Part::tool_call(ToolCall::new(id, name, arguments))
}

fn answer(chance: &mut Chance) -> ModelResponse {
    let mut parts = Vec::new();
    if chance.one_in(3) {
        parts.push(Part::text(chance.pick(&["some words of an answer", "", " "])));
    }
    if !chance.one_in(4) {
        let calls = if chance.one_in(30) { 40 } else { 1 + chance.below(5) };
        parts.extend((0..calls).map(|_| call(chance)));
    } else if chance.one_in(12) {
        parts.push(Part::Native(Native::new("scripted", "computer_call", "{}")));
    }
    let stop = match chance.below(24) {
        0 => StopReason::MaxTokens,
        1 => StopReason::Pause,
        2 => StopReason::Refusal,
        3 => StopReason::ContentFilter,
        4 => StopReason::Other("odd".to_owned()),
        5 => StopReason::EndTurn,
        _ => StopReason::ToolCalls,
    };
    let mut usage = Usage::default();
    if chance.one_in(4) {
        usage.source = UsageSource::Partial;
    } else {
        (usage.input_tokens, usage.output_tokens) = (Some(chance.below(500)), Some(chance.below(100)));
        usage.source = UsageSource::Reported;
    }
    ModelResponse::new(Message::new(Role::Assistant, parts), stop).usage(usage)
}

fn model(chance: &mut Chance) -> ScriptedModel {
    let mut model = ScriptedModel::new();
    for _ in 0..chance.below(8) {
        model = match chance.below(20) {
            0 => model.fail(ProviderError::new("scripted", ProviderErrorCategory::Transport, "reset").into()),
            1 => {
                // The stream ends in the midst of the answer.
                let mut events = ModelEvent::of_response(answer(chance));
                events.truncate(usize::try_from(chance.below(3)).unwrap().min(events.len() - 1));
                model.events(events.into_iter().map(Ok))
            }
            2 => model.silence(),
            _ => model.response(answer(chance)),
        };
    }
    model.text("done")
}

fn policy(chance: &mut Chance) -> RunPolicy {
    let mut policy = RunPolicy::new().max_steps(u32::try_from(1 + chance.below(8)).unwrap());
    if chance.one_in(4) {
        policy = policy.max_tool_calls(u32::try_from(chance.below(8)).unwrap());
    }
    if chance.one_in(4) {
        policy = policy.max_model_requests(u32::try_from(chance.below(5)).unwrap());
    }
    if chance.one_in(4) {
        policy = policy.max_total_tokens(chance.below(4_000));
    }
    // What a silent model is ended by, where nobody cancels.
    policy.max_duration(Duration::from_millis(500 + chance.below(200_000)))
}

/// What was done to the world.
#[derive(Clone, Default)]
struct World(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    /// How often each call ran, by step and place.
    ran: HashMap<(u32, usize), u32>,
    /// How many calls go on.
    going_on: i64,
    /// The calls that a hook or a guard denied, by step and id.
    denied: HashSet<(u32, String)>,
    /// How many requests there had been when a guard refused one.
    vetoed: Option<usize>,
    /// How often hooks, guards and compressors were asked.
    hooks: u64,
    /// Whether a stream may end otherwise: a hook could not have a call tried again of which a part was shown, or let go
    /// of something half-way.
    differs: bool,
    /// What must not be. Who sees it cannot fail the test: its panic would be caught.
    violations: Vec<String>,
}

impl World {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn began(&self, info: &CallInfo) {
        let mut books = self.books();
        *books.ran.entry((info.step(), info.index())).or_default() += 1;
        if books.denied.contains(&(info.step(), info.call_id().to_owned())) {
            books.violations.push(format!("the denied call {} runs", info.call_id()));
        }
    }

    fn going_on(&self, change: i64) {
        self.books().going_on += change;
    }

    fn deny(&self, step: u32, call: &str) {
        self.books().denied.insert((step, call.to_owned()));
    }

    fn veto(&self, requests: usize) {
        self.books().vetoed.get_or_insert(requests);
    }

    fn asked_a_hook(&self) {
        self.books().hooks += 1;
    }

    fn differs(&self) {
        self.books().differs = true;
    }

    fn violated(&self, what: &str) {
        self.books().violations.push(what.to_owned());
    }

    fn check(&self, model: &ScriptedModel) {
        let books = self.books();
        assert!(books.violations.is_empty(), "{:?}", books.violations);
        assert!(books.ran.values().all(|times| *times == 1), "a call ran twice: {:?}", books.ran);
        if let Some(requests) = books.vetoed {
            assert_eq!(model.requests().len(), requests, "a request is sent that a guard has refused");
        }
    }
}

/// Counts a call as going on for as long as it lives.
struct GoingOn(World);

impl Drop for GoingOn {
    fn drop(&mut self) {
        self.0.going_on(-1);
    }
}

fn tool(name: &'static str, seed: u64, world: &World) -> Stub {
    let world = world.clone();
    let stub = Stub::new(name, move |info, _| {
        let mut chance = Chance(seed ^ (u64::from(info.step()) << 32) ^ (info.index() as u64 + 1));
        let world = world.clone();
        async move {
            if name != "read" {
                world.began(&info);
            }
            world.going_on(1);
            let _going_on = GoingOn(world);
            if chance.one_in(2) {
                tokio::time::sleep(Duration::from_millis(chance.below(60))).await;
            }
            if chance.one_in(4) {
                let scope = StateScope::User("ada".to_owned());
                info.save_state(&scope, name, chance.below(9).into(), None).await.ok();
            }
            match chance.below(16) {
                0 => Err(ToolError::failed("out of paper")),
                1 => Err(ToolError::retry("give a date")),
                2 if name == "alone" => Err(ToolError::fatal("the shop burnt down")),
                3 => Err(ToolError::defer("mail 4711")),
                // Without the words that a panic prints.
                4 => resume_unwind(Box::new(CANARY)),
                5 => std::future::pending().await,
                6 => {
                    info.cancellation().cancelled().await;
                    Ok("ended in good order".to_owned())
                }
                7 => Ok("long ".repeat(200)),
                _ => Ok("fine".to_owned()),
            }
        }
    });
    stub.with(|spec| {
        spec.effect = if name == "read" { Effect::Read } else { Effect::Write };
        spec.sequential = name == "alone";
        spec.approval = name == "gated";
        spec.timeout = Some(Duration::from_secs(1));
    })
}

/// What must hold of the events of one drive: dense, and exactly one terminal event, at the end.
fn check_events(log: &EventLog, seen: usize) {
    let events = log.events();
    let events = &events[seen..];
    for (place, event) in events.iter().enumerate() {
        assert_eq!(event.seq, place as u64, "the order has a gap");
        assert_eq!(event.kind.is_terminal(), place + 1 == events.len(), "{} at {place}", event.name());
        let shown = format!("{event:?} {}", event.to_json(runlet::event::Content::Include));
        assert!(!shown.contains(CANARY), "{shown}");
    }
    let (mut answered, mut counted) = (false, None);
    for event in events {
        match &event.kind {
            EventKind::ContextBudgetChecked { bill } => {
                assert!(bill.total().upper <= bill.limit(), "what is sent fits: {bill:?}");
                counted = Some(event.step);
            }
            EventKind::ModelRequested { .. } => {
                assert_eq!(counted, Some(event.step), "a model is sent what was counted");
                answered = false;
            }
            EventKind::ModelCompleted { .. } | EventKind::RunResumed { .. } => answered = true,
            EventKind::ToolStarted { call, .. } => {
                assert!(answered || &*call.tool == "read", "`{}` began before its message had ended", call.tool);
            }
            _ => {}
        }
    }
}

/// What must hold of a run, wherever it stands.
fn check_report(report: &RunReport, model: &ScriptedModel, world: &World, before: Option<&RunReport>) {
    assert_whole(&report.messages);
    let saved: Run = serde_json::from_str(&serde_json::to_string(report.run()).unwrap()).unwrap();
    assert_eq!(&saved, report.run(), "a run that is written down is the same run");
    assert_eq!(
        report.error.is_none(),
        report.status == RunStatus::Completed || report.status == RunStatus::Interrupted
    );
    for request in model.requests() {
        assert_whole(&request.messages);
    }
    world.check(model);
    if let Some(before) = before {
        assert!(report.usage.input_tokens >= before.usage.input_tokens, "usage decreases");
        assert!(report.spent.model_requests >= before.spent.model_requests);
        assert!(report.messages.len() >= before.messages.len());
    }
    let text = serde_json::to_string(&report.messages).unwrap();
    assert!(!text.contains(CANARY), "what a panic says reached the model");
}

fn check_limits(report: &RunReport, policy: &RunPolicy) {
    let spent = report.spent;
    assert!(report.steps <= policy.max_steps);
    assert!(policy.max_tool_calls.is_none_or(|most| spent.tool_calls <= most), "{spent:?}");
    assert!(policy.max_model_requests.is_none_or(|most| spent.model_requests <= most), "{spent:?}");
}

/// What a run begins with: a word, or a talk that may be too long, with or without a conversation to save it to.
fn input(chance: &mut Chance) -> Input {
    let words = "something that was said ".repeat(1 + usize::try_from(chance.below(20)).unwrap());
    let turns = if chance.one_in(2) { chance.below(12) } else { 0 };
    let turn = |_| [Message::user(words.clone()), Message::assistant(words.clone())];
    let talk: Vec<Message> = (0..turns).flat_map(turn).chain([Message::user("go")]).collect();
    let input = Input::from(talk);
    if chance.one_in(3) { input.conversation("c") } else { input }
}

/// How a caller treats a run.
#[derive(Clone, Copy, PartialEq)]
enum Caller {
    Whole,
    Streamed,
    Cancels,
    Drops,
}

fn decide(run: &Run, chance: &mut Chance) -> Vec<(usize, Decision)> {
    let Action::AskHuman { calls, .. } = run.next() else { panic!("an interrupted run waits for something") };
    assert!(!calls.is_empty());
    let decide = |pending: &runlet::run::PendingCall, chance: &mut Chance| {
        if pending.deferred.is_some() {
            return if chance.one_in(2) { Decision::result("it came") } else { Decision::failed("it did not") };
        }
        match chance.below(3) {
            0 => Decision::Reject { reason: "no".to_owned() },
            1 => Decision::ApproveEdited { arguments: "{\"n\":1}".to_owned() },
            _ => Decision::Approve,
        }
    };
    calls.iter().map(|pending| (pending.index, decide(pending, chance))).collect()
}

/// After a run has ended, or was dropped: nothing more is asked, nothing begins, and what still ran has been cancelled and
/// its grace is over.
async fn check_quiet(model: &ScriptedModel, world: &World) {
    let asked = model.requests().len();
    settle().await;
    let began = |world: &World| {
        let books = world.books();
        (books.ran.clone(), books.hooks)
    };
    let before = began(world);
    tokio::time::sleep(Duration::from_secs(5)).await;
    settle().await;
    assert_eq!(world.books().going_on, 0, "a call goes on after its run");
    assert_eq!(began(world), before, "a call, a hook or a compressor begins after its run");
    world.check(model);
    assert_eq!(model.requests().len(), asked, "a model is asked after its run");
    for request in model.requests() {
        assert_whole(&request.messages);
    }
}

/// How a run ended.
struct Ended {
    messages: Vec<String>,
    status: RunStatus,
    differs: bool,
}

/// One run from its seed, to its end or to where its caller leaves it.
async fn simulate(seed: u64, caller: Caller) -> Option<Ended> {
    let mut chance = Chance(seed);
    let (model, policy, world) = (model(&mut chance), policy(&mut chance), World::default());
    let tools = ToolPolicy::new().concurrency(1 + usize::try_from(chance.below(4)).unwrap()).max_output_bytes(200);
    let builder = Agent::builder("tester").model(model.clone()).run_policy(policy.clone()).tool_policy(tools);
    let builder = TOOLS.iter().fold(builder, |builder, name| builder.tool(tool(name, seed, &world)));
    let (log, token) = (EventLog::new(), CancellationToken::new());
    let runtime = Runtime::new().event_log(&log);
    // Some runs have no hooks: only there may calls that read begin early.
    let (builder, runtime) =
        if chance.one_in(3) { (builder, runtime) } else { meddled(&mut chance, builder, runtime, &model, &world) };
    let agent: Agent = builder.build().unwrap();
    let input = input(&mut chance).run_id(RunId::new("r")).cancellation(token.clone());
    let ended = match caller {
        Caller::Whole => runtime.run(&agent, (), input).await,
        Caller::Streamed => runtime.stream(&agent, (), input).finish().await,
        Caller::Cancels => {
            let cancel = async {
                tokio::time::sleep(Duration::from_millis(chance.below(300))).await;
                token.cancel();
                std::future::pending::<()>().await;
            };
            tokio::select! { ended = runtime.run(&agent, (), input) => ended, () = cancel => unreachable!() }
        }
        Caller::Drops => {
            if chance.one_in(2) {
                let patience = Duration::from_millis(chance.below(300));
                tokio::time::timeout(patience, runtime.run(&agent, (), input)).await.ok();
            } else {
                let events = usize::try_from(chance.below(60)).unwrap();
                let mut stream = pin!(runtime.stream(&agent, (), input).take(events));
                while stream.next().await.is_some() {}
            }
            check_quiet(&model, &world).await;
            return None;
        }
    };
    let mut report = match ended {
        Ok(result) => result.report,
        Err(error) => error.into_report(),
    };
    let mut before_drive = 0;
    let mut before: Option<RunReport> = None;
    for _ in 0..6 {
        check_events(&log, before_drive);
        check_report(&report, &model, &world, before.as_ref());
        check_limits(&report, &policy);
        if report.status != RunStatus::Interrupted {
            break;
        }
        before_drive = log.events().len();
        let decisions = decide(report.run(), &mut chance);
        let run: Run = serde_json::from_str(&serde_json::to_string(report.run()).unwrap()).unwrap();
        before = Some(report);
        report = match runtime.resume(&agent, (), run, decisions).await {
            Ok(result) => result.report,
            Err(error) => error.into_report(),
        };
    }
    check_quiet(&model, &world).await;
    let differs = world.books().differs;
    Some(Ended { messages: brief(&report.messages), status: report.status, differs })
}

/// A run that was dropped: nothing goes on.
async fn simulate_drop(seed: u64) {
    assert!(simulate(seed, Caller::Drops).await.is_none());
}

fn check_seed(seed: u64) {
    on_paused_clock(async {
        let whole = simulate(seed, Caller::Whole).await;
        let streamed = simulate(seed, Caller::Streamed).await;
        // Calls that only read begin earlier in a stream, so a run that comes to its time limit may stand elsewhere.
        let (Some(whole), Some(streamed)) = (whole, streamed) else { panic!("nobody drops these") };
        let timed = [&whole, &streamed].iter().any(|ended| ended.status == RunStatus::Stopped);
        if !timed && !whole.differs && !streamed.differs {
            assert_eq!(whole.status, streamed.status, "whole and streamed are the same");
            let pairs = whole.messages.iter().zip(&streamed.messages);
            for (place, (whole, streamed)) in pairs.enumerate() {
                assert_eq!(whole, streamed, "whole and streamed are the same at message {place}");
            }
            assert_eq!(whole.messages.len(), streamed.messages.len(), "whole and streamed are the same");
        }
        simulate(seed, Caller::Cancels).await;
        simulate_drop(seed).await;
    });
}

/// Tries seeds on every core. A seed that fails ends the test, and says how to try it again.
fn check_seeds(what: &str, check_seed: fn(u64)) {
    let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("RUNLET_SEED") {
        Some(seed) => seed..seed.saturating_add(1),
        None => 0..number("RUNLET_SEEDS").unwrap_or(SEEDS),
    };
    let until = number("RUNLET_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let (next, began) = (AtomicU64::new(seeds.start), Instant::now());
    let work = || {
        while until.is_none_or(|until| Instant::now() < until) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            if let Err(failure) = catch_unwind(AssertUnwindSafe(|| check_seed(seed))) {
                eprintln!("seed {seed} fails; again: RUNLET_SEED={seed} cargo test -p runlet-tests simulation");
                next.store(seeds.end, Ordering::Relaxed);
                resume_unwind(failure);
            }
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            if let Err(failure) = worker.join() {
                resume_unwind(failure);
            }
        }
    });
    let tried = next.load(Ordering::Relaxed).min(seeds.end) - seeds.start;
    println!("{what}: {tried} seeds in {:.1} s", began.elapsed().as_secs_f64());
}

#[test]
fn what_must_hold_of_every_run_holds_of_random_ones() {
    check_seeds("runs with their driver", check_seed);
}

#[test]
fn what_must_hold_of_every_run_holds_of_random_ones_without_a_driver() {
    check_seeds("runs as plain data", plain::check_seed);
}

//! Random runs without a driver: the run as plain data, told whatever may come of what it asks for, in any order.

use std::collections::{HashMap, HashSet};

use runlet::message::{Messages, Usage, UsageSource};
use runlet::run::{Action, Decision, Ending, Outcome, PendingCall, Run, RunStatus, Spent};
use runlet::tool::ToolErrorKind;
use runlet::{ErrorKind, Message, RunId, RunPolicy, ToolResult};

use super::{Chance, answer, policy};
use crate::kit::assert_whole;

/// A call by its step and its place.
type Key = (u32, usize);

/// What was done to the world, and what a person allowed.
#[derive(Default)]
struct World {
    ran: HashSet<Key>,
    settled: HashSet<Key>,
    /// What every call is to be answered with, in the words of its result.
    words: HashMap<Key, String>,
    /// The arguments that a person has seen, or written.
    allowed: HashMap<Key, String>,
}

/// What only grows.
struct Before {
    messages: Messages,
    usage: Usage,
    spent: Spent,
}

impl Before {
    fn of(run: &Run) -> Self {
        Self { messages: run.messages().clone(), usage: run.usage(), spent: run.spent() }
    }
}

/// Drives a run to its end, and once more: what came is the same.
pub(super) fn check_seed(seed: u64) {
    let (first, again) = (simulate(seed), simulate(seed));
    assert_eq!(
        serde_json::to_string(&first).unwrap(),
        serde_json::to_string(&again).unwrap(),
        "a run follows from its seed"
    );
}

fn simulate(seed: u64) -> Run {
    let mut chance = Chance(seed ^ 0x0070_6C61_696E);
    let policy = policy(&mut chance);
    let mut world = World::default();
    let mut run = Run::new(RunId::new("r"), "tester", policy.clone(), Messages::from(vec![Message::user("go")]));
    for _ in 0..5_000 {
        if chance.one_in(20) {
            let written = serde_json::to_string(&run).unwrap();
            let saved: Run = serde_json::from_str(&written).unwrap();
            assert_eq!(saved, run, "a run that is written down is the same run");
            run = saved;
        }
        check_next(&run, &world);
        if run.next() == Action::Done {
            check_ended(&run, &mut chance);
            return run;
        }
        if chance.one_in(6) {
            check_stray(&run, &mut chance);
        }
        let before = Before::of(&run);
        let outcome = outcome(&run, &mut chance, &mut world);
        run.apply(outcome).expect("what was asked for is taken");
        check_grown(&run, &before, &policy);
        check_words(&run, &before, &world);
    }
    panic!("the run came to no end");
}

/// What must hold of what a run asks for.
fn check_next(run: &Run, world: &World) {
    match run.next() {
        Action::CallModel { step } => {
            assert_eq!((step, run.status()), (run.step(), RunStatus::Running));
            assert_whole(run.context());
            run.context().check_calls().expect("a model is sent what its provider takes");
        }
        Action::CallTools { step, calls } => {
            assert!(!calls.is_empty());
            for PendingCall { index, call, approved, .. } in calls {
                assert!(!world.ran.contains(&(step, index)), "call {index} of step {step} is to run twice");
                if let Some(allowed) = world.allowed.get(&(step, index)) {
                    assert!(approved, "a call that a person was asked about waits for the answer");
                    assert_eq!(&call.arguments, allowed, "what was approved is what runs");
                }
            }
        }
        Action::AskHuman { step, calls } => {
            assert_eq!(run.status(), RunStatus::Interrupted);
            assert!(!calls.is_empty());
            for pending in calls {
                let key = (step, pending.index);
                assert_eq!(world.ran.contains(&key), pending.deferred.is_some());
                assert!(!world.settled.contains(&key), "a call with its result waits for another");
            }
        }
        _ => {}
    }
}

/// What comes of what a run asks for: anything that may.
fn outcome(run: &Run, chance: &mut Chance, world: &mut World) -> Outcome {
    match chance.below(150) {
        0 => return Outcome::Cancelled,
        1 => return Outcome::Failed { kind: ErrorKind::Model, message: "down".to_owned() },
        _ => {}
    }
    match run.next() {
        Action::CallModel { .. } => model_outcome(run, chance),
        Action::CallTools { step, calls } => {
            // In any order: results find their places.
            let place = usize::try_from(chance.below(calls.len() as u64)).unwrap();
            tool_outcome(step, &calls[place], chance, world)
        }
        Action::AskHuman { step, calls } => {
            let place = usize::try_from(chance.below(calls.len() as u64)).unwrap();
            human_outcome(step, &calls[place], chance, world)
        }
        Action::CheckOutput { .. } if chance.one_in(3) => Outcome::OutputRejected { problems: "wrong".to_owned() },
        Action::CheckOutput { .. } => Outcome::OutputAccepted,
        other => panic!("{other:?}"),
    }
}

fn model_outcome(run: &Run, chance: &mut Chance) -> Outcome {
    let usage = |chance: &mut Chance| {
        let mut usage = Usage::default();
        if chance.one_in(2) {
            (usage.input_tokens, usage.source) = (Some(chance.below(100)), UsageSource::Partial);
        }
        usage
    };
    match chance.below(12) {
        0 | 1 => Outcome::ModelAsked { model: "m".into(), input_tokens: chance.below(300) },
        2 => Outcome::ModelFailed { usage: usage(chance), rejected: chance.one_in(2) },
        3 => Outcome::Spent(usage(chance)),
        4 => Outcome::Compressed(smaller(run.context(), chance)),
        _ => Outcome::Model(Box::new(answer(chance))),
    }
}

/// A conversation without its oldest turns.
fn smaller(messages: &Messages, chance: &mut Chance) -> Messages {
    let begins: Vec<usize> = (1..messages.len())
        .filter(|place| messages.get(*place).is_some_and(|message| message.tool_results().next().is_none()))
        .collect();
    let from = if begins.is_empty() { messages.len() } else { chance.pick(&begins) };
    let mut kept = Messages::from(vec![Message::user("what was said before: go")]);
    for message in messages.iter().skip(from) {
        kept.push(message.clone());
    }
    kept
}

fn tool_outcome(step: u32, pending: &PendingCall, chance: &mut Chance, world: &mut World) -> Outcome {
    let (index, key) = (pending.index, (step, pending.index));
    if !pending.approved && chance.one_in(4) {
        let arguments =
            if chance.one_in(3) { "{\"by\":\"a hook\"}".to_owned() } else { pending.call.arguments.clone() };
        world.allowed.insert(key, arguments.clone());
        return Outcome::ToolNeedsApproval { index, arguments };
    }
    world.ran.insert(key);
    if chance.one_in(8) {
        return Outcome::ToolDeferred { index, note: "mail".to_owned() };
    }
    world.settled.insert(key);
    let words = format!("result {step}/{index}");
    world.words.insert(key, words.clone());
    let result = ToolResult::text(&pending.call, words);
    match chance.below(40) {
        0 => Outcome::ToolAnswered { index, result, answer: "{}".to_owned() },
        1 => Outcome::ToolAnswerRejected { index, result, problems: "wrong".to_owned() },
        2 => Outcome::ToolSettled { index, result, failure: Some(ToolErrorKind::Fatal) },
        3..=8 => Outcome::ToolSettled { index, result, failure: Some(ToolErrorKind::UnknownTool) },
        9..=14 => Outcome::ToolSettled { index, result, failure: Some(ToolErrorKind::Failed) },
        _ => Outcome::ToolSettled { index, result, failure: None },
    }
}

fn human_outcome(step: u32, pending: &PendingCall, chance: &mut Chance, world: &mut World) -> Outcome {
    let (index, key) = (pending.index, (step, pending.index));
    let decision = if pending.deferred.is_some() {
        let words = format!("result {step}/{index}, late");
        world.settled.insert(key);
        world.words.insert(key, words.clone());
        if chance.one_in(3) { Decision::failed(words) } else { Decision::result(words) }
    } else {
        match chance.below(3) {
            0 => {
                world.settled.insert(key);
                Decision::Reject { reason: "no".to_owned() }
            }
            1 => {
                let arguments = "{\"by\":\"a person\"}".to_owned();
                world.allowed.insert(key, arguments.clone());
                Decision::ApproveEdited { arguments }
            }
            _ => Decision::Approve,
        }
    };
    Outcome::Human { index, decision }
}

/// Tells a run something that it may not wait for: either it takes it, or it is as it was.
fn check_stray(run: &Run, chance: &mut Chance) {
    let mut told = run.clone();
    let index = usize::try_from(chance.below(4)).unwrap();
    let result = ToolResult::text(&runlet::ToolCall::new(chance.pick(&["x", "call_1_0", ""]), "t", "{}"), "stray");
    let outcome = match chance.below(8) {
        0 => Outcome::Model(Box::new(answer(chance))),
        1 => Outcome::ToolSettled { index, result, failure: None },
        2 => Outcome::ToolAnswered { index, result, answer: String::new() },
        3 => Outcome::ToolNeedsApproval { index, arguments: "{}".to_owned() },
        4 => Outcome::ToolDeferred { index, note: String::new() },
        5 => Outcome::Human { index, decision: Decision::result("stray") },
        6 => Outcome::Human { index, decision: Decision::Approve },
        _ => Outcome::OutputAccepted,
    };
    match told.apply(outcome) {
        Ok(()) => assert_whole(told.messages()),
        Err(_) => assert_eq!(&told, run, "an outcome out of order changes something"),
    }
}

/// What never decreases, and what is never exceeded.
fn check_grown(run: &Run, before: &Before, policy: &RunPolicy) {
    assert_whole(run.messages());
    run.messages().check_calls().expect("a history that its provider takes");
    let ids: Vec<&str> =
        run.messages().iter().flat_map(|message| message.tool_calls().map(|call| call.id.as_str())).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{ids:?}");
    assert!(ids.iter().all(|id| !id.is_empty()), "{ids:?}");
    assert!(run.messages().iter().all(|message| !message.parts.is_empty()));
    assert_eq!(&run.messages()[..before.messages.len()], &before.messages[..], "what was said is said");
    let (usage, spent) = (run.usage(), run.spent());
    assert!(usage.input_tokens >= before.usage.input_tokens && usage.output_tokens >= before.usage.output_tokens);
    assert!(spent.model_requests >= before.spent.model_requests && spent.tool_calls >= before.spent.tool_calls);
    assert!(spent.total_tokens() >= before.spent.total_tokens());
    if usage.source == UsageSource::Unknown {
        assert_eq!((usage.input_tokens, usage.output_tokens), (None, None), "what nobody knows is no figure");
    }
    assert!(run.step() <= policy.max_steps);
    assert!(policy.max_tool_calls.is_none_or(|most| spent.tool_calls <= most), "{spent:?}");
}

/// Every result that a turn brought into the history stands beside its own call.
fn check_words(run: &Run, before: &Before, world: &World) {
    for message in run.messages().iter().skip(before.messages.len()) {
        for (index, result) in message.tool_results().enumerate() {
            // The turn that closed is the last step or the one before it, as the next step has begun.
            let found = [run.step(), run.step().saturating_sub(1)]
                .into_iter()
                .filter_map(|step| world.words.get(&(step, index)))
                .any(|words| *words == result.as_text());
            let by_the_run = result.is_error || result.as_text().starts_with("This call");
            assert!(found || by_the_run, "{} is not what call {index} gave", result.as_text());
        }
    }
}

/// A run that has ended has ended once.
fn check_ended(run: &Run, chance: &mut Chance) {
    let ending = run.ending().expect("an ending");
    assert!(!matches!(run.status(), RunStatus::Running | RunStatus::Interrupted));
    if let Ending::Stopped { reached } = ending {
        assert!(reached.used.saturating_add(reached.needed) >= reached.allowed, "{reached}");
    }
    let mut told = run.clone();
    for outcome in [
        Outcome::Cancelled,
        Outcome::Failed { kind: ErrorKind::Model, message: "late".to_owned() },
        Outcome::Model(Box::new(answer(chance))),
        Outcome::Spent(Usage::default()),
    ] {
        told.apply(outcome).ok();
        assert_eq!(&told, run, "an ended run changes");
    }
}

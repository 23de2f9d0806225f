//! The run as a value: written down between any two steps, and told things in the wrong order.

use proptest::prelude::*;
use runlet::message::Messages;
use runlet::model::{ModelResponse, StopReason};
use runlet::run::{Action, Decision, Outcome, Run, RunStatus};
use runlet::tool::ToolErrorKind;
use runlet::{ErrorKind, Message, Part, Role, RunId, RunPolicy, ToolCall, ToolResult, Usage};
use serde_json::json;

use crate::kit::{assert_whole, calls, text};

fn begin(policy: RunPolicy) -> Run {
    Run::new(RunId::new("r"), "tester", policy, Messages::from(vec![Message::user("go")]))
}

/// What a random world does next, whatever is asked of it.
#[derive(Clone, Debug)]
struct Chance {
    kind: u8,
    pick: u8,
    size: u8,
    usage: Option<u64>,
}

fn chance() -> impl Strategy<Value = Chance> {
    (any::<u8>(), any::<u8>(), 0..5_u8, prop::option::of(0..1_000_u64)).prop_map(|(kind, pick, size, usage)| Chance {
        kind,
        pick,
        size,
        usage,
    })
}

fn response(chance: &Chance) -> ModelResponse {
    let ids = ["", "x", "y", "call_1_0", "call_2_1"];
    let asked: Vec<Part> = (0..chance.size)
        .map(|place| {
            let id = ids[usize::from(chance.pick.wrapping_add(place)) % ids.len()];
            Part::tool_call(ToolCall::new(id, "t", "{}"))
        })
        .collect();
    let mut response = match chance.kind % 4 {
        0 => text("words"),
        1 if chance.pick < 128 => text(""),
        _ => ModelResponse::new(Message::new(Role::Assistant, asked), StopReason::ToolCalls),
    };
    match chance.pick % 16 {
        0 => response.stop_reason = StopReason::MaxTokens,
        1 => response.stop_reason = StopReason::Pause,
        2 => response.stop_reason = StopReason::Refusal,
        _ => {}
    }
    response.usage.input_tokens = chance.usage;
    response
}

/// What comes of the next action; `None` where the run has ended.
fn outcome(run: &Run, chance: &Chance) -> Option<Outcome> {
    if chance.kind == 0 {
        return Some(Outcome::Failed { kind: ErrorKind::Model, message: "down".into() });
    }
    if chance.kind == 1 {
        return Some(Outcome::Cancelled);
    }
    Some(match run.next() {
        Action::Done => return None,
        Action::CallModel { .. } if chance.kind == 2 => Outcome::Compressed(run.messages().clone()),
        Action::CallModel { .. } => Outcome::Model(Box::new(response(chance))),
        Action::CallTools { calls, .. } => {
            let pending = &calls[usize::from(chance.pick) % calls.len()];
            let failures = [
                None,
                Some(ToolErrorKind::Failed),
                Some(ToolErrorKind::UnknownTool),
                Some(ToolErrorKind::InvalidArguments),
                Some(ToolErrorKind::Denied),
            ];
            let (index, result) = (pending.index, ToolResult::text(&pending.call, "result"));
            match chance.kind % 9 {
                0 if !pending.approved => Outcome::ToolNeedsApproval { index, arguments: "{}".into() },
                1 => Outcome::ToolAnswered { index, result, answer: "{}".into() },
                2 if chance.pick > 200 => Outcome::ToolSettled { index, result, failure: Some(ToolErrorKind::Fatal) },
                kind => Outcome::ToolSettled { index, result, failure: failures[usize::from(kind) % failures.len()] },
            }
        }
        Action::AskHuman { calls, .. } => {
            let decision = match chance.kind % 3 {
                0 => Decision::Approve,
                1 => Decision::ApproveEdited { arguments: "{\"a\":1}".into() },
                _ => Decision::Reject { reason: "no".into() },
            };
            Outcome::Human { index: calls[usize::from(chance.pick) % calls.len()].index, decision }
        }
        Action::CheckOutput { .. } if chance.kind.is_multiple_of(2) => {
            Outcome::OutputRejected { problems: "wrong".into() }
        }
        Action::CheckOutput { .. } => Outcome::OutputAccepted,
        other => panic!("{other:?}"),
    })
}

fn check_ids(asked: &[&str], expected: &[&str]) {
    let mut run = begin(RunPolicy::new());
    let calls = asked.iter().map(|id| Part::tool_call(ToolCall::new(*id, "t", "{}"))).collect();
    let response = ModelResponse::new(Message::new(Role::Assistant, calls), StopReason::ToolCalls);
    run.apply(Outcome::Model(Box::new(response))).unwrap();
    let Action::CallTools { calls, .. } = run.next() else { panic!("calls") };
    assert_eq!(calls.iter().map(|pending| pending.call.id.as_str()).collect::<Vec<_>>(), expected, "{asked:?}");
}

#[test]
fn a_call_keeps_an_id_of_its_own_whatever_the_others_are_named() {
    check_ids(&["a", "b"], &["a", "b"]);
    check_ids(&["", ""], &["call_1_0", "call_1_1"]);
    check_ids(&["a", "a", "call_1_1"], &["a", "call_1_1_", "call_1_1"]);
    check_ids(&["", "call_1_0"], &["call_1_0_", "call_1_0"]);
}

fn written_down(run: &Run) -> Run {
    serde_json::from_str(&serde_json::to_string(run).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn writing_a_run_down_between_any_two_steps_changes_nothing(
        chances in prop::collection::vec(chance(), 1..60),
        saves in prop::collection::vec(any::<bool>(), 60),
    ) {
        let policy = RunPolicy::new().max_steps(12).max_tool_calls_per_step(3).max_output_retries(3);
        let (mut straight, mut saved) = (begin(policy.clone()), begin(policy));
        let mut usage = Usage::default();
        let mut length = 0;
        for (chance, save) in chances.iter().zip(saves) {
            if save {
                saved = written_down(&saved);
            }
            prop_assert_eq!(&saved, &straight);
            prop_assert_eq!(saved.next(), straight.next());
            let Some(outcome) = outcome(&straight, chance) else { break };
            straight.apply(outcome.clone()).unwrap();
            saved.apply(outcome).unwrap();

            assert_whole(straight.messages());
            prop_assert!(straight.messages().iter().all(|message| !message.parts.is_empty()));
            prop_assert!(straight.messages().len() >= length, "history only grows");
            length = straight.messages().len();
            prop_assert!(straight.usage().input_tokens >= usage.input_tokens, "usage only grows");
            usage = straight.usage();
            prop_assert_eq!(straight.next() == Action::Done, straight.ending().is_some());
            prop_assert!(straight.step() <= 12);
        }
        prop_assert_eq!(written_down(&saved), straight);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn rows_58_and_64_results_stand_in_call_order_whichever_ends_first(
        (order, failures) in (1..12_usize).prop_flat_map(|count| (
            Just((0..count).collect::<Vec<_>>()).prop_shuffle(),
            prop::collection::vec(0..6_usize, count),
        )),
    ) {
        let (in_order, shuffled) = (settled(&(0..order.len()).collect::<Vec<_>>(), &failures), settled(&order, &failures));
        prop_assert_eq!(&in_order, &shuffled, "the order in which calls end changes nothing");
        let words: Vec<String> =
            shuffled.messages().iter().flat_map(|message| message.tool_results().map(ToolResult::as_text)).collect();
        prop_assert_eq!(words, (0..order.len()).map(|index| format!("result {index}")).collect::<Vec<_>>());
    }

    #[test]
    fn rows_29_and_30_ids_are_made_new_the_same_way_every_time(
        steps in prop::collection::vec(prop::collection::vec(0..6_usize, 1..6), 1..6),
    ) {
        let ids = ["", "x", "y", "call_1_0", "call_2_1", "call_1_0_"];
        let named = || {
            let mut run = begin(RunPolicy::new().max_identical_calls(0));
            for step in &steps {
                let asked: Vec<_> = step.iter().map(|id| (ids[*id], "t", "{}")).collect();
                run.apply(Outcome::Model(Box::new(calls(&asked)))).unwrap();
                run = written_down(&run);
                while let Action::CallTools { calls, .. } = run.next() {
                    let (index, result) = (calls[0].index, ToolResult::text(&calls[0].call, "done"));
                    run.apply(Outcome::ToolSettled { index, result, failure: None }).unwrap();
                }
            }
            let given = run.messages().iter().flat_map(|message| message.tool_calls().map(|call| call.id.clone()));
            given.collect::<Vec<String>>()
        };
        let (given, again) = (named(), named());
        prop_assert_eq!(&given, &again);
        let mut seen = std::collections::BTreeSet::new();
        for (id, asked) in given.iter().zip(steps.iter().flatten().map(|id| ids[*id])) {
            prop_assert!(!id.is_empty() && seen.insert(id), "{} stands twice: {:?}", id, given);
            // An id that was free is kept.
            prop_assert!(id == asked || asked.is_empty() || seen.contains(&asked.to_owned()), "{:?}", given);
        }
    }
}

/// A run of one turn whose calls end in an order, each with the failure it has.
fn settled(order: &[usize], failures: &[usize]) -> Run {
    let kinds = [
        None,
        None,
        Some(ToolErrorKind::Failed),
        Some(ToolErrorKind::Denied),
        Some(ToolErrorKind::UnknownTool),
        Some(ToolErrorKind::Fatal),
    ];
    let names: Vec<String> = (0..order.len()).map(|index| format!("c{index}")).collect();
    let asked: Vec<_> = names.iter().map(|id| (id.as_str(), "t", "{}")).collect();
    let mut run = begin(RunPolicy::new());
    run.apply(Outcome::Model(Box::new(calls(&asked)))).unwrap();
    for &index in order {
        let result = ToolResult::text(&ToolCall::new(&names[index], "t", "{}"), format!("result {index}"));
        run.apply(Outcome::ToolSettled { index, result, failure: kinds[failures[index]] }).unwrap();
    }
    run
}

/// Tells a run something that it does not wait for: an error, and the run is as it was.
fn check_out_of_order(run: &Run, outcome: Outcome) {
    let mut told = run.clone();
    let shown = format!("{outcome:?}");
    let error = told.apply(outcome).expect_err(&shown);
    assert!(matches!(error.kind(), ErrorKind::Internal | ErrorKind::Config), "{shown}: {error}");
    assert!(!error.to_string().contains("canary"), "{error}");
    assert_eq!(&told, run, "{shown}");
}

#[test]
fn an_outcome_out_of_order_is_an_error_and_changes_nothing() {
    let model = || Outcome::Model(Box::new(text("canary")));
    let result = |id: &str| ToolResult::text(&ToolCall::new(id, "t", "{}"), "canary");
    let settled = |index, id| Outcome::ToolSettled { index, result: result(id), failure: None };
    let human = |index| Outcome::Human { index, decision: Decision::Approve };

    let fresh = begin(RunPolicy::new());
    check_out_of_order(&fresh, settled(0, "a"));
    check_out_of_order(&fresh, human(0));
    check_out_of_order(&fresh, Outcome::OutputAccepted);
    check_out_of_order(&fresh, Outcome::OutputRejected { problems: "canary".into() });

    let mut open = fresh.clone();
    open.apply(Outcome::Model(Box::new(calls(&[("a", "t", "{}"), ("b", "t", "{}")])))).unwrap();
    check_out_of_order(&open, model());
    check_out_of_order(&open, Outcome::OutputAccepted);
    check_out_of_order(&open, settled(2, "a"));
    check_out_of_order(&open, settled(0, "b"));
    check_out_of_order(&open, human(0));
    open.apply(settled(0, "a")).unwrap();
    check_out_of_order(&open, settled(0, "a"));

    let mut answered = fresh.clone();
    answered.apply(model()).unwrap();
    check_out_of_order(&answered, model());
    check_out_of_order(&answered, Outcome::ToolAnswered { index: 0, result: result("a"), answer: "canary".into() });
    answered.apply(Outcome::OutputAccepted).unwrap();
    check_out_of_order(&answered, model());
    check_out_of_order(&answered, Outcome::OutputAccepted);
}

#[test]
fn an_ended_run_takes_no_second_ending() {
    let mut run = begin(RunPolicy::new());
    run.apply(Outcome::Cancelled).unwrap();
    run.apply(Outcome::Failed { kind: ErrorKind::Model, message: String::new() }).unwrap();
    assert_eq!(run.status(), RunStatus::Cancelled);
}

#[test]
fn row_78_a_run_of_an_unknown_form_is_refused() {
    let mut saved = serde_json::to_value(begin(RunPolicy::new())).unwrap();
    assert_eq!(saved["version"], 1);
    for version in [json!(0), json!(2), json!("1"), json!(null)] {
        saved["version"] = version.clone();
        let error = serde_json::from_value::<Run>(saved.clone()).unwrap_err().to_string();
        assert!(version != json!(2) || error.contains("form 2"), "{error}");
    }
}

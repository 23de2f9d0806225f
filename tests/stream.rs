//! Runs as streams: what comes when, and that folding a stream gives what a run gives.

use std::time::Duration;

use futures_util::StreamExt;
use proptest::prelude::*;
use runlet::error::{ProviderError, ProviderErrorCategory};
use runlet::event::{Event, EventKind};
use runlet::message::{Extra, Reasoning};
use runlet::model::{ModelEvent, ModelResponse, StopReason};
use runlet::testing::ScriptedModel;
use runlet::{Agent, Error, ErrorKind, Message, Part, Role, RunError, RunReport, Runtime, ToolCall, ToolError};
use serde_json::json;

use crate::kit::{Journal, Paced, Stub, agent, assert_whole, calls, on_paused_clock, text};

/// Streams a run to its end and gives its events, which are checked for order.
async fn events_of(agent: &Agent) -> Vec<Event> {
    let events: Vec<Event> = Runtime::new().stream(agent, (), "go").collect().await;
    assert_ordered(&events);
    events
}

/// The order every run's events have: dense, begun by a start, ended by the one terminal event.
fn assert_ordered(events: &[Event]) {
    let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (0..events.len() as u64).collect::<Vec<_>>());
    assert_eq!(events.first().map(Event::name), Some("run.started"));
    let terminal: Vec<usize> =
        events.iter().enumerate().filter(|(_, event)| event.kind.is_terminal()).map(|(place, _)| place).collect();
    assert_eq!(terminal, [events.len() - 1]);
}

fn deltas(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::ModelTextDelta { text } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

fn paced(model: Paced, tools: impl IntoIterator<Item = Stub>) -> Agent {
    let builder = Agent::builder("tester").model(model);
    tools.into_iter().fold(builder, runlet::agent::AgentBuilder::tool).build().unwrap()
}

#[tokio::test]
async fn a_stream_yields_the_text_in_pieces_and_then_the_whole() {
    let events = events_of(&agent(&ScriptedModel::new().text("one two three"), [])).await;
    assert_eq!(deltas(&events), ["one ", "two ", "three"]);
    assert!(
        matches!(&events.last().unwrap().kind, EventKind::RunCompleted { output, .. } if &**output == "one two three")
    );
}

#[tokio::test]
async fn reasoning_comes_in_pieces_and_whole_in_the_completed_answer() {
    let thought = |text: &str| Part::Reasoning(Reasoning { text: text.to_owned(), extra: Extra::default() });
    let parts = vec![thought("first this"), thought("then that"), Part::text("so it is")];
    let answer = ModelResponse::new(Message::new(Role::Assistant, parts), StopReason::EndTurn);
    let events = events_of(&agent(&ScriptedModel::new().response(answer), [])).await;
    let pieces: Vec<&str> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::ModelReasoningDelta { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(pieces, ["first this", "then that"]);
    let completed = events.iter().find_map(|event| match &event.kind {
        EventKind::ModelCompleted { message, .. } => Some(message.reasoning()),
        _ => None,
    });
    assert_eq!(completed.as_deref(), Some("first this\n\nthen that"));
}

#[tokio::test(start_paused = true)]
async fn text_arrives_while_the_model_still_speaks() {
    let model = Paced::new(1_000).answer(ModelResponse::new(
        Message::new(Role::Assistant, vec![Part::text("one"), Part::text("two")]),
        StopReason::EndTurn,
    ));
    let started = tokio::time::Instant::now();
    let mut stream = Runtime::new().stream(&paced(model, []), (), "go");
    let mut arrived = Vec::new();
    while let Some(event) = stream.next().await {
        if matches!(event.kind, EventKind::ModelTextDelta { .. }) {
            arrived.push(started.elapsed().as_secs());
        }
    }
    assert_eq!((arrived, started.elapsed().as_secs()), (vec![2, 3], 4));
}

/// Streams a message that calls `tools` in order and says when each began: before or after the message had ended.
async fn check_begins(tools: &[Stub], names: &[&str], expected: &[(&str, bool)]) {
    let asked: Vec<_> = names.iter().map(|name| (*name, *name, "{}")).collect();
    let model = Paced::new(1_000).answer(calls(&asked)).answer(text("done"));
    let mut ended = false;
    let mut began = Vec::new();
    for event in events_of(&paced(model, tools.iter().cloned())).await {
        match event.kind {
            EventKind::ModelCompleted { .. } => ended = true,
            EventKind::ToolStarted { call, .. } => began.push((call.id.to_string(), !ended)),
            _ => {}
        }
    }
    let expected: Vec<_> = expected.iter().map(|(name, early)| ((*name).to_owned(), *early)).collect();
    assert_eq!(began, expected, "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn only_calls_that_read_begin_before_the_message_has_ended() {
    let journal = Journal::default();
    let tools = [
        Stub::slow("read", &journal, 5).read(),
        Stub::slow("write", &journal, 5),
        Stub::slow("alone", &journal, 5).with(|spec| spec.sequential = true),
        Stub::slow("asked", &journal, 5).read().with(|spec| spec.sequential = true),
    ];
    check_begins(&tools, &["read"], &[("read", true)]).await;
    check_begins(&tools, &["write", "read"], &[("read", true), ("write", false)]).await;
    check_begins(&tools, &["alone", "read"], &[("alone", false), ("read", false)]).await;
    check_begins(&tools, &["read", "asked"], &[("read", true), ("asked", false)]).await;
    assert_eq!(journal.lines().len(), 14, "each call ran once");
}

#[tokio::test(start_paused = true)]
async fn calls_that_began_early_count_among_those_that_run_at_a_time() {
    let journal = Journal::default();
    let names: Vec<String> = (0..16).map(|n| n.to_string()).collect();
    let asked: Vec<_> =
        names.iter().enumerate().map(|(n, id)| (id.as_str(), if n < 8 { "write" } else { "read" }, "{}")).collect();
    let model = Paced::new(1).answer(calls(&asked)).answer(text("done"));
    let tools = [Stub::slow("read", &journal, 500).read(), Stub::slow("write", &journal, 500)];
    events_of(&paced(model, tools)).await;
    let (mut now, mut most) = (0_usize, 0);
    for line in journal.lines() {
        now = if line.ends_with('+') { now + 1 } else { now - 1 };
        most = most.max(now);
    }
    assert_eq!(most, 8);
}

#[tokio::test(start_paused = true)]
async fn progress_of_a_tool_arrives_while_it_runs() {
    let stub = Stub::new("t", |info, _| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        info.progress("half");
        tokio::time::sleep(Duration::from_secs(9)).await;
        Ok(String::new())
    });
    let model = ScriptedModel::new().tool_call("t", json!({})).text("done");
    let started = tokio::time::Instant::now();
    let mut stream = Runtime::new().stream(&agent(&model, [stub]), (), "go");
    while let Some(event) = stream.next().await {
        if matches!(event.kind, EventKind::ToolProgress { .. }) {
            assert_eq!(started.elapsed().as_secs(), 1);
        }
    }
    assert_eq!(started.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn tools_run_in_the_middle_and_the_next_rounds_go_on() {
    let model = ScriptedModel::new().tool_call("t", json!({})).tool_call("t", json!({})).text("all done");
    let events = events_of(&agent(&model, [Stub::echo("t")])).await;
    let places = |name: &str| events.iter().filter(|event| event.name() == name).count();
    assert_eq!((places("model.requested"), places("tool.completed")), (3, 2));
    assert_eq!(deltas(&events), ["all ", "done"]);
    assert_eq!(model.requests().len(), 3);
}

/// Streams an answer that breaks off and compares the error.
async fn check_broken(events: Vec<Result<ModelEvent, Error>>, expected: ProviderErrorCategory) {
    let model = ScriptedModel::new().events(events);
    let journal = Journal::default();
    let agent = agent(&model, [Stub::slow("write", &journal, 0)]);
    let mut stream = Runtime::new().stream(&agent, (), "go");
    let mut seen = Vec::new();
    while let Some(event) = stream.next().await {
        seen.push(event);
    }
    assert_ordered(&seen);
    assert_eq!(seen.last().unwrap().name(), "run.failed");
    let error = stream.finish().await.unwrap_err();
    let provider = error.error().provider().unwrap();
    assert_eq!((error.kind(), provider.category), (ErrorKind::Model, expected));
    assert_eq!(error.report().messages.len(), 1, "half an answer is not history");
    assert_eq!((model.requests().len(), journal.lines().len()), (1, 0));
    if expected == ProviderErrorCategory::Truncated {
        assert_eq!(provider.partial_text, "half");
    }
}

#[tokio::test]
async fn rows_10_and_14_a_stream_that_breaks_off_or_just_ends_fails_the_run() {
    let half = || Ok(ModelEvent::TextDelta("half".to_owned()));
    let call = || Ok(ModelEvent::ToolCallCompleted(ToolCall::new("x", "write", "{}").into()));
    let broken = || Err(ProviderError::new("scripted", ProviderErrorCategory::Server, "boom").into());
    check_broken(vec![half(), call()], ProviderErrorCategory::Truncated).await;
    check_broken(vec![half(), broken()], ProviderErrorCategory::Server).await;
    check_broken(vec![broken()], ProviderErrorCategory::Server).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_began_early_is_cancelled_when_its_message_fails() {
    let journal = Journal::default();
    let told = journal.clone();
    let stub = Stub::new("read", move |info, _| {
        let told = told.clone();
        async move {
            told.note("began");
            info.cancellation().cancelled().await;
            told.note("cancelled");
            Ok(String::new())
        }
    });
    let call = ToolCall::new("x", "read", "{}");
    let broken = ProviderError::new("paced", ProviderErrorCategory::Server, "boom");
    let model = Paced::new(100).events([Ok(ModelEvent::ToolCallCompleted(call.into())), Err(broken.into())]);
    let error = Runtime::new().stream(&paced(model, [stub.read()]), (), "go").finish().await.unwrap_err();
    assert_eq!(error.report().messages.len(), 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(journal.lines(), ["began", "cancelled"]);
}

/// One answer of a random script.
#[derive(Clone, Debug)]
enum Say {
    Text(String, u8),
    Calls(Vec<(u8, u8)>, bool),
    Fail,
}

fn say() -> impl Strategy<Value = Say> {
    prop_oneof![
        3 => ("[a-z ]{0,12}", 0..5_u8).prop_map(|(text, stop)| Say::Text(text, stop)),
        5 => (prop::collection::vec((0..4_u8, 0..4_u8), 1..5), prop::bool::weighted(0.1))
            .prop_map(|(calls, cut)| Say::Calls(calls, cut)),
        1 => Just(Say::Fail),
    ]
}

fn scripted(script: &[Say]) -> ScriptedModel {
    script.iter().fold(ScriptedModel::new(), |model, say| match say {
        Say::Text(words, stop) => {
            let mut response = text(words);
            response.stop_reason = match stop {
                0 => StopReason::Pause,
                1 => StopReason::Refusal,
                2 => StopReason::MaxTokens,
                _ => StopReason::EndTurn,
            };
            model.response(response)
        }
        Say::Calls(asked, cut) => {
            let ids = ["", "x", "y", "call_1_0"];
            let names = ["read", "write", "fails", "unknown"];
            let asked: Vec<_> =
                asked.iter().map(|(id, name)| (ids[usize::from(*id)], names[usize::from(*name)], "{}")).collect();
            let mut response = calls(&asked);
            if *cut {
                response.stop_reason = StopReason::MaxTokens;
            }
            model.response(response)
        }
        Say::Fail => model.fail(Error::new(ErrorKind::Model, "down")),
    })
}

fn script_agent(script: &[Say]) -> Agent {
    let journal = Journal::default();
    let tools = [
        Stub::slow("read", &journal, 3).read(),
        Stub::slow("write", &journal, 2),
        Stub::failing("fails", || ToolError::failed("no")),
    ];
    agent(&scripted(script), tools)
}

/// What can be compared of two runs.
fn outcome(ended: Result<runlet::RunResult<String>, RunError>) -> (RunReport, serde_json::Value) {
    let report = match ended {
        Ok(result) => result.report,
        Err(error) => error.into_report(),
    };
    assert_whole(&report.messages);
    let shown = json!({
        "status": report.status, "text": report.text, "reasoning": report.reasoning, "messages": report.messages,
        "usage": report.usage, "steps": report.steps, "stop": report.stop_reason,
        "error": report.error.as_ref().map(ToString::to_string),
    });
    (report, shown)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn folding_a_stream_read_to_any_point_gives_what_run_gives(
        script in prop::collection::vec(say(), 0..8),
        read in 0..40_usize,
    ) {
        let (whole, folded, events) = on_paused_clock(async {
            let whole = Runtime::new().run(&script_agent(&script), (), "go").await;
            let mut stream = Runtime::new().stream(&script_agent(&script), (), "go");
            for _ in 0..read {
                stream.next().await;
            }
            let folded = stream.finish().await;
            let events = events_of(&script_agent(&script)).await;
            (outcome(whole).1, outcome(folded).1, events)
        });
        prop_assert_eq!(&whole, &folded);
        let ended = events.last().map(Event::name);
        let expected = match whole["status"].as_str() {
            Some("completed") => "run.completed",
            Some("stopped") => "policy.stopped",
            _ => "run.failed",
        };
        prop_assert_eq!(ended, Some(expected));
    }
}

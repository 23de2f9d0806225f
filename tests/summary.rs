//! Summaries: what the events of a run say alone is what the run says, for random runs, providers and splits of bytes.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use proptest::prelude::*;
use runlet::agent::Output;
use runlet::error::{ProviderError, ProviderErrorCategory};
use runlet::event::{Content, Event, EventKind, EventLog, JsonlSink};
use runlet::message::{Extra, Reasoning, Refusal, UsageSource};
use runlet::model::{ModelResponse, StopReason};
use runlet::run::{Decision, RunStatus};
use runlet::runtime::{RunSummary, ToolOutcome};
use runlet::testing::ScriptedModel;
use runlet::testing::conformance::{Answer, Fault, Loopback, Reply, Wire};
use runlet::tool::ToolErrorKind;
use runlet::{
    Agent, Message, Part, Role, RunError, RunPolicy, RunReport, RunResult, Runtime, ToolCall, ToolError, Usage,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::kit::{Journal, Stub, on_paused_clock};
use crate::wire_rows::{anthropic, gemini, openai_chat, openai_responses};

/// A typed answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the run reads it, to see whether it can be read")]
struct Count {
    count: u32,
}

fn report_of<O>(ended: Result<RunResult<O>, RunError>) -> RunReport {
    match ended {
        Ok(result) => result.report,
        Err(error) => error.into_report(),
    }
}

/// Asserts that a summary says what the report says.
fn assert_tells(summary: &RunSummary, report: &RunReport) {
    assert!(summary.gapless);
    assert_eq!(summary.run_id.as_ref(), Some(&report.run_id));
    assert_eq!(
        (summary.status, summary.usage, summary.steps, &summary.stop_reason),
        (report.status, report.usage, report.steps, &report.stop_reason)
    );
    assert_eq!(summary.answer.as_ref(), Some(&report.text).filter(|_| report.status == RunStatus::Completed));
    assert_eq!(
        summary.error.as_ref().map(|error| error.kind),
        report.error.as_ref().map(runlet::Error::kind),
        "{summary:?}"
    );
    if let (Some(summed), Some(error)) = (&summary.error, &report.error)
        && let Some(message) = &summed.message
    {
        assert_eq!(message, &error.to_string());
    }
    // Every result that the history has comes from a call with events, or says that the call was not run.
    let results: Vec<_> = report.new_messages().iter().flat_map(|message| message.tool_results()).collect();
    let mut told =
        summary.tools.iter().filter(|tool| matches!(tool.outcome, ToolOutcome::Completed | ToolOutcome::Failed(_)));
    for result in results {
        if result.as_text().starts_with("This call was not run") || result.as_text().starts_with("The run ended") {
            continue;
        }
        let tool = told.next().expect("a call with events for every result");
        assert_eq!((&*tool.call.id, &*tool.call.tool), (result.call_id.as_str(), result.name.as_str()));
        assert_eq!(tool.result.as_deref(), Some(result.as_text().as_str()));
        assert_eq!(matches!(tool.outcome, ToolOutcome::Failed(_)), result.is_error);
    }
}

/// The same as told by the lines of a trace, and by the events as JSON.
fn assert_written_tells_the_same(summary: &RunSummary, events: &[Event], trace: &str) {
    let mut read = RunSummary::default();
    for line in trace.lines() {
        read.add_json(&serde_json::from_str(line).unwrap());
    }
    assert_eq!(&read, summary);
    let mut read = RunSummary::default();
    assert!(events.iter().all(|event| read.add_json(&event.to_json(Content::Include))));
    assert_eq!(&read, summary);
}

/// Where a sink writes to.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Trace {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One answer of a random script.
#[derive(Clone, Debug)]
enum Say {
    Parts(Vec<(u8, String)>, u8),
    Calls(Vec<(u8, u8)>, u8),
    Count(bool),
    Fail(u8),
}

fn say() -> impl Strategy<Value = (Say, Option<(u64, u64)>)> {
    let say = prop_oneof![
        3 => (prop::collection::vec((0..3_u8, "[a-zé ]{0,12}"), 0..4), 0..8_u8).prop_map(|(parts, stop)| Say::Parts(parts, stop)),
        5 => (prop::collection::vec((0..4_u8, 0..5_u8), 1..5), 0..10_u8).prop_map(|(calls, stop)| Say::Calls(calls, stop)),
        2 => any::<bool>().prop_map(Say::Count),
        1 => (0..3_u8).prop_map(Say::Fail),
    ];
    (say, prop::option::of((0..1_000_u64, 0..100_u64)))
}

fn said(say: &Say) -> Result<ModelResponse, runlet::Error> {
    let answer = |parts, stop| Ok(ModelResponse::new(Message::new(Role::Assistant, parts), stop));
    match say {
        Say::Parts(parts, stop) => {
            let parts = parts.iter().map(|(kind, text)| match kind {
                0 => Part::Reasoning(Reasoning { text: text.clone(), extra: Extra::default() }),
                1 => Part::Refusal(Refusal { text: text.clone(), extra: Extra::default() }),
                _ => Part::text(text.clone()),
            });
            let stop = match stop {
                0 => StopReason::Pause,
                1 => StopReason::Refusal,
                2 => StopReason::MaxTokens,
                3 => StopReason::ContentFilter,
                _ => StopReason::EndTurn,
            };
            answer(parts.collect(), stop)
        }
        Say::Calls(calls, stop) => {
            let (ids, names) = (["", "x", "y", "call_1_0"], ["read", "write", "fails", "fatal", "unknown"]);
            let calls = calls.iter().map(|(id, name)| {
                Part::tool_call(ToolCall::new(ids[usize::from(*id)], names[usize::from(*name)], "{}"))
            });
            answer(calls.collect(), if *stop == 0 { StopReason::MaxTokens } else { StopReason::ToolCalls })
        }
        Say::Count(fits) => {
            let json = if *fits { r#"{"count":3}"# } else { r#"{"count":"three"}"# };
            answer(vec![Part::text(json)], StopReason::EndTurn)
        }
        Say::Fail(category) => {
            let category = match category {
                0 => ProviderErrorCategory::Server,
                1 => ProviderErrorCategory::RateLimited,
                _ => ProviderErrorCategory::Authentication,
            };
            Err(ProviderError::new("scripted", category, "no").into())
        }
    }
}

type Script = Vec<(Say, Option<(u64, u64)>)>;

fn script_agent<O: Output>(script: &Script, limits: &RunPolicy) -> Agent<(), O> {
    let model = script.iter().fold(ScriptedModel::new(), |model, (say, usage)| match said(say) {
        Ok(mut response) => {
            if let Some((input, output)) = usage {
                response.usage = Usage {
                    input_tokens: Some(*input),
                    output_tokens: Some(*output),
                    source: UsageSource::Reported,
                    ..Usage::default()
                };
            }
            model.response(response)
        }
        Err(error) => model.fail(error),
    });
    let journal = Journal::default();
    let builder = Agent::builder("tester").model(model).run_policy(limits.clone());
    builder
        .tool(Stub::slow("read", &journal, 3).read())
        .tool(Stub::slow("write", &journal, 2))
        .tool(Stub::failing("fails", || ToolError::failed("no")))
        .tool(Stub::failing("fatal", || ToolError::fatal("over")))
        .build()
        .unwrap()
}

/// Runs a script whole and streamed, and asserts that the events tell of both what the runs say.
fn check_script<O: Output>(script: &Script, limits: &RunPolicy) {
    on_paused_clock(async {
        let (log, trace) = (EventLog::new(), Trace::default());
        let sink = JsonlSink::new(trace.clone()).content(Content::Include).redactor(None);
        let runtime = Runtime::new().event_log(&log).observer(sink);
        let report = report_of(runtime.run(&script_agent::<O>(script, limits), (), "go").await);
        runtime.flush_observers();
        let (events, trace) = (log.events(), String::from_utf8(trace.0.lock().unwrap().clone()).unwrap());
        let summary = RunSummary::from_events(&events);
        assert_tells(&summary, &report);
        assert_written_tells_the_same(&summary, &events, &trace);

        let mut stream = Runtime::new().stream(&script_agent::<O>(script, limits), (), "go");
        let mut streamed = RunSummary::default();
        while let Some(event) = stream.next().await {
            streamed.add(&event);
        }
        assert_tells(&streamed, &report_of(stream.finish().await));
        let run_id = summary.run_id.clone();
        streamed.run_id = run_id;
        assert_eq!((streamed.status, streamed.answer, streamed.tools), (summary.status, summary.answer, summary.tools));
    });
}

fn limits() -> impl Strategy<Value = RunPolicy> {
    (1..9_u32, prop::option::of(1..6_u32)).prop_map(|(steps, calls)| {
        let policy = RunPolicy::new().max_steps(steps);
        match calls {
            Some(calls) => policy.max_tool_calls(calls),
            None => policy,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn the_events_of_a_random_run_say_what_the_run_says(
        script in prop::collection::vec(say(), 0..8),
        limits in limits(),
    ) {
        check_script::<String>(&script, &limits);
        check_script::<Count>(&script, &limits);
    }
}

/// A body in pieces that end at the given places.
fn split(body: &str, at: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut ends: Vec<usize> = at.iter().map(|place| place.index(body.len().max(1))).collect();
    ends.push(body.len());
    ends.sort_unstable();
    ends.dedup();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts
        .zip(ends.iter())
        .map(|(start, end)| body.as_bytes()[start..*end].to_vec())
        .filter(|piece| !piece.is_empty())
        .collect()
}

/// What a server answers: calls, texts, or an error in the midst of a stream.
fn answers() -> impl Strategy<Value = Vec<(Answer, bool)>> {
    let calls = prop::sample::select(vec![vec!["read"], vec!["write", "read"], vec!["read", "fails", "unknown"]]);
    let answer = prop_oneof![
        3 => calls.prop_map(|names| {
            let ids = ["a", "b", "c"];
            let pieces: &[&str] = &["{\"n\"", ":1}"];
            let calls: Vec<_> = ids.iter().zip(&names).map(|(id, name)| (*id, *name, pieces)).collect();
            Answer::calls(&calls)
        }),
        2 => prop::collection::vec("[a-zé漢 ]{1,8}", 1..4).prop_map(|pieces| {
            Answer::text(&pieces.iter().map(String::as_str).collect::<Vec<_>>())
        }),
    ];
    prop::collection::vec((answer, prop::bool::weighted(0.1)), 1..4)
}

/// Has a provider stream answers, split anywhere, and asserts that the events say what the run says, and that the whole
/// answers give the same.
async fn check_provider<W: Wire>(wire: &W, answers: &[(Answer, bool)], at: &[prop::sample::Index]) {
    let agent = |url: &str| -> Agent {
        let journal = Journal::default();
        let policy = runlet::budget::ContextPolicy::new().max_context_tokens(100_000);
        let builder = Agent::builder("tester").model(wire.model(url, "sk-test")).context(policy);
        let builder = builder.tool(Stub::slow("read", &journal, 0).read()).tool(Stub::slow("write", &journal, 0));
        builder.tool(Stub::failing("fails", || ToolError::failed("no"))).build_unchecked()
    };
    let (streaming, whole) = (Loopback::start().await, Loopback::start().await);
    let mut broken = false;
    for (answer, breaks) in answers {
        let stream = wire.stream(answer).expect("every format can say it");
        let end = if *breaks { wire.error_event(Fault::Overloaded) } else { stream.end.concat() };
        let pieces = split(&(stream.begin.concat() + &end), at);
        streaming.reply(Reply { pieces, ..Reply::new(200, "text/event-stream", "") });
        whole.reply(Reply::new(200, "application/json", wire.whole(answer).expect("every format can say it")));
        broken |= breaks;
    }
    let mut stream = Runtime::new().stream(&agent(&streaming.url("")), (), "go");
    let (mut summary, mut deltas) = (RunSummary::default(), String::new());
    while let Some(event) = stream.next().await {
        summary.add(&event);
        match &event.kind {
            EventKind::ModelStreamStarted => deltas.clear(),
            EventKind::ModelTextDelta { text } => deltas.push_str(text),
            _ => {}
        }
    }
    assert_tells(&summary, &report_of(stream.finish().await));
    if let Some(answer) = &summary.answer {
        assert_eq!(answer, &deltas, "the pieces are the whole");
    }
    if !broken {
        let log = EventLog::new();
        let report = report_of(Runtime::new().event_log(&log).run(&agent(&whole.url("")), (), "go").await);
        let whole = RunSummary::from_events(&log.events());
        assert_tells(&whole, &report);
        let told = |summary: &RunSummary| {
            let tools =
                summary.tools.iter().map(|tool| (tool.step, tool.call.index, tool.outcome, tool.result.clone()));
            (
                summary.status,
                summary.answer.clone(),
                summary.usage,
                summary.stop_reason.clone(),
                tools.collect::<Vec<_>>(),
            )
        };
        assert_eq!(told(&whole), told(&summary));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn the_events_say_what_the_run_says_whatever_the_provider_and_wherever_its_bytes_are_split(
        answers in answers(),
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            check_provider(&openai_responses::Responses, &answers, &at).await;
            check_provider(&openai_chat::Chat, &answers, &at).await;
            check_provider(&anthropic::Messages, &answers, &at).await;
            check_provider(&gemini::GenerateContent, &answers, &at).await;
        });
    }
}

#[tokio::test]
async fn the_summary_of_a_run_that_waited_goes_on_where_it_waited() {
    let log = EventLog::new();
    let runtime = Runtime::new().event_log(&log);
    let model = ScriptedModel::new().tool_call("asks", serde_json::json!({})).text("done");
    let asks = Stub::echo("asks").with(|spec| spec.approval = true);
    let agent: Agent = Agent::builder("tester").model(model).tool(asks).build().unwrap();
    let waiting = report_of(runtime.run(&agent, (), "go").await);
    assert_tells(&RunSummary::from_events(&log.events()), &waiting);
    let report = report_of(runtime.resume(&agent, (), waiting.run().clone(), vec![(0, Decision::Approve)]).await);
    let summary = RunSummary::from_events(&log.events());
    assert_tells(&summary, &report);
    assert_eq!(summary.tools.len(), 1);
    assert_eq!(format!("{:?}", summary.tools), "[1/0 asks: Completed]");
}

#[tokio::test]
async fn events_of_other_runs_are_passed_over_and_a_gap_is_told() {
    let log = EventLog::new();
    let runtime = Runtime::new().event_log(&log);
    for words in ["one", "two"] {
        let agent: Agent = Agent::builder("tester").model(ScriptedModel::new().text(words)).build().unwrap();
        runtime.run(&agent, (), "go").await.unwrap();
    }
    let mut events = log.events();
    let summary = RunSummary::from_events(&events);
    assert_eq!((summary.answer.as_deref(), summary.gapless), (Some("one"), true));
    let mut other = RunSummary::from_events(&events[..1]);
    assert!(!other.add_json(&events.last().unwrap().to_json(Content::Include)));
    assert!(!other.add_json(&serde_json::json!({ "type": "trace.footer" })));
    events.remove(2);
    assert!(!RunSummary::from_events(&events).gapless);
}

#[tokio::test]
async fn without_content_a_summary_has_all_but_what_was_said() {
    let log = EventLog::new();
    let model = ScriptedModel::new().tool_call("fails", serde_json::json!({})).text("secret");
    let fails = Stub::failing("fails", || ToolError::failed("secret"));
    let agent: Agent = Agent::builder("tester").model(model).tool(fails).build().unwrap();
    let report = Runtime::new().event_log(&log).run(&agent, (), "go").await.unwrap().report;
    let mut summary = RunSummary::default();
    for event in log.events() {
        summary.add_json(&event.to_json(Content::Omit));
    }
    assert_eq!((summary.status, summary.usage, &summary.answer), (RunStatus::Completed, report.usage, &None));
    let failed = ToolOutcome::Failed(ToolErrorKind::Failed);
    assert_eq!(summary.tools.iter().map(|tool| (tool.outcome, &tool.result)).collect::<Vec<_>>(), [(failed, &None)]);
    assert!(!format!("{:?}", RunSummary::from_events(&log.events())).contains("secret"));
}

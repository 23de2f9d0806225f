//! Events: which come in what order, what they nest in, what they show, and who sees them.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Waker};

use futures_util::StreamExt;
use runlet::event::{Content, Event, EventKind, EventLog};
use runlet::model::{Bill, BillPart, Capabilities, Model, ModelResponse, ModelStream, PreparedRequest, StopReason};
use runlet::testing::ScriptedModel;
use runlet::{Agent, Message, Part, Result, Role, RunPolicy, RunReport, Runtime, ToolCall, ToolError};
use serde_json::json;

use crate::kit::{Stub, agent, calls, text};

const WHOLE: &[&str] = &[
    "run.started",
    "step.started",
    "context.budget_checked",
    "model.requested",
    "model.completed",
    "tool.started",
    "tool.completed",
    "step.completed",
    "step.started",
    "context.budget_checked",
    "model.requested",
    "model.completed",
    "step.completed",
    "run.completed",
];

const STREAMED: &[&str] = &[
    "run.started",
    "step.started",
    "context.budget_checked",
    "model.requested",
    "model.stream.started",
    "model.stream.tool_delta",
    "model.stream.completed",
    "model.completed",
    "tool.started",
    "tool.completed",
    "step.completed",
    "step.started",
    "context.budget_checked",
    "model.requested",
    "model.stream.started",
    "model.stream.delta",
    "model.stream.delta",
    "model.stream.completed",
    "model.completed",
    "step.completed",
    "run.completed",
];

fn one_call() -> Agent {
    agent(&ScriptedModel::new().tool_call("t", json!({})).text("all done"), [Stub::echo("t")])
}

/// Runs an agent whole or as a stream and compares the names of all events, as a log sees them.
async fn check(streamed: bool, expected: &[&str]) {
    let log = EventLog::new();
    let runtime = Runtime::new().event_log(&log);
    if streamed {
        let seen: Vec<&str> = runtime.stream(&one_call(), (), "go").map(|event| event.name()).collect().await;
        assert_eq!(seen, log.names(), "the stream and the log see the same");
    } else {
        runtime.run(&one_call(), (), "go").await.unwrap();
    }
    assert_eq!(log.names(), expected);
}

#[tokio::test]
async fn a_run_with_one_tool_call_has_these_events_in_this_order() {
    check(false, WHOLE).await;
    check(true, STREAMED).await;
}

#[tokio::test]
async fn spans_nest_run_step_model_and_tool() {
    let events: Vec<Event> = Runtime::new().stream(&one_call(), (), "go").collect().await;
    let parents: HashMap<u64, Option<u64>> = events.iter().map(|event| (event.span, event.parent_span)).collect();
    let span = |name: &str, step: u32| {
        let found: Vec<u64> =
            events.iter().filter(|event| event.name() == name && event.step == step).map(|event| event.span).collect();
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{name}");
        *found.first().unwrap_or_else(|| panic!("no {name} in step {step}"))
    };
    let root = span("run.started", 0);
    assert_eq!((span("run.completed", 0), parents[&root]), (root, None));
    for step in [1, 2] {
        let around = span("step.started", step);
        assert_eq!((span("step.completed", step), parents[&around]), (around, Some(root)));
        let model = span("model.requested", step);
        assert_eq!((span("model.completed", step), parents[&model]), (model, Some(around)));
    }
    let tool = span("tool.started", 1);
    assert_eq!((span("tool.completed", 1), parents[&tool]), (tool, Some(span("step.started", 1))));
}

/// Every event of a run in which everything that is said holds a canary.
async fn canary_events(last: ModelResponse, tool: Stub) -> Vec<Event> {
    let reasoning = serde_json::from_value(json!({ "type": "reasoning", "text": "canary" })).unwrap();
    let call = Part::tool_call(ToolCall::new("c", "t", json!({ "a": "canary" }).to_string()));
    let first = Message::new(Role::Assistant, vec![reasoning, Part::text("canary"), call]);
    let model = ScriptedModel::new().response(ModelResponse::new(first, StopReason::ToolCalls)).response(last);
    let agent: Agent = Agent::builder("tester").model(model).instructions("canary").tool(tool).build().unwrap();
    Runtime::new().stream(&agent, (), "canary").collect().await
}

/// What is said is in the JSON of events only where it is asked for, and never in `Debug`.
async fn check_canary(last: ModelResponse, tool: Stub) {
    let events = canary_events(last, tool).await;
    let mut shown = 0;
    for event in &events {
        let (debug, omitted) = (format!("{event:?} {:?}", event.kind), event.to_json(Content::Omit).to_string());
        assert!(!debug.contains("canary"), "{debug}");
        assert!(!omitted.contains("canary"), "{omitted}");
        shown += usize::from(event.to_json(Content::Include).to_string().contains("canary"));
    }
    assert!(shown >= 3, "content is there where it is asked for");
}

#[tokio::test]
async fn events_show_what_was_said_only_where_asked() {
    let echo = || {
        Stub::new("t", |info, arguments| async move {
            info.progress("canary");
            Ok(arguments)
        })
    };
    let says = |part: serde_json::Value, stop_reason| {
        let part = serde_json::from_value(part).unwrap();
        ModelResponse::new(Message::new(Role::Assistant, vec![part]), stop_reason)
    };
    let text = || says(json!({ "type": "text", "text": "canary" }), StopReason::EndTurn);
    check_canary(text(), echo()).await;
    check_canary(says(json!({ "type": "refusal", "text": "canary" }), StopReason::Refusal), echo()).await;
    check_canary(text(), Stub::failing("t", || ToolError::failed("canary"))).await;
    check_canary(text(), Stub::failing("t", || ToolError::fatal("canary"))).await;
}

#[tokio::test]
async fn an_event_as_json_names_its_run_its_place_and_its_kind() {
    let events: Vec<Event> = Runtime::new().stream(&one_call(), (), "go").collect().await;
    let json = events[1].to_json(Content::Omit);
    assert_eq!(json["type"], "step.started");
    assert_eq!((&json["seq"], &json["step"], &json["agent"]), (&json!(1), &json!(1), &json!("tester")));
    assert_eq!(json["id"], format!("{}/1", events[1].run_id));
}

#[tokio::test]
async fn every_observer_and_log_sees_all_events_in_order() {
    let (log, seen) = (EventLog::new(), Arc::new(Mutex::new(Vec::new())));
    let observe = || {
        let seen = Arc::clone(&seen);
        move |event: &Event| seen.lock().unwrap().push(event.seq)
    };
    let runtime = Runtime::new().event_log(&log).observer(observe());
    runtime.run(&one_call(), (), "go").await.unwrap();
    runtime.flush_observers();
    let expected: Vec<u64> = (0..WHOLE.len() as u64).collect();
    assert_eq!(*seen.lock().unwrap(), expected);
    assert_eq!(log.events().iter().map(|event| event.seq).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn row_74_a_panicking_observer_goes_on_and_harms_nobody() {
    let seen = Arc::new(Mutex::new(0));
    let count = Arc::clone(&seen);
    let runtime = Runtime::new().observer(move |event: &Event| {
        *count.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += 1;
        assert!(event.seq.is_multiple_of(2), "an observer's own fault");
    });
    assert_eq!(runtime.run(&one_call(), (), "go").await.unwrap().output, "all done");
    runtime.flush_observers();
    assert_eq!(*seen.lock().unwrap(), WHOLE.len());
}

#[tokio::test]
async fn row_73_a_slow_observer_loses_events_and_is_told_how_many() {
    let (go, wait) = channel::<()>();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let runtime = Runtime::new().observer(move |event: &Event| {
        if told.lock().unwrap().is_empty() {
            wait.recv().ok();
        }
        let dropped = match event.kind {
            EventKind::EventsDropped { count } => count,
            _ => 0,
        };
        told.lock().unwrap().push(dropped);
    });
    let words = "word ".repeat(3_000);
    let model = ScriptedModel::new().text(words).text("short");
    let agent = agent(&model, []);
    let before = runtime.stream(&agent, (), "go").count().await;
    go.send(()).unwrap();
    runtime.flush_observers();
    let after = runtime.stream(&agent, (), "go").count().await;
    runtime.flush_observers();
    let seen = seen.lock().unwrap();
    let dropped: u64 = seen.iter().sum();
    let shown = seen.iter().filter(|dropped| **dropped == 0).count();
    assert!(dropped > 1_000, "{dropped}");
    assert_eq!(shown as u64 + dropped, (before + after) as u64, "every event was seen or counted");
}

#[tokio::test]
async fn a_run_that_is_dropped_ends_as_cancelled_for_its_observers() {
    let log = EventLog::new();
    let runtime = Runtime::new().event_log(&log);
    let agent = agent(&ScriptedModel::new().silence(), []);
    drop(runtime.run(&agent, (), "go"));
    assert!(log.names().is_empty(), "a run that never began has no events");
    {
        let mut run = pin!(runtime.run(&agent, (), "go"));
        assert!(run.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    }
    assert_eq!(log.names().last(), Some(&"run.cancelled"));
    assert_eq!(log.names().first(), Some(&"run.started"));
}

/// Calls a tool in every step but the last, and notes where the list of messages lies that it is sent.
#[derive(Clone)]
struct Walker {
    steps: usize,
    lists: Arc<Mutex<Vec<usize>>>,
}

impl Model for Walker {
    fn provider(&self) -> &'static str {
        "walker"
    }

    fn name(&self) -> &'static str {
        "walker-1"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new().context_window(10_000_000).with_tools()
    }

    async fn complete(&self, request: PreparedRequest) -> Result<ModelResponse> {
        let mut lists = self.lists.lock().unwrap();
        lists.push(request.messages().as_ptr() as usize);
        let step = lists.len();
        if step == self.steps {
            return Ok(text("there"));
        }
        Ok(calls(&[(&format!("c{step}"), "t", &json!({ "step": step }).to_string())]))
    }

    async fn stream(&self, request: PreparedRequest) -> Result<ModelStream> {
        self.complete(request).await.map(ModelStream::whole)
    }
}

/// Runs so many steps and gives how often the list of messages moved from one request to the next.
async fn moves_of(steps: usize, runtime: Runtime) -> (usize, RunReport) {
    let walker = Walker { steps, lists: Arc::default() };
    let builder = Agent::builder("walker").model(walker.clone()).tool(Stub::echo("t"));
    let policy = RunPolicy::new().max_steps(u32::try_from(steps).unwrap());
    let agent: Agent = builder.run_policy(policy).build().unwrap();
    let report = runtime.run(&agent, (), "go").await.unwrap().report;
    let lists = walker.lists.lock().unwrap();
    (lists.windows(2).filter(|pair| pair[0] != pair[1]).count(), report)
}

#[tokio::test]
async fn who_keeps_every_event_of_a_long_run_has_nothing_copied() {
    const STEPS: usize = 1_000;
    let log = EventLog::new();
    let (moves, report) = moves_of(STEPS, Runtime::new().event_log(&log)).await;
    let (unwatched, _) = moves_of(STEPS, Runtime::new()).await;
    // A list that grows moves as often as its room doubles; one that is copied moves in every step.
    assert!(moves <= 16 && unwatched <= 16, "the history moved {moves} times, and {unwatched} times unwatched");

    let events = log.events();
    let bills: Vec<&Bill> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::ContextBudgetChecked { bill } => Some(bill),
            _ => None,
        })
        .collect();
    assert_eq!(bills.len(), STEPS);
    for (step, bill) in bills.into_iter().enumerate().step_by(111) {
        let messages = bill.items().filter(|item| matches!(item.part, BillPart::Message { .. }));
        assert_eq!(messages.count(), 1 + 2 * step, "each bill is of its own step");
    }

    let said = events.iter().filter_map(|event| match &event.kind {
        EventKind::ModelCompleted { message, .. } => Some(&**message),
        _ => None,
    });
    let kept = report.messages.iter().filter(|message| message.role == Role::Assistant).map(|message| &**message);
    assert!(said.zip(kept).all(|(said, kept)| std::ptr::eq(said, kept)), "an answer is kept twice");
}

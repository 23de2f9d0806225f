//! Observers with policies, late ones, traces as lines of JSON, and what is redacted of them.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use runlet::event::{Content, Event, EventKind, EventReplay, JsonlSink, Observer, ObserverPolicy, Redactor};
use runlet::testing::ScriptedModel;
use runlet::{Error, ErrorKind, Input, Result, RunId, Runtime, ToolError};
use serde_json::{Value, json};

use crate::kit::{Stub, agent};

/// What observers saw: names, and counts of what was dropped.
type Seen = Arc<Mutex<Vec<(String, u64)>>>;

fn note(seen: &Seen, event: &Event) {
    let dropped = if let EventKind::EventsDropped { count } = event.kind { count } else { 0 };
    seen.lock().unwrap().push((event.name().to_owned(), dropped));
}

#[tokio::test]
async fn row_73_pieces_of_streams_are_dropped_first_and_the_gap_stands_in_their_place() {
    let (go, wait) = channel::<()>();
    let seen = Seen::default();
    let own = Arc::clone(&seen);
    let observer = move |event: &Event| {
        if own.lock().unwrap().is_empty() {
            wait.recv().ok();
        }
        note(&own, event);
    };
    let runtime = Runtime::new().observer_with(observer, ObserverPolicy::new().queue(20));
    let total = runtime.stream(&agent(&ScriptedModel::new().text("word ".repeat(500)), []), (), "go").count().await;
    go.send(()).unwrap();
    runtime.flush_observers();
    let seen = seen.lock().unwrap();
    let whole: Vec<_> = seen.iter().map(|(name, _)| name.as_str()).filter(|name| !name.ends_with("delta")).collect();
    assert_eq!(whole.first().copied(), Some("run.started"));
    for name in ["model.requested", "model.completed", "step.completed", "run.completed"] {
        assert!(whole.contains(&name), "{name} was dropped: {whole:?}");
    }
    let dropped: u64 = seen.iter().map(|(_, dropped)| dropped).sum();
    assert!(dropped > 400, "{dropped}");
    let shown = seen.iter().filter(|(_, dropped)| *dropped == 0).count();
    assert_eq!(shown as u64 + dropped, total as u64);
    let counts = runtime.observer_counts()[0];
    assert_eq!((counts.seen, counts.dropped, counts.failed), (shown as u64, dropped, 0));
}

#[tokio::test]
async fn row_73_a_durable_observer_slows_the_run_and_misses_nothing() {
    let seen = Seen::default();
    let own = Arc::clone(&seen);
    let observer = move |event: &Event| {
        std::thread::yield_now();
        note(&own, event);
    };
    let runtime = Runtime::new().observer_with(observer, ObserverPolicy::new().queue(1).durable());
    let total = runtime.stream(&agent(&ScriptedModel::new().text("word ".repeat(300)), []), (), "go").count().await;
    assert_eq!(seen.lock().unwrap().len(), total, "a run ends when a durable observer has seen it");
    assert_eq!(seen.lock().unwrap().last().unwrap().0, "run.completed");
}

#[tokio::test]
async fn row_73_a_durable_observer_that_hangs_is_given_up_in_the_end() {
    let (_go, wait) = channel::<()>();
    let observer = move |_: &Event| assert!(wait.recv().is_err());
    let policy = ObserverPolicy::new().queue(1).durable().patience(Duration::from_millis(1));
    let runtime = Runtime::new().observer_with(observer, policy);
    runtime.run(&agent(&ScriptedModel::new().text("done"), []), (), "go").await.unwrap();
}

struct FailsOn(&'static str, bool);

impl Observer for FailsOn {
    fn observe(&mut self, event: &Event) {
        self.try_observe(event).ok();
    }

    fn try_observe(&mut self, event: &Event) -> Result<()> {
        let here = event.name() == self.0;
        assert!(!here || !self.1, "canary");
        if here { Err(Error::new(ErrorKind::Hook, "the disk is full")) } else { Ok(()) }
    }
}

#[tokio::test]
async fn row_74_a_failing_observer_is_counted_and_fails_the_run_only_where_it_is_required() {
    async fn check(observer: FailsOn, policy: ObserverPolicy, fails: bool) {
        let runtime = Runtime::new().observer_with(observer, policy);
        let ended = runtime.run(&agent(&ScriptedModel::new().text("done"), []), (), "go").await;
        runtime.flush_observers();
        assert_eq!(runtime.observer_counts()[0].failed, 1);
        match ended {
            Ok(_) => assert!(!fails),
            Err(error) => assert!(fails && error.kind() == ErrorKind::Hook, "{error}"),
        }
    }
    for panics in [false, true] {
        let failing = |name| FailsOn(name, panics);
        check(failing("model.completed"), ObserverPolicy::new(), false).await;
        check(failing("model.completed"), ObserverPolicy::new().durable(), false).await;
        check(failing("model.completed"), ObserverPolicy::new().required(), true).await;
        check(failing("run.started"), ObserverPolicy::new().required(), true).await;
        check(failing("run.completed"), ObserverPolicy::new().required(), false).await;
    }
}

#[tokio::test]
async fn late_subscribers_get_what_is_kept_then_what_comes_and_are_told_what_was_lost() {
    async fn check(kept: usize, from: u64, expected: &[u64]) {
        let replay = EventReplay::with_capacity(kept, 2);
        let runtime = Runtime::new().event_replay(&replay);
        let (id, late, subscribed) = (RunId::new("r"), replay.clone(), AtomicBool::new(false));
        let agent = agent(&ScriptedModel::new().text("done"), []);
        assert!(replay.subscribe(&id, 0).is_none());
        let mut stream = runtime.stream(&agent, (), Input::new("go").run_id(id.clone()));
        let mut rest = None;
        while let Some(event) = stream.next().await {
            if event.seq == 4 && !subscribed.swap(true, Ordering::Relaxed) {
                rest = late.subscribe(&id, from);
            }
        }
        let seen: Vec<Event> = rest.unwrap().collect().await;
        assert_eq!(seen.iter().map(|event| event.seq).collect::<Vec<_>>(), expected, "from {from} of {kept}");
        assert_eq!(seen.last().map(Event::name), expected.last().map(|_| "run.completed"));
        let lost = seen.iter().map(|event| if let EventKind::EventsDropped { count } = event.kind { count } else { 0 });
        let first = expected.first().copied().unwrap_or(from);
        assert_eq!(lost.sum::<u64>(), if first > from { first + 1 - from } else { 0 });
    }
    // The run has 10 events, from 0 to 9.
    check(100, 0, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]).await;
    check(100, 7, &[7, 8, 9]).await;
    check(3, 0, &[6, 7, 8, 9]).await;
    check(100, 10, &[]).await;
}

/// A writer that keeps what was written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The lines of a run with secrets in the prompt, in arguments, in a result and in the answer.
async fn trace(settings: fn(JsonlSink) -> JsonlSink) -> String {
    let written = Written::default();
    let runtime =
        Runtime::new().observer_with(settings(JsonlSink::new(written.clone())), ObserverPolicy::new().durable());
    let model = ScriptedModel::new()
        .tool_calls([("t", json!({ "password": "canary-1", "note": "sk-ant-canary2aaaa" })), ("f", json!({}))])
        .text("it is Bearer canary3aaaaaaaa and said");
    let stub = Stub::new("t", |_, _| async { Ok("{\"api_key\":\"canary-4\",\"fine\":\"kept\"}".to_owned()) });
    let failing = Stub::failing("f", || ToolError::failed("token=canary-5 is wrong"));
    runtime.stream(&agent(&model, [stub, failing]), (), "my key is ghp_canary6aaaaaaaa").finish().await.unwrap();
    runtime.flush_observers();
    drop(runtime);
    // The footer comes when the observer's thread is done.
    for _ in 0..1_000_000 {
        if String::from_utf8_lossy(&written.0.lock().unwrap()).contains("trace.footer") {
            break;
        }
        std::thread::yield_now();
    }
    let bytes = written.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn row_84_secrets_do_not_reach_a_trace_and_content_only_where_asked() {
    let omitted = trace(|sink| sink).await;
    assert!(!omitted.contains("canary") && !omitted.contains("kept"), "{omitted}");
    let included = trace(|sink| sink.content(Content::Include)).await;
    assert!(!included.contains("canary") && included.contains("kept") && included.contains("and said"), "{included}");
    let open = trace(|sink| sink.content(Content::Include).redactor(None)).await;
    for secret in ["canary-1", "canary2", "canary3", "canary-4", "canary-5"] {
        assert!(open.contains(secret), "{secret}: {open}");
    }
}

#[tokio::test]
async fn a_trace_has_a_header_a_line_per_event_and_a_footer() {
    let lines: Vec<Value> = trace(|sink| sink).await.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (first, last) = (&lines[0], lines.last().unwrap());
    assert_eq!((&first["type"], &first["data"]["redaction"]), (&json!("trace.header"), &json!("on")));
    assert_eq!(last["type"], "trace.footer");
    assert_eq!((&last["data"]["events"], &last["data"]["dropped"]), (&json!(lines.len() - 2), &json!(0)));
    for (place, line) in lines[1..lines.len() - 1].iter().enumerate() {
        assert_eq!((&line["v"], &line["seq"]), (&json!(1), &json!(place)));
        assert!(line["ts"].as_str().unwrap().ends_with('Z'));
    }
    let completed = lines.iter().find(|line| line["type"] == "tool.completed").unwrap();
    assert_eq!(completed["data"]["gen_ai.tool.name"], "t");
    let ended = lines.iter().find(|line| line["type"] == "run.completed").unwrap();
    assert!(ended["data"]["gen_ai.usage.output_tokens"].is_u64());
}

#[test]
fn row_84_secrets_are_known_by_their_names_and_by_their_shapes() {
    let check = |text: &str, expected: &str| assert_eq!(Redactor::new().text(text), expected, "{text}");
    check("sk-abcdefgh1234", "[REDACTED]");
    check("sk-ant-api03-abcdefgh", "[REDACTED]");
    check("AIzaSyA1234567890abcdefgh", "[REDACTED]");
    check("AKIAIOSFODNN7EXAMPLE", "[REDACTED]");
    check("glpat-abcdefgh12345", "[REDACTED]");
    check("xoxb-1234567890-abc", "[REDACTED]");
    check("see eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc now", "see [REDACTED] now");
    check("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nrest", "[REDACTED]\nrest");
    check("-----BEGIN PRIVATE KEY-----\nabc", "[REDACTED]");
    check("{\"password\":\"x", "{\"password\":[REDACTED]");
    check("client_secret_key: abc", "client_secret_key: [REDACTED]");
    check(r#"{"a":[{"Api-Key":"x","n":1}]}"#, r#"{"a":[{"Api-Key":"[REDACTED]","n":1}]}"#);
    check("a task-list-abcdefgh and tokens: 5", "a task-list-abcdefgh and tokens: 5");
    let own = Redactor::new().key("Pin Code").shape("K[0-9]{4}").unwrap();
    assert_eq!(own.text(r#"{"pin_code":"12","k":"K1234"}"#), r#"{"k":"[REDACTED]","pin_code":"[REDACTED]"}"#);
    assert_eq!(Redactor::new().shape("(").unwrap_err().kind(), ErrorKind::Config);
}

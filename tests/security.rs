//! Secrets and what people say show nowhere but where they are meant to: every place a canary could turn up is searched.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use runlet::event::{Content, Event, EventLog};
use runlet::message::Native;
use runlet::model::{Model, ModelEvent, ModelRequest, ModelResponse, StopReason};
use runlet::provider::{OpenAiResponses, RetryPolicy};
use runlet::run::{Action, Decision, Ending, Outcome, Run};
use runlet::{Agent, ErrorKind, Message, Part, Role, RunId, RunPolicy, Runtime, ToolCall, ToolError, ToolResult};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};

use crate::kit::Stub;
use crate::wire::loopback::{End, Loopback, Reply};

/// In every secret and in everything that anyone says.
const CANARY: &str = "canary";

#[track_caller]
fn check_hidden(shown: &str) {
    assert!(!shown.contains(CANARY), "{shown}");
}

#[track_caller]
fn check_debug(value: &impl Debug) {
    check_hidden(&format!("{value:?}"));
    check_hidden(&format!("{value:#?}"));
}

/// Writes down every span, field and event of every level.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<String>>>);

impl Capture {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn note(&self, name: &str, record: impl FnOnce(&mut dyn Visit)) {
        let mut fields = Fields(name.to_owned());
        record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.extend([" ", field.name(), &format!("={value:?}")]);
    }
}

impl tracing::Subscriber for Capture {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.note(span.metadata().name(), |fields| span.record(fields));
        Id::from_u64(self.0.lock().unwrap().len() as u64)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.note("record", |fields| values.record(fields));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        self.note(event.metadata().target(), |fields| event.record(fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn answer(output: &serde_json::Value) -> String {
    json!({ "id": "resp_1", "status": "completed", "output": output }).to_string()
}

fn say(text: &str) -> serde_json::Value {
    let content = json!([{ "type": "output_text", "text": text, "annotations": [] }]);
    json!({ "type": "message", "id": "msg_1", "role": "assistant", "content": content })
}

fn sse(events: &[serde_json::Value]) -> Reply {
    let body = events.iter().map(|event| format!("data: {event}\n\n")).collect::<Vec<_>>().concat();
    Reply::new(200, "text/event-stream", body)
}

fn completed(output: &serde_json::Value) -> serde_json::Value {
    json!({ "type": "response.completed", "response": { "status": "completed", "output": output } })
}

fn adapter(server: &Loopback) -> OpenAiResponses {
    let soon = RetryPolicy::new().backoff(std::time::Duration::ZERO, std::time::Duration::ZERO);
    OpenAiResponses::new("gpt-5.5").api_key("sk-canary-key").base_url(server.url("/v1")).retry(soon)
}

/// A run in which everything that can be said is a canary: prompt, instructions, arguments, results, answer, errors.
async fn run(streamed: bool, log: &EventLog) -> Vec<String> {
    let server = Loopback::start().await;
    let call = |id: &str, tool: &str| json!({ "type": "function_call", "id": id, "call_id": id, "name": tool, "arguments": "{\"a\":\"canary args\"}" });
    let calls = json!([call("fc_1", "look"), call("fc_2", "fail"), call("fc_3", "unknown")]);
    let last = json!([say("canary answer")]);
    let error = json!({ "error": { "code": "x", "message": "canary? no: sk-canary-key, canary header" } });
    server.reply(Reply::new(503, "application/json", error.to_string().replace("canary? no: ", "")));
    for output in [&calls, &last] {
        let delta = json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "canary delta" });
        let unknown = json!({ "type": "response.novelty", "canary": "canary" });
        server.reply(if streamed {
            sse(&[unknown, delta, completed(output)])
        } else {
            Reply::new(200, "application/json", answer(output))
        });
    }
    let agent: Agent = Agent::builder("guarded")
        .model(adapter(&server))
        .instructions("canary instructions")
        .tool(Stub::new("look", |_, _| async { Ok("canary result".to_owned()) }).read())
        .tool(Stub::failing("fail", || ToolError::failed("canary failure")))
        .build()
        .unwrap();
    let runtime = Runtime::new().event_log(log);
    let request = ModelRequest::new("canary prompt").metadata("note", "canary metadata").option(
        "openai",
        "extra_headers",
        json!({ "x-token": "canary header" }),
    );
    let mut shown = Vec::new();
    let result = if streamed {
        let mut stream = runtime.stream(&agent, (), request);
        while let Some(event) = stream.next().await {
            shown.push(format!("{event:?}"));
        }
        stream.finish().await
    } else {
        runtime.run(&agent, (), request).await
    };
    let result = result.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(result.output, "canary answer");
    shown.extend([format!("{agent:?}"), format!("{runtime:?}")]);
    shown
}

async fn check_run(streamed: bool) {
    let capture = Capture::default();
    let log = EventLog::new();
    let guard = tracing::subscriber::set_default(capture.clone());
    let shown = run(streamed, &log).await;
    drop(guard);
    let lines = capture.lines();
    assert!(lines.iter().any(|line| line.starts_with("invoke_agent")), "nothing was captured: {lines:?}");
    if streamed {
        assert!(lines.iter().any(|line| line.contains("unknown event")), "{lines:?}");
    }
    lines.iter().chain(&shown).for_each(|line| check_hidden(line));
    let events = log.events();
    assert!(events.iter().any(|event| event.name() == "model.retrying"), "{:?}", log.names());
    for event in &events {
        check_debug(event);
        check_debug(&event.kind);
        check_hidden(&event.to_json(Content::Omit).to_string());
    }
    let with_content: String = events.iter().map(|event: &Event| event.to_json(Content::Include).to_string()).collect();
    for said in ["canary args", "canary result", "canary failure", "canary answer"] {
        assert!(with_content.contains(said), "{said} is not shown where content is asked for");
    }
    for secret in ["sk-canary-key", "canary header"] {
        assert!(!with_content.contains(secret), "{secret} is shown");
    }
}

#[tokio::test]
async fn nothing_that_was_said_shows_in_the_events_spans_and_logs_of_a_run() {
    check_run(false).await;
}

#[tokio::test]
async fn nothing_that_was_said_shows_in_the_events_spans_and_logs_of_a_streamed_run() {
    check_run(true).await;
}

#[test]
fn debug_of_what_is_asked_and_answered_shows_its_shape() {
    let call = ToolCall::new("call_1", "look", r#"{"a":"canary"}"#);
    let result = ToolResult::text(&call, "canary");
    let message = Message::new(Role::Assistant, vec![Part::text("canary"), Part::tool_call(call.clone())]);
    let response = ModelResponse::new(message.clone(), StopReason::EndTurn);
    let request = ModelRequest::from_messages([message]).instructions("canary").metadata("key", "canary").option(
        "openai",
        "extra_headers",
        json!({ "x": "canary" }),
    );
    check_debug(&request);
    check_debug(&request.clone().unbudgeted());
    check_debug(&response);
    for event in ModelEvent::of_response(response.clone()) {
        check_debug(&event);
    }
    let text = || "canary".to_owned();
    let outcomes = [
        Outcome::Model(Box::new(response)),
        Outcome::Compressed(request.messages.clone()),
        Outcome::ToolSettled { index: 0, result: result.clone(), failure: None },
        Outcome::ToolAnswered { index: 0, result: result.clone(), answer: text() },
        Outcome::ToolAnswerRejected { index: 0, result, problems: text() },
        Outcome::ToolNeedsApproval { index: 0, arguments: text() },
        Outcome::Human { index: 0, decision: Decision::ApproveEdited { arguments: text() } },
        Outcome::Human { index: 0, decision: Decision::Reject { reason: text() } },
        Outcome::OutputRejected { problems: text() },
        Outcome::Failed { kind: ErrorKind::Tool, message: text() },
    ];
    for outcome in &outcomes {
        check_debug(outcome);
    }
    check_debug(&Action::CheckOutput { answer: text() });
    check_debug(&Ending::Completed { answer: text() });
    check_debug(&Ending::Refused { reason: text() });
    check_debug(&Ending::Failed { kind: ErrorKind::Tool, message: text() });
    check_debug(&Native::new("openai", "novelty", r#"{"a":"canary"}"#));
}

#[test]
fn debug_of_a_run_shows_its_shape_at_every_point() {
    let id = RunId::new("r1");
    let mut run = Run::new(id, "guarded", RunPolicy::new(), vec![Message::user("canary")].into());
    check_debug(&run);
    let call = ToolCall::new("call_1", "look", r#"{"a":"canary"}"#);
    let message = Message::new(Role::Assistant, vec![Part::tool_call(call)]);
    run.apply(Outcome::Model(Box::new(ModelResponse::new(message, StopReason::ToolCalls)))).unwrap();
    check_debug(&run.next());
    check_debug(&run);
    run.apply(Outcome::ToolNeedsApproval { index: 0, arguments: r#"{"a":"canary"}"#.to_owned() }).unwrap();
    check_debug(&run.next());
    check_debug(&run);
}

#[tokio::test]
async fn a_redirect_to_another_host_leaks_nothing() {
    let elsewhere = Loopback::start().await;
    for status in [301, 302, 303, 307, 308] {
        for streamed in [false, true] {
            let server = Loopback::start().await;
            let mut reply = Reply::new(status, "application/json", "");
            reply.headers.push(("location".to_owned(), elsewhere.url("/v1/responses?key=canary")));
            server.reply(reply);
            let model = adapter(&server);
            let request = ModelRequest::new("canary prompt").unbudgeted();
            let error =
                if streamed { model.stream(request).await.map(drop) } else { model.complete(request).await.map(drop) };
            let error = error.expect_err("an error");
            check_hidden(&error.to_string());
            check_debug(&error);
            check_debug(&model);
        }
    }
    assert!(elsewhere.received().is_none(), "nothing went there");
}

#[tokio::test]
async fn an_error_of_any_cause_shows_no_secret() {
    let echo =
        json!({ "error": { "code": "sk-canary-key", "message": "sk-canary-key and canary header" } }).to_string();
    for status in [400, 401, 429, 500] {
        let server = Loopback::start().await;
        let mut reply = Reply::new(status, "application/json", echo.clone());
        reply.headers.push(("x-request-id".to_owned(), "sk-canary-key".to_owned()));
        server.reply(reply.clone());
        let model = adapter(&server).retry(RetryPolicy::never());
        let headers = json!({ "x-token": "canary header" });
        let request = ModelRequest::new("canary prompt").option("openai", "extra_headers", headers).unbudgeted();
        let error = model.complete(request).await.expect_err("an error");
        check_hidden(&error.to_string());
        check_debug(&error);
    }
}

#[tokio::test]
async fn everything_oversize_is_an_error_of_a_bounded_size() {
    let huge = "x".repeat(1 << 20);
    let mut header = Reply::new(200, "application/json", answer(&json!([say("Hello")])));
    header.headers.push(("x-flood".to_owned(), huge.clone()));
    let message = Reply::new(400, "application/json", json!({ "error": { "message": &huge[..60_000] } }).to_string());
    let body = Reply::new(500, "text/plain", huge.clone().repeat(16));
    let event = Reply { end: End::Silence, ..Reply::new(200, "text/event-stream", format!("data: {huge}")) };
    let delta = json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "x" });
    let events: Vec<_> = std::iter::repeat_n(delta, 4096).collect();
    for reply in [header, message, body, event, sse(&events)] {
        let server = Loopback::start().await;
        server.reply(reply);
        let model = adapter(&server).retry(RetryPolicy::never()).size_limits(1 << 16, 1 << 17);
        let mut stream = match model.stream(ModelRequest::new("Hi").unbudgeted()).await {
            Ok(stream) => stream,
            Err(error) => {
                assert!(error.to_string().len() < 4096, "{} bytes", error.to_string().len());
                continue;
            }
        };
        loop {
            match stream.next().await {
                Some(Ok(ModelEvent::Completed(_))) | None => panic!("something oversize was read"),
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    assert!(error.to_string().contains("longer than"), "{error}");
                    break;
                }
            }
        }
    }
}

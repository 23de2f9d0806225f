//! Spans for `tracing`: their names and attributes, and that they hold nothing of what was said unless asked to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use runlet::event::Redactor;
use runlet::message::{Usage, UsageSource};
use runlet::model::{Fallback, Model, ModelResponse, StopReason};
use runlet::provider::{Anthropic, Gemini, OpenAiChat, OpenAiResponses, RetryPolicy};
use runlet::state::InMemoryStateStore;
use runlet::testing::ScriptedModel;
use runlet::{Agent, Error, ErrorKind, Input, Message, Runtime, ToolError};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::kit::{Stub, agent};

type Fields = BTreeMap<String, String>;

thread_local! {
    /// The spans of this thread by id, with their names and fields, while they are captured.
    static CAPTURED: RefCell<Option<Vec<(u64, String, Fields)>>> = const { RefCell::new(None) };
}

/// Keeps the spans of threads that capture. It is there for the whole process: what a subscriber of one thread wants to
/// see is not reliable while other threads have none.
struct Capture(AtomicU64);

struct Into<'a>(&'a mut Fields);

impl Visit for Into<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl Subscriber for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("runlet")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.0.fetch_add(1, Ordering::Relaxed);
        CAPTURED.with_borrow_mut(|captured| {
            if let Some(spans) = captured {
                let mut fields = Fields::new();
                span.record(&mut Into(&mut fields));
                spans.push((id, span.metadata().name().to_owned(), fields));
            }
        });
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        CAPTURED.with_borrow_mut(|captured| {
            let mut spans = captured.iter_mut().flatten();
            if let Some((_, _, fields)) = spans.find(|(id, _, _)| *id == span.into_u64()) {
                values.record(&mut Into(fields));
            }
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The spans of what is done on this thread.
fn captured(work: impl Future<Output = ()>) -> Vec<(String, Fields)> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Capture(AtomicU64::new(1))).unwrap());
    CAPTURED.set(Some(Vec::new()));
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
    CAPTURED.take().into_iter().flatten().map(|(_, name, fields)| (name, fields)).collect()
}

/// The spans of a run that calls two tools, one of which fails, and then answers.
fn spans(runtime: Runtime, streamed: bool) -> Vec<(String, Fields)> {
    let usage = Usage {
        input_tokens: Some(10),
        output_tokens: Some(5),
        cache_read_tokens: Some(4),
        cache_write_tokens: None,
        reasoning_tokens: Some(2),
        source: UsageSource::Reported,
    };
    let mut answer = ModelResponse::new(Message::assistant("canary answer"), StopReason::EndTurn).usage(usage);
    (answer.id, answer.model) = (Some("resp_1".into()), Some("scripted-1".into()));
    let model = ScriptedModel::new()
        .tool_calls([("t", json!({ "q": "canary", "password": "hidden" })), ("f", json!({}))])
        .response(answer);
    let agent = agent(&model, [Stub::echo("t"), Stub::failing("f", || ToolError::failed("canary"))]);
    let input = Input::new("canary prompt").conversation("c");
    let runtime = runtime.state_store(InMemoryStateStore::new());
    captured(async {
        if streamed {
            runtime.stream(&agent, (), input).finish().await.unwrap();
        } else {
            runtime.run(&agent, (), input).await.unwrap();
        }
    })
}

fn check(fields: &Fields, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(fields.get(*name).map(String::as_str), Some(*value), "{name} in {fields:?}");
    }
}

#[test]
fn a_run_has_spans_with_the_names_of_the_conventions_and_no_content() {
    for streamed in [false, true] {
        let spans = spans(Runtime::new(), streamed);
        let mut names: Vec<&str> = spans.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["chat", "chat", "execute_tool", "execute_tool", "invoke_agent"]);
        assert!(!format!("{spans:?}").contains("canary"), "{spans:?}");
        let find = |name: &str, last: bool| {
            let mut found = spans.iter().filter(|(span, _)| span == name).map(|(_, fields)| fields);
            if last { found.next_back().unwrap() } else { found.next().unwrap() }
        };
        check(
            find("invoke_agent", false),
            &[
                ("otel.name", "invoke_agent tester"),
                ("otel.kind", "internal"),
                ("gen_ai.operation.name", "invoke_agent"),
                ("gen_ai.agent.name", "tester"),
                ("gen_ai.provider.name", "scripted"),
                ("gen_ai.request.model", "scripted"),
                ("gen_ai.conversation.id", "c"),
                ("gen_ai.usage.input_tokens", "11"),
            ],
        );
        let chat = find("chat", true);
        check(
            chat,
            &[
                ("otel.kind", "client"),
                ("gen_ai.operation.name", "chat"),
                ("gen_ai.conversation.id", "c"),
                ("gen_ai.request.stream", if streamed { "true" } else { "false" }),
                ("gen_ai.response.id", "resp_1"),
                ("gen_ai.response.model", "scripted-1"),
                ("gen_ai.response.finish_reasons", "stop"),
                ("gen_ai.usage.input_tokens", "10"),
                ("gen_ai.usage.cache_read.input_tokens", "4"),
                ("gen_ai.usage.reasoning.output_tokens", "2"),
            ],
        );
        assert!(!chat.contains_key("gen_ai.usage.cache_creation.input_tokens"), "what is unknown is left out");
        assert_eq!(chat.contains_key("gen_ai.response.time_to_first_chunk"), streamed);
        let tool = |name: &str| {
            let of = |fields: &&Fields| fields.get("gen_ai.tool.name").is_some_and(|tool| tool == name);
            spans.iter().map(|(_, fields)| fields).find(of).unwrap()
        };
        check(tool("t"), &[("gen_ai.operation.name", "execute_tool"), ("gen_ai.tool.call.id", "call_1")]);
        assert!(!tool("t").contains_key("error.type"));
        check(tool("f"), &[("error.type", "failed"), ("otel.status_code", "ERROR")]);
    }
}

#[test]
fn content_is_in_spans_where_it_is_asked_for_without_secrets() {
    let spans = spans(Runtime::new().trace_content(Redactor::new()), false);
    let shown = format!("{spans:?}");
    assert!(shown.contains("canary prompt") && shown.contains("canary answer") && !shown.contains("hidden"), "{shown}");
}

/// The span of a model call that nobody answers.
fn chat_of(model: impl Model) -> Fields {
    let agent: Agent = Agent::builder("tester").model(model).build().unwrap();
    let spans = captured(async { drop(Runtime::new().run(&agent, (), "go").await.unwrap_err()) });
    spans.into_iter().find(|(name, _)| name == "chat").unwrap().1
}

#[test]
fn a_model_call_names_where_it_goes_and_nothing_of_the_path() {
    let never = RetryPolicy::never;
    let fields = [
        chat_of(
            OpenAiResponses::new("gpt-5.5")
                .api_key("k")
                .base_url("http://127.0.0.1:9/canary")
                .context_window(8_000)
                .retry(never()),
        ),
        chat_of(
            OpenAiChat::new("gpt-5.5")
                .api_key("k")
                .base_url("http://127.0.0.1:9/canary")
                .context_window(8_000)
                .retry(never()),
        ),
        chat_of(
            Gemini::new("gemini-2.5-flash")
                .api_key("k")
                .base_url("http://127.0.0.1:9/canary")
                .context_window(8_000)
                .retry(never()),
        ),
        chat_of(Fallback::new(
            Anthropic::new("claude-sonnet-4-5")
                .api_key("k")
                .base_url("http://127.0.0.1:9/canary")
                .context_window(8_000)
                .retry(never()),
        )),
    ];
    for fields in fields {
        check(&fields, &[("server.address", "127.0.0.1"), ("server.port", "9"), ("otel.status_code", "ERROR")]);
        assert!(!format!("{fields:?}").contains("canary"), "{fields:?}");
    }
    let known = |model: &dyn Fn() -> Option<runlet::model::Endpoint>| model().map(|end| (end.address, end.port));
    let own = || OpenAiResponses::new("gpt-5.5").api_key("k").endpoint();
    assert_eq!(known(&own), Some(("api.openai.com".to_owned(), 443)));
    let six = || OpenAiResponses::new("m").api_key("k").base_url("http://[::1]:8080/v1").endpoint();
    assert_eq!(known(&six), Some(("::1".to_owned(), 8080)));
    assert_eq!(ScriptedModel::new().endpoint(), None);
}

#[test]
fn a_failed_model_call_says_how_it_failed() {
    let agent = agent(&ScriptedModel::new().fail(Error::new(ErrorKind::Model, "canary")), []);
    let spans = captured(async { drop(Runtime::new().run(&agent, (), "go").await.unwrap_err()) });
    assert_eq!(spans.len(), 2);
    for (_, fields) in &spans {
        check(fields, &[("error.type", "model_error"), ("otel.status_code", "ERROR")]);
    }
    assert!(!format!("{spans:?}").contains("canary"));
}

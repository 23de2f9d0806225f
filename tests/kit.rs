//! What the tests of runs share: tools made of closures, models that take their time, and a journal of what happened.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use runlet::context::CallInfo;
use runlet::model::{Capabilities, Model, ModelEvent, ModelResponse, ModelStream, PreparedRequest, StopReason};
use runlet::schema::Schema;
use runlet::testing::ScriptedModel;
use runlet::tool::{Arguments, Effect, ToolFuture, ToolOutput, ToolSpec};
use runlet::{Agent, Context, Error, ErrorKind, Message, Part, Result, Role, Tool, ToolCall, ToolError};
use serde_json::json;

/// What a closure tool gives.
type Given = Pin<Box<dyn Future<Output = Result<String, ToolError>> + Send>>;

/// A tool that runs a closure on its surroundings and the model's JSON.
#[derive(Clone)]
pub(crate) struct Stub {
    spec: ToolSpec,
    body: Arc<dyn Fn(CallInfo, String) -> Given + Send + Sync>,
}

impl Stub {
    /// A tool of any arguments.
    pub(crate) fn new<F>(name: &'static str, body: impl Fn(CallInfo, String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String, ToolError>> + Send + 'static,
    {
        let schema = Schema::from_value(json!({ "type": "object" })).unwrap();
        let body = Arc::new(move |info, arguments| -> Given { Box::pin(body(info, arguments)) });
        Self { spec: ToolSpec::new(name, "", schema), body }
    }

    /// A tool that writes its beginning and its end into a journal and takes a while between.
    pub(crate) fn slow(name: &'static str, journal: &Journal, millis: u64) -> Self {
        let journal = journal.clone();
        Self::new(name, move |_, _| {
            let journal = journal.clone();
            async move {
                journal.note(format!("{name}+"));
                tokio::time::sleep(Duration::from_millis(millis)).await;
                journal.note(format!("{name}-"));
                Ok(format!("{name} done"))
            }
        })
    }

    /// A tool that fails in the given way.
    pub(crate) fn failing(name: &'static str, error: fn() -> ToolError) -> Self {
        Self::new(name, move |_, _| async move { Err(error()) })
    }

    /// A tool that gives back its arguments.
    pub(crate) fn echo(name: &'static str) -> Self {
        Self::new(name, |_, arguments| async move { Ok(arguments) })
    }

    /// Changes what the runtime is told of the tool.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut ToolSpec)) -> Self {
        change(&mut self.spec);
        self
    }

    /// Says that the tool only reads.
    pub(crate) fn read(self) -> Self {
        self.with(|spec| spec.effect = Effect::Read)
    }
}

impl<D: Send + Sync + 'static> Tool<D> for Stub {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call<'a>(&'a self, context: &'a Context<D>, arguments: Arguments<'a>) -> ToolFuture<'a> {
        let given = (self.body)(context.info().clone(), arguments.json().to_owned());
        Box::pin(async move { given.await.map(ToolOutput::text) })
    }
}

/// What happened, in order. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub(crate) fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A model that streams its answers piece by piece, with a pause before each.
#[derive(Clone)]
pub(crate) struct Paced {
    answers: Arc<Mutex<VecDeque<Vec<Result<ModelEvent>>>>>,
    requests: Arc<Mutex<usize>>,
    pause: Duration,
}

impl Paced {
    pub(crate) fn new(millis: u64) -> Self {
        Self { answers: Arc::default(), requests: Arc::default(), pause: Duration::from_millis(millis) }
    }

    pub(crate) fn answer(self, response: ModelResponse) -> Self {
        self.events(ModelEvent::of_response(response).into_iter().map(Ok))
    }

    pub(crate) fn events(self, events: impl IntoIterator<Item = Result<ModelEvent>>) -> Self {
        self.answers.lock().unwrap().push_back(events.into_iter().collect());
        self
    }

    /// How many requests there were.
    pub(crate) fn asked(&self) -> usize {
        *self.requests.lock().unwrap()
    }

    fn take(&self) -> Result<Vec<Result<ModelEvent>>> {
        *self.requests.lock().unwrap() += 1;
        let next = self.answers.lock().unwrap().pop_front();
        next.ok_or_else(|| Error::new(ErrorKind::Model, "the script has ended"))
    }
}

impl Model for Paced {
    fn provider(&self) -> &'static str {
        "paced"
    }

    fn name(&self) -> &'static str {
        "paced-1"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new().context_window(128_000).with_tools()
    }

    async fn complete(&self, _: PreparedRequest) -> Result<ModelResponse> {
        let events = self.take()?;
        for event in events {
            tokio::time::sleep(self.pause).await;
            if let ModelEvent::Completed(response) = event? {
                return Ok(*response);
            }
        }
        Err(Error::new(ErrorKind::Model, "the script has no completed answer"))
    }

    async fn stream(&self, _: PreparedRequest) -> Result<ModelStream> {
        let (events, pause) = (self.take()?, self.pause);
        tokio::time::sleep(pause).await;
        Ok(ModelStream::new(stream::iter(events).then(move |event| async move {
            tokio::time::sleep(pause).await;
            event
        })))
    }
}

/// An agent of a model and tools.
pub(crate) fn agent(model: &ScriptedModel, tools: impl IntoIterator<Item = Stub>) -> Agent {
    let builder = Agent::builder("tester").model(model.clone());
    tools.into_iter().fold(builder, runlet::agent::AgentBuilder::tool).build().unwrap()
}

/// An answer of one text.
pub(crate) fn text(text: &str) -> ModelResponse {
    ModelResponse::new(Message::assistant(text), StopReason::EndTurn)
}

/// An answer of tool calls, each an id, a name and JSON.
pub(crate) fn calls(calls: &[(&str, &str, &str)]) -> ModelResponse {
    let parts = calls.iter().map(|(id, name, arguments)| Part::tool_call(ToolCall::new(*id, *name, *arguments)));
    ModelResponse::new(Message::new(Role::Assistant, parts.collect()), StopReason::ToolCalls)
}

/// The messages in short: roles, texts, calls and results.
pub(crate) fn brief(messages: &[runlet::message::SharedMessage]) -> Vec<String> {
    messages.iter().map(|message| brief_message(message)).collect()
}

fn brief_message(message: &Message) -> String {
    let parts: Vec<String> = message
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some(text.text.clone()),
            Part::ToolCall(call) => Some(format!("{} = {}({})", call.id, call.name, call.arguments)),
            Part::ToolResult(result) => {
                let mark = if result.is_error { "!" } else { ":" };
                Some(format!("{}{mark} {}", result.call_id, result.as_text()))
            }
            _ => None,
        })
        .collect();
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    format!("{role} | {}", parts.join(" | "))
}

/// The texts of all tool results, in order.
pub(crate) fn results(messages: &[runlet::message::SharedMessage]) -> Vec<String> {
    messages.iter().flat_map(|message| message.tool_results().map(runlet::ToolResult::as_text)).collect()
}

/// Asserts what must hold of every transcript: each call has exactly one result, in call order, right after it.
pub(crate) fn assert_whole(messages: &[runlet::message::SharedMessage]) {
    let mut open: Vec<String> = Vec::new();
    for message in messages {
        let results: Vec<String> = message.tool_results().map(|result| result.call_id.clone()).collect();
        assert_eq!(results, open, "each call has one result, in call order");
        open = message.tool_calls().map(|call| call.id.clone()).collect();
    }
    assert!(open.is_empty(), "calls without a result: {open:?}");
}

/// Runs a future on a clock that stands still until everything waits.
pub(crate) fn on_paused_clock<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(future)
}

/// Lets every task that can go on do so, without any time passing.
pub(crate) async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

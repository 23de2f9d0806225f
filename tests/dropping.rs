//! Runs that are dropped wherever they wait: in a hook, in a compressor, between two tries of a request.

use std::time::Duration;

use futures_util::StreamExt;
use runlet::budget::{Compressor, ContextPolicy, DropOldestTurns, Need};
use runlet::error::{ProviderError, ProviderErrorCategory};
use runlet::event::EventKind;
use runlet::hook::{
    Hook, HookContext, ModelFailure, ModelRecovery, ModelVerdict, Next, RunEnd, StateOperation, StateOutcome,
    ToolFailure, ToolRecovery, ToolVerdict,
};
use runlet::message::Messages;
use runlet::model::{ModelResponse, PreparedRequest};
use runlet::provider::{OpenAiResponses, RetryPolicy};
use runlet::state::{InMemoryStateStore, StateScope, StateStore, Stored};
use runlet::{
    Agent, Error, ErrorKind, Input, Message, ModelRequest, Result, Runtime, ToolCall, ToolError, ToolPolicy, ToolResult,
};
use serde_json::{Value, json};

use crate::kit::{Journal, Paced, Stub, calls, settle, text};
use crate::runtime::poll_and_drop;
use crate::wire::loopback::{Loopback, Reply};

/// Takes a while wherever the loop asks it, and notes that it began.
#[derive(Clone)]
struct Slow(Journal);

impl Slow {
    async fn wait(&self, at: &str) {
        self.0.note(at);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    /// Waits before and after what it surrounds.
    async fn surround<T: Clone>(&self, at: &str, next: Next<'_, T>) -> Result<T> {
        self.wait(&format!("around {at}")).await;
        let outcome = next.run().await;
        self.wait(&format!("out of {at}")).await;
        outcome
    }
}

impl Hook for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    async fn before_run(&self, _: &HookContext, _: &Messages) -> Result<()> {
        self.wait("before run").await;
        Ok(())
    }

    async fn around_run(&self, _: &HookContext, next: Next<'_, ()>) -> Result<()> {
        self.surround("run", next).await
    }

    async fn after_run(&self, _: &HookContext, _: &RunEnd<'_>) -> Result<()> {
        self.wait("after run").await;
        Ok(())
    }

    async fn before_model_call(&self, _: &HookContext, _: &mut ModelRequest) -> Result<ModelVerdict> {
        self.wait("before model").await;
        Ok(ModelVerdict::Send)
    }

    async fn around_model_call(
        &self,
        _: &HookContext,
        _: &PreparedRequest,
        next: Next<'_, ModelResponse>,
    ) -> Result<ModelResponse> {
        self.surround("model", next).await
    }

    async fn on_model_error(&self, _: &HookContext, _: &ModelFailure) -> Result<ModelRecovery> {
        self.wait("model error").await;
        Ok(ModelRecovery::Retry { after: Duration::from_millis(20) })
    }

    async fn after_model_call(&self, _: &HookContext, _: &mut ModelResponse) -> Result<()> {
        self.wait("after model").await;
        Ok(())
    }

    async fn before_tool_call(&self, _: &HookContext, _: &mut ToolCall) -> Result<ToolVerdict> {
        self.wait("before tool").await;
        Ok(ToolVerdict::Run)
    }

    async fn around_tool_call(&self, _: &HookContext, _: &ToolCall, next: Next<'_, ToolResult>) -> Result<ToolResult> {
        self.surround("tool", next).await
    }

    async fn on_tool_error(&self, _: &HookContext, _: &ToolFailure<'_>) -> Result<ToolRecovery> {
        self.wait("tool error").await;
        Ok(ToolRecovery::Keep)
    }

    async fn after_tool_call(&self, _: &HookContext, _: &ToolCall, _: &mut ToolResult) -> Result<()> {
        self.wait("after tool").await;
        Ok(())
    }

    async fn before_state_operation(&self, _: &HookContext, operation: &mut StateOperation) -> Result<()> {
        self.wait(&format!("before {}", name_of(operation))).await;
        Ok(())
    }

    async fn around_state_operation(
        &self,
        _: &HookContext,
        operation: &StateOperation,
        next: Next<'_, StateOutcome>,
    ) -> Result<StateOutcome> {
        self.surround(name_of(operation), next).await
    }

    async fn on_state_error(&self, _: &HookContext, operation: &StateOperation, _: &Error) -> Result<()> {
        self.wait(&format!("{} error", name_of(operation))).await;
        Ok(())
    }

    async fn after_state_operation(
        &self,
        _: &HookContext,
        operation: &StateOperation,
        _: &mut Option<Stored>,
    ) -> Result<()> {
        self.wait(&format!("after {}", name_of(operation))).await;
        Ok(())
    }

    async fn before_compression(&self, _: &HookContext, _: &Messages) -> Result<()> {
        self.wait("before compression").await;
        Ok(())
    }

    async fn around_compression(
        &self,
        _: &HookContext,
        _: &Messages,
        next: Next<'_, Option<Messages>>,
    ) -> Result<Option<Messages>> {
        self.surround("compression", next).await
    }

    async fn after_compression(&self, _: &HookContext, _: &mut Messages) -> Result<()> {
        self.wait("after compression").await;
        Ok(())
    }
}

fn name_of(operation: &StateOperation) -> &'static str {
    match operation {
        StateOperation::Load { .. } => "load",
        StateOperation::Save { .. } => "save",
        _ => "delete",
    }
}

/// A store that takes a while, and loses its connection at the key `lost`.
struct SlowStore(Slow, InMemoryStateStore);

impl StateStore for SlowStore {
    async fn load(&self, scope: &StateScope, key: &str) -> Result<Option<Stored>> {
        self.0.wait(&format!("load {key}")).await;
        if key == "lost" { Err(Error::new(ErrorKind::State, "gone")) } else { self.1.load(scope, key).await }
    }

    async fn save(&self, scope: &StateScope, key: &str, value: Value, over: Option<u64>) -> Result<u64> {
        self.0.wait(&format!("save {key}")).await;
        self.1.save(scope, key, value, over).await
    }

    async fn delete(&self, scope: &StateScope, key: &str) -> Result<()> {
        self.0.wait(&format!("delete {key}")).await;
        self.1.delete(scope, key).await
    }
}

/// A tool that uses the store in every way, and fails in the end.
fn keeper(journal: &Journal) -> Stub {
    let journal = journal.clone();
    Stub::new("keep", move |info, _| {
        let journal = journal.clone();
        async move {
            journal.note("keep+");
            let scope = StateScope::User("ada".to_owned());
            info.load_state(&scope, "lost").await.ok();
            let version = info.save_state(&scope, "kept", json!(1), None).await;
            info.delete_state(&scope, "kept").await.ok();
            Err(ToolError::failed(format!("{}", version.is_ok())))
        }
    })
}

impl Compressor for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    async fn compress(&self, messages: &Messages, need: Need) -> Result<Option<Messages>> {
        self.wait("compress").await;
        DropOldestTurns::new().compress(messages, need).await
    }
}

/// A talk that is too long, so that it is compressed before it is sent.
fn long_talk() -> Vec<Message> {
    let words = "something that was said ".repeat(60);
    let turn = |_| [Message::user(words.clone()), Message::assistant(words.clone())];
    (0..12).flat_map(turn).chain([Message::user("go")]).collect()
}

/// Drops a run after each number of polls in turn. Afterwards nothing begins: no request, no hook, no compressor, no tool,
/// no operation on the store but those of a tool that is in its grace.
async fn check_dropped(streamed: bool) {
    let (mut polls, mut ended, mut began) = (0, false, Vec::new());
    while !ended {
        let (journal, model) = (Journal::default(), Paced::new(10));
        let model = model
            .answer(calls(&[("a", "write", "{}"), ("b", "keep", "{}")]))
            .events([Err(ProviderError::new("paced", ProviderErrorCategory::Overloaded, "busy").into())])
            .answer(text("done"));
        let slow = Slow(journal.clone());
        let agent: Agent = Agent::builder("tester")
            .model(model.clone())
            .tool(Stub::slow("write", &journal, 30))
            .tool(keeper(&journal))
            .tool_policy(ToolPolicy::new().grace(Duration::ZERO))
            .context(ContextPolicy::new().max_context_tokens(3_000).reserved_output_tokens(50).compress(slow.clone()))
            .build()
            .unwrap();
        let store = SlowStore(slow.clone(), InMemoryStateStore::new());
        let runtime = Runtime::new().hook(slow).state_store(store);
        let input = || Input::from(long_talk()).conversation("c");
        ended = if streamed {
            poll_and_drop(runtime.stream(&agent, (), input()).for_each(|_| async {}), polls).await
        } else {
            poll_and_drop(runtime.run(&agent, (), input()), polls).await
        };
        settle().await;
        let (asked, before) = (model.asked(), begun(&journal));
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!((model.asked(), begun(&journal)), (asked, before.clone()), "after {polls} polls");
        began = before;
        polls += 1;
    }
    for point in POINTS {
        assert!(began.iter().any(|line| line == point), "the whole run came to {point}: {began:?}");
    }
    assert!(polls > 50, "the run was dropped at only {polls} points");
}

/// Where a run waits.
const POINTS: [&str; 36] = [
    "before run",
    "around run",
    "before load",
    "around load",
    "load messages",
    "out of load",
    "after load",
    "before model",
    "before compression",
    "around compression",
    "compress",
    "out of compression",
    "after compression",
    "around model",
    "out of model",
    "model error",
    "after model",
    "before tool",
    "around tool",
    "write+",
    "keep+",
    "load lost",
    "load error",
    "save kept",
    "delete kept",
    "after delete",
    "out of tool",
    "tool error",
    "after tool",
    "before save",
    "around save",
    "save messages",
    "out of save",
    "after save",
    "out of run",
    "after run",
];

/// What began. A tool that is cancelled still has its grace to end in.
fn begun(journal: &Journal) -> Vec<String> {
    journal.lines().into_iter().filter(|line| !line.ends_with('-')).collect()
}

#[tokio::test(start_paused = true)]
async fn row_66_a_run_dropped_in_a_hook_or_a_compressor_goes_no_further() {
    check_dropped(false).await;
}

#[tokio::test(start_paused = true)]
async fn row_67_a_stream_dropped_in_a_hook_or_a_compressor_goes_no_further() {
    check_dropped(true).await;
}

#[tokio::test]
async fn row_67_a_stream_dropped_before_the_next_try_sends_no_other() {
    let server = Loopback::start().await;
    server.reply(Reply::new(503, "application/json", "{}"));
    let long = Duration::from_secs(30);
    let model = OpenAiResponses::new("gpt-5.5")
        .api_key("k")
        .base_url(server.url("/v1"))
        .retry(RetryPolicy::new().backoff(long, long));
    let agent: Agent = Agent::builder("tester").model(model).build().unwrap();
    let mut stream = Runtime::new().stream(&agent, (), "go");
    while let Some(event) = stream.next().await {
        if matches!(event.kind, EventKind::ModelRetrying { .. }) {
            break;
        }
    }
    drop(stream);
    assert!(server.received().is_some(), "the first try");
    // No real time passes, and whatever waits for it goes on.
    tokio::time::pause();
    tokio::time::advance(Duration::from_hours(1)).await;
    settle().await;
    assert!(server.received().is_none(), "another try after the stream was dropped");
}

//! Runs that are dropped wherever they wait: in a hook, in a compressor, between two tries of a request.

use std::time::Duration;

use futures_util::StreamExt;
use runlet::budget::{Compressor, ContextPolicy, DropOldestTurns, Need};
use runlet::event::EventKind;
use runlet::hook::{Hook, HookContext, ModelVerdict, Next, ToolVerdict};
use runlet::message::Messages;
use runlet::model::{ModelResponse, PreparedRequest};
use runlet::provider::{OpenAiResponses, RetryPolicy};
use runlet::{Agent, Message, ModelRequest, Result, Runtime, ToolCall, ToolResult};

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
}

impl Hook for Slow {
    fn name(&self) -> &str {
        "slow"
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
        self.wait("around model").await;
        next.run().await
    }

    async fn after_model_call(&self, _: &HookContext, _: &mut ModelResponse) -> Result<()> {
        self.wait("after model").await;
        Ok(())
    }

    async fn before_tool_call(&self, _: &HookContext, _: &mut ToolCall) -> Result<ToolVerdict> {
        self.wait("before tool").await;
        Ok(ToolVerdict::Run)
    }

    async fn after_tool_call(&self, _: &HookContext, _: &ToolCall, _: &mut ToolResult) -> Result<()> {
        self.wait("after tool").await;
        Ok(())
    }
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

/// Drops a run after each number of polls in turn. Afterwards nothing begins: no request, no hook, no compressor, no tool.
async fn check_dropped(streamed: bool) {
    let (mut polls, mut ended, mut began) = (0, false, Vec::new());
    while !ended {
        let (journal, model) = (Journal::default(), Paced::new(10));
        let model = model.answer(calls(&[("a", "write", "{}"), ("b", "write", "{}")])).answer(text("done"));
        let slow = Slow(journal.clone());
        let agent: Agent = Agent::builder("tester")
            .model(model.clone())
            .tool(Stub::slow("write", &journal, 30))
            .context(ContextPolicy::new().max_context_tokens(3_000).reserved_output_tokens(50).compress(slow.clone()))
            .build()
            .unwrap();
        let runtime = Runtime::new().hook(slow);
        ended = if streamed {
            poll_and_drop(runtime.stream(&agent, (), long_talk()).for_each(|_| async {}), polls).await
        } else {
            poll_and_drop(runtime.run(&agent, (), long_talk()), polls).await
        };
        settle().await;
        let (asked, before) = (model.asked(), begun(&journal));
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!((model.asked(), begun(&journal)), (asked, before.clone()), "after {polls} polls");
        began = before;
        polls += 1;
    }
    for point in ["compress", "before model", "around model", "after model", "before tool", "write+", "after tool"] {
        assert!(began.iter().any(|line| line == point), "the whole run came to {point}: {began:?}");
    }
    assert!(polls > 10, "the run was dropped at only {polls} points");
}

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

//! Hooks at the edges: what they let go of, what they make of results, and what goes on beside one that fails.

use std::time::Duration;

use runlet::event::{EventKind, EventLog};
use runlet::hook::{Hook, HookContext, HookPolicy, Next, ToolVerdict};
use runlet::model::{ModelResponse, PreparedRequest};
use runlet::testing::ScriptedModel;
use runlet::tool::ToolErrorKind;
use runlet::{Error, ErrorKind, Result, Runtime, ToolCall, ToolError, ToolResult};
use serde_json::json;

use crate::kit::{Journal, Stub, agent, assert_whole, results};

/// Waits a second for the model, lets go of it and never comes back.
struct LetsGo;

impl Hook for LetsGo {
    fn name(&self) -> &str {
        "lets_go"
    }

    async fn around_model_call(
        &self,
        _: &HookContext,
        _: &PreparedRequest,
        next: Next<'_, ModelResponse>,
    ) -> Result<ModelResponse> {
        tokio::time::timeout(Duration::from_secs(1), next.run()).await.ok();
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn row_71_the_deadline_of_a_hook_goes_on_when_it_lets_go_of_what_it_surrounds() {
    let began = tokio::time::Instant::now();
    let runtime = Runtime::new().hook_with(LetsGo, HookPolicy::new().timeout(Duration::from_secs(4)));
    let error = runtime.run(&agent(&ScriptedModel::new().silence(), []), (), "go").await.unwrap_err();
    assert_eq!(error.to_string(), "hook `lets_go` took longer than 4000 ms in around_model_call");
    assert_eq!(began.elapsed().as_secs(), 5, "the second that the model had is not the hook's");
}

/// Turns what a call gave into its opposite.
struct Flips;

impl Hook for Flips {
    fn name(&self) -> &str {
        "flips"
    }

    async fn after_tool_call(&self, _: &HookContext, _: &ToolCall, result: &mut ToolResult) -> Result<()> {
        result.is_error = !result.is_error;
        Ok(())
    }
}

#[tokio::test]
async fn what_hooks_make_of_a_result_is_how_its_call_ended() {
    let calls = [("fine", json!({})), ("broken", json!({})), ("fatal", json!({}))];
    let model = ScriptedModel::new().tool_calls(calls).text("done");
    let tools = [
        Stub::echo("fine"),
        Stub::failing("broken", || ToolError::failed("no")),
        Stub::failing("fatal", || ToolError::fatal("the shop burnt down")),
    ];
    let log = EventLog::new();
    let done = Runtime::new().event_log(&log).hook(Flips).run(&agent(&model, tools), (), "go").await.unwrap();
    let errors: Vec<bool> =
        done.messages.iter().flat_map(|message| message.tool_results().map(|result| result.is_error)).collect();
    assert_eq!(errors, [true, false, false]);
    let ended = |event: runlet::event::Event| match event.kind {
        EventKind::ToolCompleted { call, .. } => Some((call.index, None)),
        EventKind::ToolFailed { call, kind, .. } => Some((call.index, Some(kind))),
        _ => None,
    };
    let mut ended: Vec<_> = log.events().into_iter().filter_map(ended).collect();
    ended.sort_by_key(|(index, _)| *index);
    assert_eq!(ended, [(0, Some(ToolErrorKind::Failed)), (1, None), (2, None)]);
}

/// Fails before calls of `vetoed`, a moment after they were asked for.
struct Vetoes;

impl Hook for Vetoes {
    fn name(&self) -> &str {
        "vetoes"
    }

    async fn before_tool_call(&self, _: &HookContext, call: &mut ToolCall) -> Result<ToolVerdict> {
        if call.name == "vetoed" {
            tokio::time::sleep(Duration::from_millis(5)).await;
            return Err(Error::new(ErrorKind::Hook, "no"));
        }
        Ok(ToolVerdict::Run)
    }
}

#[tokio::test(start_paused = true)]
async fn row_64_a_hook_that_fails_the_run_lets_the_calls_that_run_come_to_their_end() {
    let journal = Journal::default();
    let mut calls = vec![("slow", json!({})), ("vetoed", json!({}))];
    calls.extend(vec![("slow", json!({})); 10]);
    let model = ScriptedModel::new().tool_calls(calls).text("never");
    let tools = [Stub::slow("slow", &journal, 50), Stub::echo("vetoed")];
    let error = Runtime::new().hook(Vetoes).run(&agent(&model, tools), (), "go").await.unwrap_err();
    assert_eq!((error.kind(), model.requests().len()), (ErrorKind::Hook, 1));
    let lines = journal.lines();
    let count = |line: &str| lines.iter().filter(|other| *other == line).count();
    assert_eq!((count("slow+"), count("slow-")), (7, 7), "those beside it, and none after it");
    assert_whole(&error.report().messages);
    let told = results(&error.report().messages);
    assert_eq!(told.iter().filter(|text| *text == "slow done").count(), 7, "what they did is kept");
}

//! Hooks around and after what they surround: their order, what they may replace, and guards, which nothing passes by.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use runlet::event::{EventKind, EventLog};
use runlet::hook::{
    Guard, Hook, HookContext, HookPolicy, ModelFailure, ModelRecovery, ModelVerdict, Next, RunEnd, StateOperation,
    StateOutcome, ToolFailure, ToolRecovery, ToolVerdict, Verdict,
};
use runlet::model::{ModelRequest, ModelResponse, PreparedRequest};
use runlet::state::InMemoryStateStore;
use runlet::testing::ScriptedModel;
use runlet::tool::ToolOutput;
use runlet::{Agent, Error, ErrorKind, Input, Messages, Result, Runtime, ToolCall, ToolError, ToolResult};
use serde_json::json;

use crate::kit::{Journal, Stub, agent, results, text};

/// Writes down where it is called, and surrounds everything.
struct Notes(&'static str, Journal);

impl Notes {
    fn note(&self, point: &str) {
        self.1.note(format!("{} {point}", self.0));
    }
}

impl Hook for Notes {
    fn name(&self) -> &str {
        self.0
    }

    async fn before_model_call(&self, _: &HookContext, _: &mut ModelRequest) -> Result<ModelVerdict> {
        self.note("before model");
        Ok(ModelVerdict::Send)
    }

    async fn around_model_call(
        &self,
        _: &HookContext,
        _: &PreparedRequest,
        next: Next<'_, ModelResponse>,
    ) -> Result<ModelResponse> {
        self.note("model+");
        let answered = next.run().await;
        self.note("model-");
        answered
    }

    async fn on_model_error(&self, _: &HookContext, _: &ModelFailure) -> Result<ModelRecovery> {
        self.note("model error");
        Ok(ModelRecovery::Fail)
    }

    async fn after_model_call(&self, _: &HookContext, _: &mut ModelResponse) -> Result<()> {
        self.note("after model");
        Ok(())
    }

    async fn around_tool_call(&self, _: &HookContext, _: &ToolCall, next: Next<'_, ToolResult>) -> Result<ToolResult> {
        self.note("tool+");
        let result = next.run().await;
        self.note("tool-");
        result
    }

    async fn on_tool_error(&self, _: &HookContext, _: &ToolFailure<'_>) -> Result<ToolRecovery> {
        self.note("tool error");
        Ok(ToolRecovery::Keep)
    }

    async fn around_state_operation(
        &self,
        _: &HookContext,
        _: &StateOperation,
        next: Next<'_, StateOutcome>,
    ) -> Result<StateOutcome> {
        self.note("state+");
        let outcome = next.run().await;
        self.note("state-");
        outcome
    }

    async fn on_state_error(&self, _: &HookContext, _: &StateOperation, _: &Error) -> Result<()> {
        self.note("state error");
        Ok(())
    }

    async fn before_run(&self, _: &HookContext, _: &Messages) -> Result<()> {
        self.note("before run");
        Ok(())
    }

    async fn around_run(&self, _: &HookContext, next: Next<'_, ()>) -> Result<()> {
        self.note("run+");
        let ended = next.run().await;
        self.note(if ended.is_ok() { "run-" } else { "run!" });
        ended
    }

    async fn on_run_error(&self, _: &HookContext, _: &RunEnd<'_>, error: &Error) -> Result<()> {
        self.note(&format!("run error {}", error.kind().code()));
        Ok(())
    }

    async fn after_run(&self, _: &HookContext, end: &RunEnd<'_>) -> Result<()> {
        self.note(&format!("after run {}", end.answer.unwrap_or("-")));
        Ok(())
    }
}

#[tokio::test]
async fn work_is_surrounded_by_the_first_hook_outermost_and_errors_and_ends_go_out_in_reverse() {
    let journal = Journal::default();
    let runtime = Runtime::new().hook(Notes("a", journal.clone())).hook(Notes("b", journal.clone()));
    let model = ScriptedModel::new().tool_call("t", json!({})).text("done");
    let failing = Stub::failing("t", || ToolError::failed("no"));
    runtime.run(&agent(&model, [failing]), (), "go").await.unwrap();
    let model_call = ["a before model", "b before model", "a model+", "b model+", "b model-", "a model-"];
    let expected = [
        &["a before run", "b before run", "a run+", "b run+"][..],
        &model_call[..],
        &["b after model", "a after model"][..],
        &["a tool+", "b tool+", "b tool-", "a tool-", "b tool error", "a tool error"][..],
        &model_call[..],
        &["b after model", "a after model", "b run-", "a run-", "b after run done", "a after run done"][..],
    ];
    assert_eq!(journal.lines(), expected.concat());
}

#[tokio::test]
async fn failures_are_shown_to_the_hooks_of_their_point_and_of_the_run() {
    let journal = Journal::default();
    let runtime = Runtime::new().hook(Notes("h", journal.clone()));
    let model = ScriptedModel::new().fail(Error::new(ErrorKind::Model, "down"));
    runtime.run(&agent(&model, []), (), "go").await.unwrap_err();
    let tail = ["h model+", "h model-", "h model error", "h run!", "h run error model_error"];
    assert!(journal.lines().ends_with(&tail.map(str::to_owned)), "{:?}", journal.lines());
    let journal = Journal::default();
    let store = InMemoryStateStore::new();
    let scope = runlet::state::StateScope::Conversation("c".into());
    runlet::state::StateStore::save(&store, &scope, "messages", json!(3), None).await.unwrap();
    let stub = Stub::new("t", |info, _| async move {
        info.save_state(&runlet::state::StateScope::User("u".into()), "k", json!(1), Some(7)).await.ok();
        Ok(String::new())
    });
    let runtime = Runtime::new().hook(Notes("h", journal.clone())).state_store(store);
    let model = ScriptedModel::new().tool_call("t", json!({})).text("done");
    runtime.run(&agent(&model, [stub]), (), "go").await.unwrap();
    let shown = journal.lines();
    let at = shown.iter().position(|line| line == "h state+").unwrap();
    assert_eq!(shown[at..at + 3], ["h state+", "h state-", "h state error"]);
}

/// What a hook does about model calls.
#[derive(Clone, Copy, PartialEq)]
enum About {
    Skip,
    SkipAround,
    Replace,
    Veto,
    Retry,
    RespondOnError,
    Break,
    Hang,
}

struct Acts(About, Arc<AtomicU32>);

impl Hook for Acts {
    fn name(&self) -> &str {
        "acts"
    }

    async fn before_model_call(&self, _: &HookContext, _: &mut ModelRequest) -> Result<ModelVerdict> {
        Ok(match self.0 {
            About::Skip => ModelVerdict::respond(text("from the hook")),
            _ => ModelVerdict::Send,
        })
    }

    async fn around_model_call(
        &self,
        _: &HookContext,
        request: &PreparedRequest,
        next: Next<'_, ModelResponse>,
    ) -> Result<ModelResponse> {
        self.1.fetch_add(1, Ordering::Relaxed);
        assert!(request.bill().is_some());
        match self.0 {
            About::SkipAround => Ok(text("from the hook")),
            About::Replace => next.run().await.map(|_| text("from the hook")),
            About::Veto => Err(Error::new(ErrorKind::Hook, "no")),
            About::Break => {
                next.run().await?;
                panic!("canary")
            }
            About::Hang => {
                tokio::time::sleep(Duration::from_secs(9)).await;
                let answer = next.run().await;
                tokio::time::sleep(Duration::from_secs(9)).await;
                answer
            }
            _ => next.run().await,
        }
    }

    async fn on_model_error(&self, _: &HookContext, failure: &ModelFailure) -> Result<ModelRecovery> {
        assert_eq!(failure.may_retry, failure.attempt <= 3);
        Ok(match self.0 {
            About::Retry => ModelRecovery::Retry { after: Duration::from_secs(1) },
            About::RespondOnError => ModelRecovery::Respond(Box::new(text("from the hook"))),
            _ => ModelRecovery::Fail,
        })
    }
}

/// Runs a model under a hook, whole and streamed, and gives the answer or the error, the usage and the requests.
async fn under(about: About, policy: HookPolicy, model: fn() -> ScriptedModel) -> (String, Option<u64>, usize) {
    let mut seen = Vec::new();
    for streamed in [false, true] {
        let (model, log) = (model(), EventLog::new());
        let runtime = Runtime::new().event_log(&log).hook_with(Acts(about, Arc::default()), policy.clone());
        let agent = agent(&model, []);
        let ended = if streamed {
            runtime.stream(&agent, (), "go").finish().await
        } else {
            runtime.run(&agent, (), "go").await
        };
        let (said, usage) = match ended {
            Ok(result) => (result.output.clone(), result.usage),
            Err(error) => (error.to_string(), error.report().usage),
        };
        let events = log.events();
        assert!(events.iter().enumerate().all(|(place, event)| event.seq == place as u64), "dense");
        assert_eq!(events.iter().filter(|event| event.kind.is_terminal()).count(), 1);
        seen.push((said, usage.output_tokens, model.requests().len()));
    }
    assert_eq!(seen[0], seen[1], "whole and streamed are the same");
    seen.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_hook_skips_replaces_vetoes_and_recovers_model_calls() {
    async fn check(about: About, model: fn() -> ScriptedModel, expected: (&str, Option<u64>, usize)) {
        let (said, usage, requests) = under(about, HookPolicy::new(), model).await;
        assert_eq!((said.as_str(), usage, requests), expected);
    }
    let answers = || ScriptedModel::new().text("own answer");
    let fails = || {
        let down = || Error::new(ErrorKind::Model, "down");
        ScriptedModel::new().fail(down()).fail(down()).fail(down()).fail(down()).text("late")
    };
    let mends = || ScriptedModel::new().fail(Error::new(ErrorKind::Model, "down")).text("own answer");
    check(About::Skip, answers, ("from the hook", None, 0)).await;
    check(About::SkipAround, answers, ("from the hook", None, 0)).await;
    check(About::Replace, answers, ("from the hook", None, 1)).await;
    check(About::Veto, answers, ("hook `acts` failed in around_model_call: no", None, 0)).await;
    check(About::Break, answers, ("hook `acts` panicked in around_model_call", None, 1)).await;
    check(About::Retry, mends, ("own answer", Some(2), 2)).await;
    check(About::Retry, fails, ("down", None, 4)).await;
    check(About::RespondOnError, fails, ("from the hook", None, 1)).await;
    // Two waits of 9 seconds are more than 10: only what the hook itself took counts.
    check(About::Hang, answers, ("hook `acts` took longer than 10000 ms in around_model_call", None, 1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_hook_that_may_be_skipped_leaves_its_work_done_once() {
    for about in [About::Veto, About::Break, About::Hang] {
        let policy = HookPolicy::new().skip_on_failure();
        let seen = under(about, policy, || ScriptedModel::new().text("own answer")).await;
        assert_eq!(seen, ("own answer".to_owned(), Some(2), 1));
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Count {
    #[expect(dead_code, reason = "it is never read")]
    count: u32,
}

#[tokio::test]
async fn a_skipped_model_call_has_events_and_pieces_and_its_answer_is_checked() {
    let runtime = Runtime::new().hook(Acts(About::Skip, Arc::default()));
    let names: Vec<_> =
        runtime.stream(&agent(&ScriptedModel::new(), []), (), "go").map(|event| event.name()).collect().await;
    let expected = [
        "run.started",
        "step.started",
        "model.skipped",
        "model.stream.started",
        "model.stream.delta",
        "model.stream.completed",
        "model.completed",
        "step.completed",
        "run.completed",
    ];
    assert_eq!(names, expected);
    // An answer that does not fit the output type is no answer, whoever gives it.
    let agent: Agent<(), Count> = Agent::builder("tester").model(ScriptedModel::new()).build().unwrap();
    assert!(runtime.run(&agent, (), "go").await.is_err());
}

struct Answers;

impl Hook for Answers {
    fn name(&self) -> &str {
        "answers"
    }

    async fn before_tool_call(&self, _: &HookContext, call: &mut ToolCall) -> Result<ToolVerdict> {
        Ok(if call.name == "cached" { ToolVerdict::answer("from the hook") } else { ToolVerdict::Run })
    }

    async fn on_tool_error(&self, _: &HookContext, failure: &ToolFailure<'_>) -> Result<ToolRecovery> {
        Ok(match failure.call.name.as_str() {
            "broken" => ToolRecovery::Answer(ToolOutput::text("mended")),
            _ => ToolRecovery::Keep,
        })
    }
}

#[tokio::test]
async fn a_hook_answers_a_call_in_its_tools_place_and_mends_a_failed_one() {
    let journal = Journal::default();
    let calls = [("cached", json!({})), ("broken", json!({})), ("worse", json!({}))];
    let model = ScriptedModel::new().tool_calls(calls).text("done");
    let tools = [
        Stub::slow("cached", &journal, 0),
        Stub::failing("broken", || ToolError::failed("no")),
        Stub::failing("worse", || ToolError::failed("never")),
    ];
    let log = EventLog::new();
    let result = Runtime::new().event_log(&log).hook(Answers).run(&agent(&model, tools), (), "go").await.unwrap();
    assert_eq!(results(&result.messages), ["from the hook", "mended", "never"]);
    assert!(journal.lines().is_empty(), "the tool did not run");
    let failed: Vec<_> = log.events().into_iter().filter(|event| event.name() == "tool.failed").collect();
    assert_eq!(failed.len(), 1);
}

/// A guard that refuses at one point, or breaks there.
struct Refuses(&'static str, fn() -> Result<Verdict>);

impl Refuses {
    fn at(&self, point: &str) -> Result<Verdict> {
        if point == self.0 { (self.1)() } else { Ok(Verdict::Allow) }
    }
}

impl Guard for Refuses {
    fn name(&self) -> &str {
        "refuses"
    }

    async fn check_run(&self, _: &HookContext, _: &Messages) -> Result<()> {
        self.at("run").map(drop)
    }

    async fn check_model_call(&self, _: &HookContext, _: &PreparedRequest) -> Result<()> {
        self.at("model").map(drop)
    }

    async fn check_response(&self, _: &HookContext, _: &ModelResponse) -> Result<()> {
        self.at("response").map(drop)
    }

    async fn check_tool_call(&self, _: &HookContext, call: &ToolCall) -> Result<Verdict> {
        assert_eq!(call.arguments, "\"changed\"", "a guard sees what would run");
        self.at("tool")
    }

    async fn check_tool_result(&self, _: &HookContext, _: &ToolCall, _: &ToolResult) -> Result<()> {
        self.at("result").map(drop)
    }
}

struct Changes;

impl Hook for Changes {
    fn name(&self) -> &str {
        "changes"
    }

    async fn before_tool_call(&self, _: &HookContext, call: &mut ToolCall) -> Result<ToolVerdict> {
        "\"changed\"".clone_into(&mut call.arguments);
        Ok(ToolVerdict::Run)
    }

    async fn on_model_error(&self, _: &HookContext, _: &ModelFailure) -> Result<ModelRecovery> {
        Ok(ModelRecovery::Respond(Box::new(text("passed by"))))
    }
}

#[tokio::test]
async fn row_71_a_guard_fails_closed_wherever_and_however_it_breaks() {
    for (point, requests, runs) in
        [("run", 0, 0), ("model", 0, 0), ("response", 1, 0), ("tool", 1, 0), ("result", 1, 1)]
    {
        for refuse in [(|| Err(Error::new(ErrorKind::State, "down"))) as fn() -> _, || panic!("canary")] {
            let (journal, log) = (Journal::default(), EventLog::new());
            let model = ScriptedModel::new().tool_call("t", json!("own")).text("done");
            let agent: Agent = Agent::builder("tester")
                .model(model.clone())
                .tool(Stub::slow("t", &journal, 0))
                .hook_with(Changes, HookPolicy::new().skip_on_failure())
                .guard(Refuses(point, refuse))
                .build()
                .unwrap();
            let error = Runtime::new().event_log(&log).run(&agent, (), "go").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Hook, "{point}");
            assert!(!error.to_string().contains("canary"));
            assert_eq!((model.requests().len(), journal.lines().len() / 2), (requests, runs), "{point}");
            assert_eq!(log.names().iter().filter(|name| **name == "hook.failed").count(), 1);
        }
    }
}

#[tokio::test]
async fn a_guard_denies_a_call_and_the_model_reads_why() {
    let journal = Journal::default();
    let model = ScriptedModel::new().tool_call("t", json!("own")).text("done");
    let runtime = Runtime::new().hook(Changes).guard(Refuses("tool", || Ok(Verdict::deny("not yours"))));
    let result = runtime.run(&agent(&model, [Stub::slow("t", &journal, 0)]), (), "go").await.unwrap();
    assert_eq!(results(&result.messages), ["This call was not run: not yours"]);
    assert!(journal.lines().is_empty());
}

struct AtTheEnd(bool);

impl Hook for AtTheEnd {
    fn name(&self) -> &str {
        "at_the_end"
    }

    async fn around_run(&self, _: &HookContext, next: Next<'_, ()>) -> Result<()> {
        if self.0 { next.run().await } else { Ok(()) }
    }

    async fn after_run(&self, _: &HookContext, _: &RunEnd<'_>) -> Result<()> {
        Err(Error::new(ErrorKind::Hook, "not good enough"))
    }
}

#[tokio::test]
async fn a_hook_of_the_run_can_fail_it_and_cannot_answer_it() {
    for (runs, words, text) in [(true, "not good enough", "done"), (false, "did not run it to its end", "")] {
        let log = EventLog::new();
        let runtime = Runtime::new().event_log(&log).hook(AtTheEnd(runs));
        let error =
            runtime.run(&agent(&ScriptedModel::new().text("done"), []), (), Input::new("go")).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!((error.kind(), error.report().text.as_str()), (ErrorKind::Hook, text));
        let last = log.events().pop().unwrap();
        assert!(matches!(last.kind, EventKind::RunFailed { .. }));
    }
}

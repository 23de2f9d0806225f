//! Runs that are taken up again: they go on as they began.

use runlet::hook::{Hook, HookContext, ToolVerdict};
use runlet::run::{Decision, Run, RunStatus};
use runlet::state::{InMemoryStateStore, StateScope, StateStore};
use runlet::testing::ScriptedModel;
use runlet::{Agent, Input, Result, Runtime, ToolCall};
use serde_json::json;

use crate::kit::{Stub, agent, results};

/// A model that asks for one call of a tool that needs approval, and then says it is done.
fn asking() -> ScriptedModel {
    ScriptedModel::new().tool_call("ask", json!({ "euros": 1 })).text("done")
}

fn gated(model: &ScriptedModel) -> Agent {
    agent(model, [Stub::echo("ask").with(|spec| spec.approval = true)])
}

/// Runs until a person is asked, and gives the run as it is written down and read back.
async fn interrupted(runtime: &Runtime, agent: &Agent, input: Input) -> Run {
    let stopped = runtime.run(agent, (), input).await.expect_err("the run waits");
    assert_eq!(stopped.report().status, RunStatus::Interrupted);
    let written = serde_json::to_string(stopped.report().run()).unwrap();
    serde_json::from_str(&written).unwrap()
}

#[tokio::test]
async fn a_resumed_run_keeps_the_callers_request() {
    let (model, runtime) = (asking(), Runtime::new());
    let agent = gated(&model);
    let request = runlet::ModelRequest::new("go").instructions("Be brief.").option("openai", "store", false);
    let run = interrupted(&runtime, &agent, request.into()).await;
    runtime.resume(&agent, (), run, [(0, Decision::Approve)]).await.unwrap();
    for request in model.requests() {
        assert_eq!(request.instructions.as_deref(), Some("Be brief."));
        assert_eq!(request.options.of("openai").and_then(|options| options.get("store")), Some(&json!(false)));
    }
    assert_eq!(model.requests().len(), 2);
}

#[tokio::test]
async fn a_conversation_is_saved_when_its_run_has_gone_on_and_not_before() {
    let (model, store) = (asking(), InMemoryStateStore::new());
    let (agent, runtime) = (gated(&model), Runtime::new().state_store(store.clone()));
    let run = interrupted(&runtime, &agent, Input::new("go").conversation("ada")).await;
    let scope = StateScope::Conversation("ada".to_owned());
    assert!(store.load(&scope, "messages").await.unwrap().is_none());
    runtime.resume(&agent, (), run, [(0, Decision::Approve)]).await.unwrap();
    let saved = store.load(&scope, "messages").await.unwrap().expect("a conversation");
    assert_eq!(saved.value.as_array().map(Vec::len), Some(4));
}

/// Denies a call that asks for more than it may, and would rather change any other.
struct AtMostTen;

impl Hook for AtMostTen {
    fn name(&self) -> &str {
        "at_most_ten"
    }

    async fn before_tool_call(&self, _: &HookContext, call: &mut ToolCall) -> Result<ToolVerdict> {
        let arguments: serde_json::Value = serde_json::from_str(&call.arguments).unwrap_or_default();
        if arguments["euros"].as_i64() > Some(10) {
            return Ok(ToolVerdict::deny("at most ten euros"));
        }
        r#"{"euros":2}"#.clone_into(&mut call.arguments);
        Ok(ToolVerdict::Run)
    }
}

/// Resumes with edited arguments under the hook and compares what the model is told.
async fn check_edited(arguments: &str, expected: &str) {
    let (model, runtime) = (asking(), Runtime::new().hook(AtMostTen));
    let agent = gated(&model);
    let run = interrupted(&runtime, &agent, Input::new("go")).await;
    let decision = Decision::ApproveEdited { arguments: arguments.to_owned() };
    let done = runtime.resume(&agent, (), run, [(0, decision)]).await.unwrap();
    let told = results(&done.messages);
    assert!(told.iter().any(|text| text.contains(expected)), "{told:?}");
}

#[tokio::test]
async fn what_a_person_writes_passes_the_hooks_which_may_deny_it_but_not_change_it() {
    check_edited(r#"{"euros":7}"#, r#"{"euros":7}"#).await;
    check_edited(r#"{"euros":70}"#, "at most ten euros").await;
}

#[tokio::test]
async fn the_words_of_a_failing_tool_are_cut_like_an_output() {
    let model = ScriptedModel::new().tool_call("fail", json!({})).text("done");
    let stub = Stub::failing("fail", || runlet::ToolError::failed("x".repeat(10_000)));
    let agent = agent(&model, [stub.with(|spec| spec.max_output = Some(100))]);
    let done = Runtime::new().run(&agent, (), "go").await.unwrap();
    let told = results(&done.messages).concat();
    assert!(told.len() < 300 && told.contains("9900 bytes"), "{told}");
}

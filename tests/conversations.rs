//! Conversations by id: what is kept, who loses when two write, and stores that do not answer.

use std::collections::HashSet;
use std::time::Duration;

use runlet::event::{Event, EventLog, EventReplay, ObserverPolicy};
use runlet::hook::{Guard, HookContext, StateOperation};
use runlet::state::{InMemoryStateStore, StateConflict, StateScope, StateStore, Stored};
use runlet::testing::ScriptedModel;
use runlet::{Error, ErrorKind, Input, Message, Result, Runtime, ToolError};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::kit::{Stub, agent, brief};

#[tokio::test]
async fn a_conversation_goes_on_from_run_to_run_and_can_be_read_and_cleared() {
    let chat = Runtime::new().state_store(InMemoryStateStore::new()).conversation("c");
    let agent = agent(&ScriptedModel::new().text("one").text("two"), []);
    chat.run(&agent, (), "first").await.unwrap();
    let second = chat.stream(&agent, (), "second").finish().await.unwrap();
    assert_eq!(brief(second.turn()), ["user | second", "assistant | two"]);
    let expected = ["user | first", "assistant | one", "user | second", "assistant | two"];
    assert_eq!(brief(&chat.history().await.unwrap()), expected);
    assert_eq!(chat.append([Message::user("third")]).await.unwrap(), 3);
    assert_eq!(chat.history().await.unwrap().len(), 5);
    chat.clear().await.unwrap();
    assert!(chat.history().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_loser_of_two_writers_is_told_by_type_and_can_add_its_turn() {
    let runtime = Runtime::new().state_store(InMemoryStateStore::new());
    let chat = runtime.conversation("c");
    chat.append([Message::user("old"), Message::assistant("older")]).await.unwrap();
    let (inner, other) = (chat.clone(), agent(&ScriptedModel::new().text("first"), []));
    let stub = Stub::new("t", move |_, _| {
        let (inner, other) = (inner.clone(), other.clone());
        async move {
            inner.run(&other, (), "quick").await.map_err(|error| ToolError::failed(error.to_string()))?;
            Ok(String::new())
        }
    });
    let model = ScriptedModel::new().tool_call("t", json!({})).text("second");
    let lost = chat.run(&agent(&model, [stub]), (), "slow").await.unwrap_err();
    let conflict = lost.error().detail::<StateConflict>().unwrap();
    assert_eq!((conflict.over, conflict.stored), (Some(1), Some(2)));
    assert_eq!(lost.report().text, "second");
    chat.append(lost.report().turn().iter().cloned()).await.unwrap();
    let said: Vec<String> =
        chat.history().await.unwrap().iter().map(|message| message.text()).filter(|text| !text.is_empty()).collect();
    assert_eq!(said, ["old", "older", "quick", "first", "slow", "second"]);
}

#[tokio::test]
async fn a_conversation_that_was_cleared_and_begun_anew_is_not_written_over() {
    let runtime = Runtime::new().state_store(InMemoryStateStore::new());
    let chat = runtime.conversation("c");
    chat.append([Message::user("old"), Message::assistant("older")]).await.unwrap();
    let inner = chat.clone();
    let stub = Stub::new("t", move |_, _| {
        let inner = inner.clone();
        async move {
            inner.clear().await.unwrap();
            inner.append([Message::user("new")]).await.unwrap();
            Ok(String::new())
        }
    });
    let model = ScriptedModel::new().tool_call("t", json!({})).text("late");
    let lost = chat.run(&agent(&model, [stub]), (), "slow").await.unwrap_err();
    assert!(lost.error().detail::<StateConflict>().is_some(), "{lost}");
    assert_eq!(brief(&chat.history().await.unwrap()), ["user | new"]);
}

#[tokio::test]
async fn turns_added_at_once_are_all_kept() {
    let runtime = Runtime::new().state_store(InMemoryStateStore::new());
    let tasks: Vec<_> = (0..6)
        .map(|n| {
            let chat = runtime.conversation("c");
            tokio::spawn(async move { chat.append([Message::user(format!("{n}"))]).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(runtime.conversation("c").history().await.unwrap().len(), 6);
}

/// A store that loads nothing and never comes to the end of a save.
struct Stuck;

impl StateStore for Stuck {
    async fn load(&self, _: &StateScope, _: &str) -> Result<Option<Stored>> {
        Ok(None)
    }

    async fn save(&self, _: &StateScope, _: &str, _: Value, _: Option<u64>) -> Result<u64> {
        std::future::pending().await
    }

    async fn delete(&self, _: &StateScope, _: &str) -> Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_keeps_no_run_from_ending() {
    async fn check(cancel_after: Option<u64>, expected: u64) {
        let token = CancellationToken::new();
        let input = Input::new("go").conversation("c").cancellation(token.clone());
        if let Some(seconds) = cancel_after {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                token.cancel();
            });
        }
        let began = tokio::time::Instant::now();
        let agent = agent(&ScriptedModel::new().text("done"), []);
        let error = Runtime::new().state_store(Stuck).run(&agent, (), input).await.unwrap_err();
        assert_eq!((error.kind(), error.report().text.as_str()), (ErrorKind::State, "done"));
        assert_eq!(began.elapsed().as_secs(), expected);
    }
    check(None, 30).await;
    check(Some(5), 7).await;
}

/// A store that panics.
struct Panics;

impl StateStore for Panics {
    async fn load(&self, _: &StateScope, _: &str) -> Result<Option<Stored>> {
        std::panic::resume_unwind(Box::new("secret-canary"))
    }

    async fn save(&self, _: &StateScope, _: &str, _: Value, _: Option<u64>) -> Result<u64> {
        Ok(1)
    }

    async fn delete(&self, _: &StateScope, _: &str) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn row_60_a_store_that_panics_is_one_that_failed() {
    let model = ScriptedModel::new().text("never");
    let input = Input::new("go").conversation("c");
    let error = Runtime::new().state_store(Panics).run(&agent(&model, []), (), input).await.unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::State, "the state store panicked"));
    assert_eq!(model.requests().len(), 0);
}

struct ReadOnly;

impl Guard for ReadOnly {
    fn name(&self) -> &str {
        "read_only"
    }

    async fn check_state_operation(&self, _: &HookContext, operation: &StateOperation) -> Result<()> {
        match operation {
            StateOperation::Load { .. } => Ok(()),
            _ => Err(Error::new(ErrorKind::State, "read only")),
        }
    }
}

#[tokio::test]
async fn guards_hold_for_conversations_outside_runs_too() {
    let chat = Runtime::new().state_store(InMemoryStateStore::new()).guard(ReadOnly).conversation("c");
    assert!(chat.history().await.unwrap().is_empty());
    assert_eq!(chat.append([Message::user("x")]).await.unwrap_err().kind(), ErrorKind::Hook);
    assert_eq!(chat.clear().await.unwrap_err().kind(), ErrorKind::Hook);
}

#[tokio::test]
async fn what_is_done_to_a_conversation_outside_runs_is_observed() {
    let (log, replay) = (EventLog::new(), EventReplay::with_capacity(8, 1));
    let fails = |_: &Event| panic!("an observer's bug");
    let runtime = Runtime::new().state_store(InMemoryStateStore::new()).event_log(&log).event_replay(&replay);
    let runtime = runtime.observer_with(fails, ObserverPolicy::new().required());
    let chat = runtime.conversation("c");
    assert_eq!(chat.append([Message::user("x")]).await.unwrap(), 1, "what has been done is not failed");
    chat.clear().await.unwrap();
    let told: Vec<_> = log.events().iter().map(|event| (event.seq, event.name(), event.agent.to_string())).collect();
    let none = String::new;
    assert_eq!(told, [(0, "state.loaded", none()), (1, "state.saved", none()), (0, "state.saved", none())]);
    let ids: HashSet<_> = log.events().into_iter().map(|event| event.run_id).collect();
    assert_eq!(ids.len(), 2, "each call has an id of its own");
    assert!(ids.iter().all(|id| replay.subscribe(id, 0).is_none()), "runs alone are replayed");
    assert_eq!(runtime.observer_counts()[0].failed, 3);
}

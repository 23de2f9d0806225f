//! State: what a store keeps, and conversations that outlive a run.

use runlet::event::EventLog;
use runlet::hook::{Hook, HookContext, StateOperation};
use runlet::state::{InMemoryStateStore, StateScope, StateStore, Stored};
use runlet::testing::ScriptedModel;
use runlet::{Agent, Error, ErrorKind, Input, Message, Result, Runtime, ToolError};
use serde_json::{Value, json};

use crate::kit::{Journal, Stub, agent, brief, results};

fn ada() -> StateScope {
    StateScope::User("ada".into())
}

#[tokio::test]
async fn a_store_gives_back_what_was_saved_until_it_is_deleted() {
    let store = InMemoryStateStore::new();
    assert_eq!(store.load(&ada(), "k").await.unwrap(), None);
    assert_eq!(store.save(&ada(), "k", json!({ "a": [1, null] }), None).await.unwrap(), 1);
    assert_eq!(store.save(&ada(), "k", json!(2), Some(1)).await.unwrap(), 2);
    assert_eq!(store.load(&ada(), "k").await.unwrap(), Some(Stored { value: json!(2), version: 2 }));
    assert_eq!(store.load(&ada(), "other").await.unwrap(), None);
    assert_eq!(store.load(&StateScope::Agent("ada".into()), "k").await.unwrap(), None);
    store.delete(&ada(), "k").await.unwrap();
    store.delete(&ada(), "k").await.unwrap();
    assert_eq!(store.load(&ada(), "k").await.unwrap(), None);
}

#[tokio::test]
async fn what_is_loaded_is_a_copy() {
    let store = InMemoryStateStore::new();
    store.save(&ada(), "k", json!({ "a": 1 }), None).await.unwrap();
    store.load(&ada(), "k").await.unwrap().unwrap().value["a"] = json!(2);
    assert_eq!(store.load(&ada(), "k").await.unwrap().unwrap().value, json!({ "a": 1 }));
}

#[tokio::test]
async fn a_save_over_another_version_fails_and_changes_nothing() {
    async fn check(over: Option<u64>) {
        let store = InMemoryStateStore::new();
        store.save(&ada(), "k", json!(1), None).await.unwrap();
        store.save(&ada(), "k", json!(2), Some(1)).await.unwrap();
        let error = store.save(&ada(), "k", json!("lost"), over).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::State);
        assert_eq!(store.load(&ada(), "k").await.unwrap().unwrap().value, json!(2));
    }
    check(None).await;
    check(Some(1)).await;
    check(Some(3)).await;
    assert!(InMemoryStateStore::new().save(&ada(), "k", json!(1), Some(1)).await.is_err());
}

#[tokio::test]
async fn a_conversation_is_loaded_before_a_run_and_saved_after() {
    let (store, log) = (InMemoryStateStore::new(), EventLog::new());
    let model = ScriptedModel::new().text("Hello, Ada.").text("You are Ada.").text("Who?");
    let agent = agent(&model, []);
    let runtime = Runtime::new().state_store(store.clone()).event_log(&log);
    runtime.run(&agent, (), Input::new("I am Ada").conversation("c")).await.unwrap();
    let result = runtime.run(&agent, (), Input::new("Who am I?").conversation("c")).await.unwrap();
    let expected = ["user | I am Ada", "assistant | Hello, Ada.", "user | Who am I?"];
    assert_eq!(brief(&model.requests()[1].messages), expected);
    assert_eq!((result.messages.len(), result.new_messages().len()), (4, 1));
    runtime.run(&agent, (), Input::new("Who am I?").conversation("other")).await.unwrap();
    assert_eq!(brief(&model.requests()[2].messages), ["user | Who am I?"]);
    let names = log.names();
    let first: Vec<_> = names.iter().take(3).collect();
    assert_eq!(first, [&"run.started", &"state.loaded", &"step.started"]);
    let end = names.iter().position(|name| name.ends_with("completed") && name.starts_with("run")).unwrap();
    assert_eq!(names[end - 1], "state.saved");
}

#[tokio::test]
async fn of_two_runs_that_write_one_conversation_the_later_fails_and_nothing_is_lost() {
    let store = InMemoryStateStore::new();
    let runtime = Runtime::new().state_store(store.clone());
    let (inner, other) = (runtime.clone(), agent(&ScriptedModel::new().text("first"), []));
    // The other run begins and ends while the outer one waits for its tool.
    let stub = Stub::new("t", move |_, _| {
        let (inner, other) = (inner.clone(), other.clone());
        async move {
            let ended = inner.run(&other, (), Input::new("quick").conversation("c")).await;
            ended.map(|result| result.output.clone()).map_err(|error| ToolError::failed(error.to_string()))
        }
    });
    let model = ScriptedModel::new().tool_call("t", json!({})).text("second");
    let error = runtime.run(&agent(&model, [stub]), (), Input::new("slow").conversation("c")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::State);
    assert_eq!(error.report().text, "second", "the answer itself is in the report");
    let kept = store.load(&StateScope::Conversation("c".into()), "messages").await.unwrap().unwrap();
    let kept: Vec<Message> = serde_json::from_value(kept.value).unwrap();
    assert_eq!(kept.iter().map(Message::text).collect::<Vec<_>>(), ["quick", "first"]);
}

#[tokio::test]
async fn a_conversation_without_a_store_or_with_an_unreadable_history_is_an_error_and_sends_nothing() {
    async fn check(runtime: Runtime) {
        let model = ScriptedModel::new();
        let input = Input::new("go").conversation("c");
        let error = runtime.run(&agent(&model, []), (), input).await.unwrap_err();
        assert_eq!((error.kind(), model.requests().len()), (ErrorKind::State, 0));
    }
    check(Runtime::new()).await;
    let store = InMemoryStateStore::new();
    store.save(&StateScope::Conversation("c".into()), "messages", json!("nonsense"), None).await.unwrap();
    check(Runtime::new().state_store(store.clone())).await;
    let kept = store.load(&StateScope::Conversation("c".into()), "messages").await.unwrap().unwrap();
    assert_eq!(kept.value, json!("nonsense"), "what could not be read is not overwritten");
}

/// A tool that counts in the store, and says what the store says.
fn counter() -> Stub {
    Stub::new("t", |info, _| async move {
        let stored = info.load_state(&ada(), "n").await.map_err(|error| ToolError::failed(error.to_string()))?;
        let count = stored.as_ref().and_then(|stored| stored.value.as_u64()).unwrap_or(0) + 1;
        let version = stored.map(|stored| stored.version);
        let saved = info.save_state(&ada(), "n", count.into(), version).await;
        let version = saved.map_err(|error| ToolError::failed(error.to_string()))?;
        if count == 3 {
            info.delete_state(&ada(), "n").await.map_err(|error| ToolError::failed(error.to_string()))?;
        }
        Ok(format!("{count} in version {version}"))
    })
}

async fn counted(runtime: &Runtime) -> String {
    let model = ScriptedModel::new().tool_call("t", json!({})).text("done");
    results(&runtime.run(&agent(&model, [counter()]), (), "go").await.unwrap().messages).concat()
}

#[tokio::test]
async fn tools_reach_the_store_through_their_context() {
    let runtime = Runtime::new().state_store(InMemoryStateStore::new());
    assert_eq!(counted(&runtime).await, "1 in version 1");
    assert_eq!(counted(&runtime).await, "2 in version 2");
    assert_eq!(counted(&runtime).await, "3 in version 3");
    assert_eq!(counted(&runtime).await, "1 in version 4", "no version comes back");
    assert_eq!(counted(&Runtime::new()).await, "the runtime has no state store: set one with `state_store`");
}

struct Watches {
    journal: Journal,
    veto: bool,
}

impl Hook for Watches {
    fn name(&self) -> &'static str {
        "watches"
    }

    async fn before_state_operation(&self, _: &HookContext, operation: &mut StateOperation) -> Result<()> {
        match operation {
            StateOperation::Load { key, .. } => self.journal.note(format!("load {key}")),
            StateOperation::Save { value, .. } => {
                self.journal.note(format!("save {value}"));
                *value = json!(10);
                if self.veto {
                    return Err(Error::new(ErrorKind::Hook, "read only"));
                }
            }
            _ => self.journal.note("delete"),
        }
        Ok(())
    }

    async fn after_state_operation(
        &self,
        _: &HookContext,
        _: &StateOperation,
        loaded: &mut Option<Stored>,
    ) -> Result<()> {
        let value = loaded.as_ref().map_or(Value::Null, |stored| stored.value.clone());
        self.journal.note(format!("loaded {value}"));
        Ok(())
    }
}

#[tokio::test]
async fn hooks_see_change_and_veto_state_operations() {
    let journal = Journal::default();
    let hook = |veto| Watches { journal: journal.clone(), veto };
    let store = InMemoryStateStore::new();
    let runtime = Runtime::new().state_store(store.clone());
    assert_eq!(counted(&runtime.clone().hook(hook(false))).await, "1 in version 1");
    assert_eq!(journal.lines(), ["load n", "loaded null", "save 1", "loaded null"]);
    assert_eq!(store.load(&ada(), "n").await.unwrap().unwrap().value, json!(10));
    assert_eq!(counted(&runtime.hook(hook(true))).await, "hook `watches` failed in before_state_operation: read only");
    assert_eq!(store.load(&ada(), "n").await.unwrap().unwrap().version, 1);
}

#[tokio::test]
async fn an_agent_is_no_conversation() {
    let model = ScriptedModel::new().text("a").text("b");
    let agent: Agent = agent(&model, []);
    let runtime = Runtime::new();
    runtime.run(&agent, (), "one").await.unwrap();
    runtime.run(&agent, (), "two").await.unwrap();
    assert_eq!(brief(&model.requests()[1].messages), ["user | two"]);
}

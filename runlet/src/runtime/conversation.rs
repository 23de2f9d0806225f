//! Conversations: histories that outlive runs.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use super::report::{RunError, RunResult};
use super::stream::RunStream;
use super::{Input, Runtime, new_run_id};
use crate::agent::{Agent, Output};
use crate::context::{IntoDeps, RunInfo};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Emitter;
use crate::hook::{HookContext, HookPoint, StateOperation, StateOutcome};
use crate::message::{Messages, SharedMessage};
use crate::state::{StateConflict, StateScope, Stored};

/// The key under which a conversation's messages are kept.
const KEY: &str = "messages";
/// How often messages are tried to be added to a history that others write too.
const APPEND_TRIES: usize = 8;

/// A history in the runtime's state store, and runs that go on with it.
///
/// Each run loads the history, adds to it and saves it over the version that it loaded. Of two that write at once, the
/// later save fails with a [`StateConflict`]: nothing is lost, for the store has the one turn and the
/// [`RunError`]'s report the other, which [`append`](Self::append) can add.
///
/// ```
/// use runlet::state::{InMemoryStateStore, StateConflict};
/// use runlet::testing::ScriptedModel;
/// use runlet::{Runtime, agent};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let runtime = Runtime::new().state_store(InMemoryStateStore::new());
/// let model = ScriptedModel::new().text("Hello, Ada.").text("You are Ada.");
/// let greeter = agent!(greeter { model: model, instructions: "Greet." });
///
/// let chat = runtime.conversation("ada");
/// chat.run(&greeter, (), "I am Ada.").await?;
/// match chat.run(&greeter, (), "Who am I?").await {
///     Ok(result) => assert_eq!(result.output, "You are Ada."),
///     // Somebody else wrote meanwhile: what was said here goes after what was said there.
///     Err(lost) if lost.error().detail::<StateConflict>().is_some() => {
///         chat.append(lost.report().turn().iter().cloned()).await?;
///     }
///     Err(error) => return Err(error.into()),
/// }
/// assert_eq!(chat.history().await?.len(), 4);
/// # Ok::<(), runlet::Error>(()) }).unwrap();
/// ```
///
/// Hooks, guards and observers see the state operations outside runs too: the events of one call, such as an
/// [`append`](Self::append), have a run id of their own and no agent. An [`EventReplay`](crate::event::EventReplay) keeps
/// those of runs alone.
#[derive(Clone)]
pub struct Conversation {
    runtime: Runtime,
    id: String,
}

impl Conversation {
    pub(super) fn new(runtime: Runtime, id: String) -> Self {
        Self { runtime, id }
    }

    /// The caller's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// As [`Runtime::run`], after the history and into it.
    ///
    /// # Errors
    /// As [`Runtime::run`]; of kind [`ErrorKind::State`] where the history could not be loaded or saved.
    pub async fn run<D, O>(
        &self,
        agent: &Agent<D, O>,
        deps: impl IntoDeps<D>,
        input: impl Into<Input>,
    ) -> Result<RunResult<O>, RunError>
    where
        D: Send + Sync + 'static,
        O: Output,
    {
        self.runtime.run(agent, deps, input.into().conversation(&self.id)).await
    }

    /// As [`Runtime::stream`], after the history and into it.
    pub fn stream<D, O>(&self, agent: &Agent<D, O>, deps: impl IntoDeps<D>, input: impl Into<Input>) -> RunStream<O>
    where
        D: Send + Sync + 'static,
        O: Output,
    {
        self.runtime.stream(agent, deps, input.into().conversation(&self.id))
    }

    /// The history; empty where there is none yet.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::State`] where it could not be loaded or read.
    pub async fn history(&self) -> Result<Messages> {
        history_of(&self.id, self.operate(&self.emitter(), loading(&self.id)).await?.loaded.as_ref())
    }

    /// Adds messages at the end of the history as it stands then, and gives its new version. Where others write at the
    /// same time it is tried again, up to eight times.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::State`] where it could not be loaded or saved.
    pub async fn append<M: Into<SharedMessage>>(&self, messages: impl IntoIterator<Item = M>) -> Result<u64> {
        let messages: Vec<SharedMessage> = messages.into_iter().map(Into::into).collect();
        let (emitter, mut tries) = (self.emitter(), APPEND_TRIES);
        loop {
            let stored = self.operate(&emitter, loading(&self.id)).await?.loaded;
            let mut history = history_of(&self.id, stored.as_ref())?;
            history.extend(messages.iter().cloned());
            let over = stored.map(|stored| stored.version);
            tries -= 1;
            match self.operate(&emitter, saving(&self.id, &history, over)?).await {
                Err(error) if tries > 0 && error.detail::<StateConflict>().is_some() => {}
                saved => {
                    let replaced = || Error::new(ErrorKind::Hook, "a hook turned a save into another operation");
                    return saved?.version.ok_or_else(replaced);
                }
            }
        }
    }

    /// Removes the history.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::State`] where the store fails.
    pub async fn clear(&self) -> Result<()> {
        let scope = StateScope::Conversation(self.id.clone());
        self.operate(&self.emitter(), StateOperation::Delete { scope, key: KEY.to_owned() }).await.map(drop)
    }

    /// Tells the observers of operations outside any run.
    fn emitter(&self) -> Emitter {
        let info = RunInfo { run_id: new_run_id(), agent: "".into(), metadata: Arc::default(), depth: 1 };
        Emitter::new(Arc::new(info), self.runtime.parts.observers.outside_runs(), false)
    }

    /// An operation outside any run. Durable observers have seen it when it is done; one that fails does not fail what
    /// has been done, as that would invite to do it again.
    async fn operate(&self, emitter: &Emitter, operation: StateOperation) -> Result<StateOutcome> {
        let parts = &self.runtime.parts;
        let context = HookContext::new(Arc::clone(emitter.run()), 0);
        let at = HookPoint { span: emitter.span(0, None), emitter };
        let outcome = parts.state.operate(&parts.hooks, &context, at, operation).await;
        emitter.seen().await;
        outcome
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The operation that loads a conversation.
pub(super) fn loading(id: &str) -> StateOperation {
    StateOperation::Load { scope: StateScope::Conversation(id.to_owned()), key: KEY.to_owned() }
}

/// The operation that saves a conversation.
pub(super) fn saving(id: &str, messages: &Messages, over: Option<u64>) -> Result<StateOperation> {
    let value = serde_json::to_value(messages).map_err(|error| {
        Error::with_source(ErrorKind::State, format!("conversation `{id}` cannot be written"), error)
    })?;
    let scope = StateScope::Conversation(id.to_owned());
    Ok(StateOperation::Save { scope, key: KEY.to_owned(), value, over })
}

/// The history of a conversation as it was stored.
pub(super) fn history_of(id: &str, stored: Option<&Stored>) -> Result<Messages> {
    let Some(stored) = stored else { return Ok(Messages::new()) };
    Messages::deserialize(&stored.value).map_err(|error| {
        Error::with_source(ErrorKind::State, format!("the history of conversation `{id}` cannot be read"), error)
    })
}

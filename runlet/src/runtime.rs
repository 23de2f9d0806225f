//! The runtime: drives runs.
//!
//! One loop serves [`Runtime::run`] and [`Runtime::stream`]. It asks the [`Run`] what comes next, does it (hooks,
//! budget, model, tools), tells the run what came of it, and emits events on the way.

mod attempts;
mod conversation;
mod dispatch;
mod drive;
mod explain;
mod genai;
mod input;
mod lineage;
mod output;
mod report;
mod session;
mod stream;
mod summary;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

pub(crate) use self::attempts::call_alone;
pub use self::conversation::Conversation;
pub use self::input::Input;
pub use self::report::{RunError, RunReport, RunResult};
pub use self::stream::RunStream;
pub use self::summary::{ErrorSummary, RunSummary, ToolOutcome, ToolSummary};

use self::drive::{Driver, Start};
use self::session::StateAccess;
use crate::agent::{Agent, Output};
use crate::context::{IntoDeps, RunId};
use crate::event::{EventLog, EventReplay, Observer, ObserverCounts, ObserverPolicy, Observers, Redactor};
use crate::hook::{Guard, Hook, HookPolicy, Hooks};
use crate::model::ModelRequest;
use crate::run::{Decision, Run};
use crate::state::{AnyStateStore, StateStore};

/// How long one state operation may take where nothing else is said.
const STATE_TIMEOUT: Duration = Duration::from_secs(30);

/// Drives runs of agents. One runtime serves any number of runs at a time; cloning shares it.
///
/// ```
/// use runlet::testing::ScriptedModel;
/// use runlet::{Runtime, agent};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let greeter = agent!(greeter { model: ScriptedModel::new().text("Good morning!"), instructions: "Greet." });
/// let result = Runtime::new().run(&greeter, (), "Hello").await?;
/// assert_eq!(result.output, "Good morning!");
/// # Ok::<(), runlet::RunError>(()) }).unwrap();
/// ```
///
/// It needs a tokio runtime with time enabled: each tool call runs in a task of its own. What tools need is lent to them as
/// dependencies: a task does not have the task-locals of who started the run.
#[derive(Clone, Default)]
#[must_use]
pub struct Runtime {
    parts: Arc<Parts>,
}

#[derive(Clone)]
struct Parts {
    observers: Observers,
    hooks: Hooks,
    state: StateAccess,
    traced: Option<Redactor>,
}

impl Default for Parts {
    fn default() -> Self {
        let (observers, hooks) = (Observers::default(), Hooks::default());
        Self { observers, hooks, state: StateAccess { store: None, timeout: STATE_TIMEOUT }, traced: None }
    }
}

impl Runtime {
    /// A runtime without observers, hooks or a state store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an observer: it sees the events of all runs, in a thread of its own.
    pub fn observer(self, observer: impl Observer) -> Self {
        self.observer_with(observer, ObserverPolicy::new())
    }

    /// Adds an observer with a policy of its own: for one that may miss nothing, or that runs must not do without.
    pub fn observer_with(mut self, observer: impl Observer, policy: ObserverPolicy) -> Self {
        Arc::make_mut(&mut self.parts).observers.add(observer, policy);
        self
    }

    /// Keeps the newest events of each run for those who begin to look late.
    pub fn event_replay(mut self, replay: &EventReplay) -> Self {
        Arc::make_mut(&mut self.parts).observers.add_replay(replay.clone());
        self
    }

    /// Adds a log that keeps every event in memory.
    pub fn event_log(mut self, log: &EventLog) -> Self {
        Arc::make_mut(&mut self.parts).observers.add_log(log.clone());
        self
    }

    /// Adds a hook to all runs, before the hooks of their agents. It fails the run when it fails.
    pub fn hook(self, hook: impl Hook) -> Self {
        self.hook_with(hook, HookPolicy::new())
    }

    /// Adds a hook with a policy of its own.
    pub fn hook_with(mut self, hook: impl Hook, policy: HookPolicy) -> Self {
        Arc::make_mut(&mut self.parts).hooks.add(hook, policy);
        self
    }

    /// Adds a guard to all runs: a rule that must hold, whatever breaks.
    pub fn guard(mut self, guard: impl Guard) -> Self {
        Arc::make_mut(&mut self.parts).hooks.add_guard(guard);
        self
    }

    /// Writes what was said into the spans for `tracing`, as the redactor leaves it: instructions, messages, arguments
    /// and results. Without this, spans hold names, ids, counts and times only.
    pub fn trace_content(mut self, redactor: Redactor) -> Self {
        Arc::make_mut(&mut self.parts).traced = Some(redactor);
        self
    }

    /// Sets where conversations and the state of tools are kept.
    pub fn state_store(mut self, store: impl StateStore) -> Self {
        Arc::make_mut(&mut self.parts).state.store = Some(AnyStateStore::new(store));
        self
    }

    /// Sets how long one operation of the state store may take: 30 seconds where nothing else is said. One that takes
    /// longer has failed, with kind [`ErrorKind::State`](crate::ErrorKind::State).
    pub fn state_timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.parts).state.timeout = timeout;
        self
    }

    /// A conversation that is kept in the state store, by the caller's id. Nothing is loaded yet.
    pub fn conversation(&self, id: impl Into<String>) -> Conversation {
        Conversation::new(self.clone(), id.into())
    }

    /// Waits until every observer has seen what has happened so far. It blocks the thread; call it before a process
    /// ends, not within a run.
    pub fn flush_observers(&self) {
        self.parts.observers.flush();
    }

    /// How each observer fared so far, in the order they were added.
    pub fn observer_counts(&self) -> Vec<ObserverCounts> {
        self.parts.observers.counts()
    }

    /// Runs an agent until it has an answer.
    ///
    /// `deps` is what the agent's tools borrow from: a `D`, an `Arc<D>` or an `&Arc<D>`; `()` where it has none.
    /// `input` is a text, a [`Message`](crate::Message), a conversation, or an [`Input`] that says more.
    ///
    /// Dropping the future ends the run: no further request is sent, and running tools are cancelled.
    ///
    /// # Errors
    /// Every ending without an answer, with a [report](RunError::report) of all that was done until then.
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
        let start = Start::Input(Box::new(input.into()));
        self.driver(agent, deps.into_deps(), start, false).drive().await.into_result()
    }

    /// As [`run`](Self::run), with a full request: its messages are the conversation, its tools, options and metadata
    /// are added to the agent's, and whatever else it sets stands in place of the agent's. Where both have a tool of one
    /// name, the agent's stands, for it is what runs. A tool that the agent does not have is the model's to call, but no
    /// one's to run.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn run_request<D, O>(
        &self,
        agent: &Agent<D, O>,
        deps: impl IntoDeps<D>,
        request: ModelRequest,
    ) -> Result<RunResult<O>, RunError>
    where
        D: Send + Sync + 'static,
        O: Output,
    {
        self.run(agent, deps, request).await
    }

    /// Runs an agent as a stream of events: the pieces of each answer as they arrive, the tool calls between them, and
    /// so on until the run ends. Folding the events gives what [`run`](Self::run) gives;
    /// [`RunStream::finish`] does it.
    ///
    /// The run goes on only while the stream is polled; dropping it ends the run.
    pub fn stream<D, O>(&self, agent: &Agent<D, O>, deps: impl IntoDeps<D>, input: impl Into<Input>) -> RunStream<O>
    where
        D: Send + Sync + 'static,
        O: Output,
    {
        RunStream::new(self.driver(agent, deps.into_deps(), Start::Input(Box::new(input.into())), true))
    }

    /// As [`stream`](Self::stream), with a full request as in [`run_request`](Self::run_request).
    pub fn stream_request<D, O>(
        &self,
        agent: &Agent<D, O>,
        deps: impl IntoDeps<D>,
        request: ModelRequest,
    ) -> RunStream<O>
    where
        D: Send + Sync + 'static,
        O: Output,
    {
        self.stream(agent, deps, request)
    }

    /// Takes up a run again where it was left: after an interruption, with a person's decisions by the calls' places.
    /// The run goes on from its saved state alone; its agent must be one of the same name.
    ///
    /// # Errors
    /// As [`run`](Self::run); a decision on a call that does not wait for one is of kind
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), and the report holds the run as it was.
    pub async fn resume<D, O>(
        &self,
        agent: &Agent<D, O>,
        deps: impl IntoDeps<D>,
        run: Run,
        decisions: impl IntoIterator<Item = (usize, Decision)>,
    ) -> Result<RunResult<O>, RunError>
    where
        D: Send + Sync + 'static,
        O: Output,
    {
        let start = Start::Saved(Box::new(run), decisions.into_iter().collect());
        self.driver(agent, deps.into_deps(), start, false).drive().await.into_result()
    }

    fn driver<D, O>(&self, agent: &Agent<D, O>, deps: Arc<D>, start: Start, streams: bool) -> Box<Driver>
    where
        D: Send + Sync + 'static,
        O: Output,
    {
        Driver::new(&self.parts, agent, deps, start, streams)
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("observers", &self.parts.observers)
            .field("hooks", &self.parts.hooks)
            .finish_non_exhaustive()
    }
}

fn new_run_id() -> RunId {
    RunId::new(format!("run_{}", Uuid::now_v7().simple()))
}

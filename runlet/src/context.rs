//! What a run lends to a tool: the caller's dependencies, and the call's own surroundings.
//!
//! A tool takes from the model what it owns and from the run what it borrows. A borrowed parameter `db: &OrderDb`
//! becomes the bound `OrderDb: Lend<D>`, where `D` is the type of the agent's dependencies.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, ErrorKind, Result};
use crate::message::ToolCall;
use crate::state::{StateScope, Stored};

/// Says that a run with the dependencies `D` can lend a `Self` to its tools.
///
/// Every `D` lends itself and its [`Context`]; `#[derive(Deps)]` on a struct makes it lend each of its fields. Write it
/// by hand for anything else:
///
/// ```
/// use runlet::{Context, Lend};
///
/// struct Config { region: String }
/// struct Shop { config: Config }
///
/// impl Lend<Shop> for Config {
///     fn lend(context: &Context<Shop>) -> &Self {
///         &context.deps().config
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "an agent with dependencies `{D}` cannot lend a `{Self}` to its tools",
    label = "this tool borrows a `{Self}`",
    note = "a borrowed parameter comes from the run, an owned one from the model: take it by value if the model gives it",
    note = "or let `{D}` lend it: add a field of type `{Self}` and `#[derive(runlet::Deps)]`"
)]
pub trait Lend<D: ?Sized> {
    /// The value, borrowed from the run.
    fn lend(context: &Context<D>) -> &Self;
}

#[diagnostic::do_not_recommend]
impl<D> Lend<D> for D {
    fn lend(context: &Context<D>) -> &Self {
        &context.deps
    }
}

#[diagnostic::do_not_recommend]
impl<D> Lend<D> for Context<D> {
    fn lend(context: &Context<D>) -> &Self {
        context
    }
}

#[diagnostic::do_not_recommend]
impl<D: Send + Sync + 'static> Lend<D> for dyn CallContext {
    fn lend(context: &Context<D>) -> &Self {
        context
    }
}

/// What surrounds one tool call: the dependencies, the ids, cancellation, progress and state.
///
/// A tool that needs it borrows it: `ctx: &Context<Shop>`, or `ctx: &dyn CallContext` for any agent.
pub struct Context<D: ?Sized> {
    call: CallInfo,
    deps: Arc<D>,
}

/// The part of a [`Context`] that does not depend on the agent's dependencies.
///
/// ```
/// use runlet::{CallContext, tool};
///
/// #[tool]
/// async fn where_am_i(ctx: &dyn CallContext) -> String {
///     format!("step {} of run {}", ctx.info().step(), ctx.info().run_id())
/// }
/// ```
pub trait CallContext: Send + Sync {
    /// The call's surroundings.
    fn info(&self) -> &CallInfo;
}

impl<D: ?Sized + Send + Sync> CallContext for Context<D> {
    fn info(&self) -> &CallInfo {
        &self.call
    }
}

/// The ids and services of one tool call.
#[derive(Clone)]
pub struct CallInfo {
    run: Arc<RunInfo>,
    span: Span,
    index: usize,
    call: Arc<ToolCall>,
    cancellation: CancellationToken,
    services: Arc<dyn CallServices>,
}

/// Where in a run an event belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) step: u32,
    pub(crate) id: u64,
    pub(crate) parent: Option<u64>,
}

/// What all calls of a run share.
#[derive(Clone, Debug)]
pub(crate) struct RunInfo {
    pub(crate) run_id: RunId,
    pub(crate) agent: Arc<str>,
    pub(crate) metadata: Arc<Map<String, Value>>,
    /// How many runs enclose it.
    pub(crate) depth: u32,
}

/// What the runtime does for a running tool.
pub(crate) trait CallServices: Send + Sync {
    fn progress(&self, call: &CallInfo, message: String);
    fn load_state<'a>(&'a self, span: Span, scope: &'a StateScope, key: &'a str) -> ServiceFuture<'a, Option<Stored>>;
    fn save_state<'a>(
        &'a self,
        span: Span,
        scope: &'a StateScope,
        key: &'a str,
        value: Value,
        over: Option<u64>,
    ) -> ServiceFuture<'a, u64>;
    fn delete_state<'a>(&'a self, span: Span, scope: &'a StateScope, key: &'a str) -> ServiceFuture<'a, ()>;
}

pub(crate) type ServiceFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

impl<D> Context<D> {
    pub(crate) fn new(deps: Arc<D>, call: CallInfo) -> Self {
        Self { call, deps }
    }

    /// The same for one try of a call, which `cancellation` ends.
    pub(crate) fn for_try(&self, cancellation: CancellationToken) -> Self {
        Self { call: CallInfo { cancellation, ..self.call.clone() }, deps: Arc::clone(&self.deps) }
    }

    /// A context outside any run, for calling a tool in a test: no state store, nobody sees its progress.
    pub fn detached(deps: impl IntoDeps<D>) -> Self {
        let run =
            RunInfo { run_id: RunId::new("detached"), agent: "detached".into(), metadata: Arc::default(), depth: 0 };
        let call = CallInfo {
            run: Arc::new(run),
            span: Span { step: 1, id: 0, parent: None },
            index: 0,
            call: Arc::new(ToolCall::new("detached", "detached", "")),
            cancellation: CancellationToken::new(),
            services: Arc::new(NoServices),
        };
        Self::new(deps.into_deps(), call)
    }
}

impl<D: ?Sized> Context<D> {
    /// The dependencies the caller gave to the run.
    pub fn deps(&self) -> &D {
        &self.deps
    }

    /// The ids and services of this call.
    pub fn info(&self) -> &CallInfo {
        &self.call
    }
}

impl<D: ?Sized> Clone for Context<D> {
    /// Another handle on the same call and the same dependencies.
    fn clone(&self) -> Self {
        Self { call: self.call.clone(), deps: Arc::clone(&self.deps) }
    }
}

impl<D: ?Sized> fmt::Debug for Context<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("call", &self.call).finish_non_exhaustive()
    }
}

impl CallInfo {
    pub(crate) fn new(
        run: Arc<RunInfo>,
        (span, index): (Span, usize),
        call: Arc<ToolCall>,
        cancellation: CancellationToken,
        services: Arc<dyn CallServices>,
    ) -> Self {
        Self { run, span, index, call, cancellation, services }
    }

    /// The run's id.
    pub fn run_id(&self) -> &RunId {
        &self.run.run_id
    }

    /// The agent's name.
    pub fn agent(&self) -> &str {
        &self.run.agent
    }

    /// What the caller gave the run to carry along.
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.run.metadata
    }

    /// How many runs enclose this one: 0 for a run of its own, 1 for one that a tool of such a run drives, and so on.
    /// [`RunPolicy::max_depth`](crate::RunPolicy::max_depth) bounds it.
    pub fn depth(&self) -> u32 {
        self.run.depth
    }

    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// The step of the run, from 1.
    pub fn step(&self) -> u32 {
        self.span.step
    }

    /// The call's place among the calls of its step, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The provider's id of the call. Use `(run_id, step, index)` as an idempotency key: a provider may repeat its ids.
    pub fn call_id(&self) -> &str {
        &self.call.id
    }

    /// The tool's name.
    pub fn tool(&self) -> &str {
        &self.call.name
    }

    /// The arguments as the model wrote them, or as hooks and people have left them.
    pub(crate) fn arguments(&self) -> &str {
        &self.call.arguments
    }

    /// Is cancelled when the run is cancelled or dropped, or the call's time is up. A tool that holds on to something
    /// outside should end soon after.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// Tells observers how far the call has come; the model does not see it.
    pub fn progress(&self, message: impl Into<String>) {
        self.services.progress(self, message.into());
    }

    /// Loads a value from the runtime's state store.
    ///
    /// # Errors
    /// [`ErrorKind::State`] where the runtime has no store or the store fails, [`ErrorKind::Hook`] where a hook vetoes.
    pub async fn load_state(&self, scope: &StateScope, key: &str) -> Result<Option<Stored>> {
        self.services.load_state(self.span, scope, key).await
    }

    /// Saves a value over the version that was loaded, and gives the new version.
    ///
    /// # Errors
    /// As [`load_state`](Self::load_state), and [`ErrorKind::State`] where somebody else saved in between.
    pub async fn save_state(&self, scope: &StateScope, key: &str, value: Value, over: Option<u64>) -> Result<u64> {
        self.services.save_state(self.span, scope, key, value, over).await
    }

    /// Removes a value.
    ///
    /// # Errors
    /// As [`load_state`](Self::load_state).
    pub async fn delete_state(&self, scope: &StateScope, key: &str) -> Result<()> {
        self.services.delete_state(self.span, scope, key).await
    }
}

impl fmt::Debug for CallInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallInfo")
            .field("run_id", &self.run.run_id)
            .field("step", &self.span.step)
            .field("index", &self.index)
            .field("call_id", &self.call.id)
            .field("tool", &self.call.name)
            .finish_non_exhaustive()
    }
}

/// The services of a context outside any run.
struct NoServices;

impl NoServices {
    fn refuse<T>() -> Result<T> {
        Err(Error::new(ErrorKind::State, "a detached context has no state store"))
    }
}

impl CallServices for NoServices {
    fn progress(&self, _: &CallInfo, _: String) {}

    fn load_state<'a>(&'a self, _: Span, _: &'a StateScope, _: &'a str) -> ServiceFuture<'a, Option<Stored>> {
        Box::pin(async { Self::refuse() })
    }

    fn save_state<'a>(
        &'a self,
        _: Span,
        _: &'a StateScope,
        _: &'a str,
        _: Value,
        _: Option<u64>,
    ) -> ServiceFuture<'a, u64> {
        Box::pin(async { Self::refuse() })
    }

    fn delete_state<'a>(&'a self, _: Span, _: &'a StateScope, _: &'a str) -> ServiceFuture<'a, ()> {
        Box::pin(async { Self::refuse() })
    }
}

/// The dependencies of a run, shared with its tools: a `D`, an `Arc<D>` or an `&Arc<D>`.
///
/// Tools run in tasks of their own and may have to finish after a run was dropped, so a run shares its dependencies
/// instead of borrowing them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the dependencies of an agent with dependencies `{D}`",
    note = "pass a `{D}`, an `Arc<{D}>` or an `&Arc<{D}>`: tools may outlive the call that runs the agent"
)]
pub trait IntoDeps<D: ?Sized> {
    /// The dependencies as a run shares them.
    fn into_deps(self) -> Arc<D>;
}

impl<D> IntoDeps<D> for D {
    fn into_deps(self) -> Arc<D> {
        Arc::new(self)
    }
}

impl<D> IntoDeps<D> for Arc<D> {
    fn into_deps(self) -> Arc<D> {
        self
    }
}

impl<D> IntoDeps<D> for &Arc<D> {
    fn into_deps(self) -> Arc<D> {
        Arc::clone(self)
    }
}

/// The id of a run: unique, and sortable by the time the run began where Runlet made it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(Arc<str>);

impl RunId {
    /// A run id given by the caller.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunId({})", self.0)
    }
}

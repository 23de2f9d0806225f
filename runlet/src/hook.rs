//! Hooks: code that may change or veto what a run does. Whoever only wants to watch is an
//! [`Observer`](crate::event::Observer).

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{Map, Value};

use crate::context::{RunId, RunInfo};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Emitter, EventKind, Span};
use crate::message::{Messages, ToolCall, ToolResult};
use crate::model::{ModelRequest, ModelResponse};
use crate::state::{StateScope, Stored};

/// Code that may change or veto what a run does, at any of eight points.
///
/// `before_` hooks are called in the order they were added, `after_` hooks in reverse; hooks of the runtime stand before
/// hooks of the agent. An error vetoes: the run fails with kind [`ErrorKind::Hook`], before anything is sent or run. So
/// do a panic and a hook that takes longer than its [`HookPolicy`] allows. The methods are plain async functions, and
/// those that are not written do nothing.
///
/// The budget is checked after `before_model_call`, so what a hook adds is counted too.
///
/// ```
/// use runlet::hook::{Hook, HookContext, ToolVerdict};
/// use runlet::{Result, ToolCall};
///
/// struct NoRefundsAtNight;
///
/// impl Hook for NoRefundsAtNight {
///     fn name(&self) -> &str {
///         "no_refunds_at_night"
///     }
///
///     async fn before_tool_call(&self, _: &HookContext, call: &mut ToolCall) -> Result<ToolVerdict> {
///         Ok(match call.name.as_str() {
///             "refund" => ToolVerdict::deny("refunds are made between 8 and 18 o'clock"),
///             _ => ToolVerdict::Run,
///         })
///     }
/// }
/// ```
pub trait Hook: Send + Sync + 'static {
    /// A short name for events and errors.
    fn name(&self) -> &str;

    /// Before a request is counted and sent. It may be changed; an error vetoes it.
    fn before_model_call(
        &self,
        _context: &HookContext,
        _request: &mut ModelRequest,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// After the model answered, before the answer is acted on.
    fn after_model_call(
        &self,
        _context: &HookContext,
        _response: &mut ModelResponse,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Before a tool call runs. Its arguments may be changed; it may be denied, and the model is told so.
    fn before_tool_call(
        &self,
        _context: &HookContext,
        _call: &mut ToolCall,
    ) -> impl Future<Output = Result<ToolVerdict>> + Send {
        async { Ok(ToolVerdict::Run) }
    }

    /// After a tool call, before the model sees its result.
    fn after_tool_call(
        &self,
        _context: &HookContext,
        _call: &ToolCall,
        _result: &mut ToolResult,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Before state is loaded, saved or deleted.
    fn before_state_operation(
        &self,
        _context: &HookContext,
        _operation: &mut StateOperation,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// After state was loaded, saved or deleted. What was loaded may be changed.
    fn after_state_operation(
        &self,
        _context: &HookContext,
        _operation: &StateOperation,
        _loaded: &mut Option<Stored>,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Before a conversation that does not fit is compressed.
    fn before_compression(
        &self,
        _context: &HookContext,
        _messages: &Messages,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// After a conversation was compressed. It may be changed; what comes out must still be a whole conversation.
    fn after_compression(
        &self,
        _context: &HookContext,
        _messages: &mut Messages,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}

/// Where in a run a hook is called.
#[derive(Clone, Debug)]
pub struct HookContext {
    run: Arc<RunInfo>,
    step: u32,
}

impl HookContext {
    pub(crate) fn new(run: Arc<RunInfo>, step: u32) -> Self {
        Self { run, step }
    }

    /// The run's id.
    pub fn run_id(&self) -> &RunId {
        &self.run.run_id
    }

    /// The agent's name.
    pub fn agent(&self) -> &str {
        &self.run.agent
    }

    /// The step, from 1; 0 before the first.
    pub fn step(&self) -> u32 {
        self.step
    }

    /// What the caller gave the run to carry along.
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.run.metadata
    }
}

/// What becomes of a tool call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolVerdict {
    /// It runs.
    Run,
    /// It does not run. The model is told why, in these words.
    Deny(String),
}

impl ToolVerdict {
    /// Denies a call with words for the model.
    pub fn deny(reason: impl Into<String>) -> Self {
        Self::Deny(reason.into())
    }
}

/// An operation on a state store.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum StateOperation {
    /// Loads a value.
    Load {
        /// What it belongs to.
        scope: StateScope,
        /// Its key.
        key: String,
    },
    /// Saves a value.
    Save {
        /// What it belongs to.
        scope: StateScope,
        /// Its key.
        key: String,
        /// The value.
        value: Value,
        /// The version it replaces.
        over: Option<u64>,
    },
    /// Deletes a value.
    Delete {
        /// What it belongs to.
        scope: StateScope,
        /// Its key.
        key: String,
    },
}

impl fmt::Debug for StateOperation {
    /// Shows what is done to which value, and not the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, scope, key) = match self {
            Self::Load { scope, key } => ("Load", scope, key),
            Self::Save { scope, key, .. } => ("Save", scope, key),
            Self::Delete { scope, key } => ("Delete", scope, key),
        };
        f.debug_struct(name).field("scope", scope).field("key", key).finish_non_exhaustive()
    }
}

/// What happens when a hook fails, panics or takes too long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct HookPolicy {
    enabled: bool,
    on_failure: OnHookFailure,
    timeout: Duration,
}

/// Whether a failing hook stops the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnHookFailure {
    /// The run fails. A hook that guards something must not be passed by when it breaks.
    #[default]
    Fail,
    /// The run goes on as if the hook were not there; what the hook had changed until then is undone.
    Skip,
}

impl HookPolicy {
    /// A failing hook fails the run; a hook may take 10 seconds.
    pub fn new() -> Self {
        Self { enabled: true, on_failure: OnHookFailure::Fail, timeout: Duration::from_secs(10) }
    }

    /// A failing hook is passed by.
    pub fn skip_on_failure(mut self) -> Self {
        self.on_failure = OnHookFailure::Skip;
        self
    }

    /// Sets how long one call of the hook may take.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Turns the hook off.
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
}

impl Default for HookPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// Hooks with their policies, in order.
#[derive(Clone, Default)]
pub(crate) struct Hooks(Vec<Entry>);

#[derive(Clone)]
struct Entry {
    hook: Arc<dyn ErasedHook>,
    policy: HookPolicy,
}

/// Calls one method of every hook. A hook that is passed by on failure works on a copy, so that nothing half stays.
macro_rules! call_each {
    ($hooks:expr, $context:expr, $at:expr, $method:ident($($fixed:expr),*; $value:ident)) => {
        for entry in $hooks {
            match entry.policy.on_failure {
                OnHookFailure::Fail => {
                    let call = entry.hook.$method($context, $($fixed,)* &mut *$value);
                    entry.guard(stringify!($method), $at, call).await?;
                }
                OnHookFailure::Skip => {
                    let mut copy = $value.clone();
                    let call = entry.hook.$method($context, $($fixed,)* &mut copy);
                    if entry.guard(stringify!($method), $at, call).await?.is_some() {
                        *$value = copy;
                    }
                }
            }
        }
    };
}

impl Hooks {
    pub(crate) fn add(&mut self, hook: impl Hook, policy: HookPolicy) {
        if policy.enabled {
            self.0.push(Entry { hook: Arc::new(hook), policy });
        }
    }

    /// These hooks, then `inner`'s.
    pub(crate) fn then(&self, inner: &Self) -> Self {
        Self(self.0.iter().chain(&inner.0).cloned().collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) async fn before_model_call(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        request: &mut ModelRequest,
    ) -> Result<()> {
        call_each!(&self.0, context, at, before_model_call(; request));
        Ok(())
    }

    pub(crate) async fn after_model_call(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        response: &mut ModelResponse,
    ) -> Result<()> {
        call_each!(self.0.iter().rev(), context, at, after_model_call(; response));
        Ok(())
    }

    pub(crate) async fn before_tool_call(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        call: &mut ToolCall,
    ) -> Result<ToolVerdict> {
        for entry in &self.0 {
            let mut copy = call.clone();
            let verdict = entry.hook.before_tool_call(context, &mut copy);
            match entry.guard("before_tool_call", at, verdict).await? {
                Some(ToolVerdict::Run) => *call = copy,
                Some(denied @ ToolVerdict::Deny(_)) => return Ok(denied),
                None => {}
            }
        }
        Ok(ToolVerdict::Run)
    }

    pub(crate) async fn after_tool_call(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        call: &ToolCall,
        result: &mut ToolResult,
    ) -> Result<()> {
        call_each!(self.0.iter().rev(), context, at, after_tool_call(call; result));
        Ok(())
    }

    pub(crate) async fn before_state_operation(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        operation: &mut StateOperation,
    ) -> Result<()> {
        call_each!(&self.0, context, at, before_state_operation(; operation));
        Ok(())
    }

    pub(crate) async fn after_state_operation(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        operation: &StateOperation,
        loaded: &mut Option<Stored>,
    ) -> Result<()> {
        call_each!(self.0.iter().rev(), context, at, after_state_operation(operation; loaded));
        Ok(())
    }

    pub(crate) async fn before_compression(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        messages: &Messages,
    ) -> Result<()> {
        for entry in &self.0 {
            entry.guard("before_compression", at, entry.hook.before_compression(context, messages)).await?;
        }
        Ok(())
    }

    pub(crate) async fn after_compression(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        messages: &mut Messages,
    ) -> Result<()> {
        call_each!(self.0.iter().rev(), context, at, after_compression(; messages));
        Ok(())
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|entry| entry.hook.name())).finish()
    }
}

/// Where the failure of a hook is reported.
#[derive(Clone, Copy)]
pub(crate) struct HookPoint<'a> {
    pub(crate) emitter: &'a Emitter,
    pub(crate) span: Span,
}

impl Entry {
    /// Waits for a hook under its deadline. `None` where it failed and its policy passes it by.
    async fn guard<T>(&self, point: &'static str, at: HookPoint<'_>, call: HookFuture<'_, T>) -> Result<Option<T>> {
        let name = self.hook.name();
        let failure = match tokio::time::timeout(self.policy.timeout, AssertUnwindSafe(call).catch_unwind()).await {
            Ok(Ok(Ok(value))) => return Ok(Some(value)),
            Ok(Ok(Err(error))) => {
                Error::with_source(ErrorKind::Hook, format!("hook `{name}` failed in {point}: {error}"), error)
            }
            Ok(Err(_)) => Error::new(ErrorKind::Hook, format!("hook `{name}` panicked in {point}")),
            Err(_) => Error::new(
                ErrorKind::Hook,
                format!("hook `{name}` took longer than {} ms in {point}", self.policy.timeout.as_millis()),
            ),
        };
        at.emitter.emit(at.span, || EventKind::HookFailed { hook: name.to_owned(), point, error: failure.clone() });
        match self.policy.on_failure {
            OnHookFailure::Fail => Err(failure),
            OnHookFailure::Skip => Ok(None),
        }
    }
}

type HookFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// [`Hook`] with boxed futures.
trait ErasedHook: Send + Sync {
    fn name(&self) -> &str;
    fn before_model_call<'a>(&'a self, context: &'a HookContext, request: &'a mut ModelRequest) -> HookFuture<'a, ()>;
    fn after_model_call<'a>(&'a self, context: &'a HookContext, response: &'a mut ModelResponse) -> HookFuture<'a, ()>;
    fn before_tool_call<'a>(&'a self, context: &'a HookContext, call: &'a mut ToolCall) -> HookFuture<'a, ToolVerdict>;
    fn after_tool_call<'a>(
        &'a self,
        context: &'a HookContext,
        call: &'a ToolCall,
        result: &'a mut ToolResult,
    ) -> HookFuture<'a, ()>;
    fn before_state_operation<'a>(
        &'a self,
        context: &'a HookContext,
        operation: &'a mut StateOperation,
    ) -> HookFuture<'a, ()>;
    fn after_state_operation<'a>(
        &'a self,
        context: &'a HookContext,
        operation: &'a StateOperation,
        loaded: &'a mut Option<Stored>,
    ) -> HookFuture<'a, ()>;
    fn before_compression<'a>(&'a self, context: &'a HookContext, messages: &'a Messages) -> HookFuture<'a, ()>;
    fn after_compression<'a>(&'a self, context: &'a HookContext, messages: &'a mut Messages) -> HookFuture<'a, ()>;
}

// The blocks hold the calls themselves, so that a panic before the future is there is caught with the others.
impl<H: Hook> ErasedHook for H {
    fn name(&self) -> &str {
        Hook::name(self)
    }

    fn before_model_call<'a>(&'a self, context: &'a HookContext, request: &'a mut ModelRequest) -> HookFuture<'a, ()> {
        Box::pin(async move { Hook::before_model_call(self, context, request).await })
    }

    fn after_model_call<'a>(&'a self, context: &'a HookContext, response: &'a mut ModelResponse) -> HookFuture<'a, ()> {
        Box::pin(async move { Hook::after_model_call(self, context, response).await })
    }

    fn before_tool_call<'a>(&'a self, context: &'a HookContext, call: &'a mut ToolCall) -> HookFuture<'a, ToolVerdict> {
        Box::pin(async move { Hook::before_tool_call(self, context, call).await })
    }

    fn after_tool_call<'a>(
        &'a self,
        context: &'a HookContext,
        call: &'a ToolCall,
        result: &'a mut ToolResult,
    ) -> HookFuture<'a, ()> {
        Box::pin(async move { Hook::after_tool_call(self, context, call, result).await })
    }

    fn before_state_operation<'a>(
        &'a self,
        context: &'a HookContext,
        operation: &'a mut StateOperation,
    ) -> HookFuture<'a, ()> {
        Box::pin(async move { Hook::before_state_operation(self, context, operation).await })
    }

    fn after_state_operation<'a>(
        &'a self,
        context: &'a HookContext,
        operation: &'a StateOperation,
        loaded: &'a mut Option<Stored>,
    ) -> HookFuture<'a, ()> {
        Box::pin(async move { Hook::after_state_operation(self, context, operation, loaded).await })
    }

    fn before_compression<'a>(&'a self, context: &'a HookContext, messages: &'a Messages) -> HookFuture<'a, ()> {
        Box::pin(async move { Hook::before_compression(self, context, messages).await })
    }

    fn after_compression<'a>(&'a self, context: &'a HookContext, messages: &'a mut Messages) -> HookFuture<'a, ()> {
        Box::pin(async move { Hook::after_compression(self, context, messages).await })
    }
}

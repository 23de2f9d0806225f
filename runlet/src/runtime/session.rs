//! What the tool calls of one run share: its hooks, its events, its tools and its state.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::lineage::Lineage;
use super::output::OutputCap;
use crate::agent::{OutputPlan, ToolPolicy};
use crate::budget::Recall;
use crate::context::{CallInfo, CallServices, Context, ServiceFuture, Span};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Emitter, EventKind, Redactor, ToolCallRef};
use crate::hook::{HookContext, HookPoint, Hooks, StateOperation, StateOutcome};
use crate::message::{ToolResult, Usage};
use crate::state::{AnyStateStore, StateScope, Stored};
use crate::tool::{Arguments, ToolError, ToolOutput, ToolSpec, Toolbox};

/// What the tool calls of one run share.
pub(super) struct Session {
    pub(super) emitter: Emitter,
    pub(super) root: Span,
    pub(super) hooks: Hooks,
    pub(super) host: Box<dyn ToolHost>,
    pub(super) policy: ToolPolicy,
    pub(super) output: OutputPlan,
    pub(super) check: fn(&str) -> Result<(), String>,
    pub(super) state: StateAccess,
    /// What of the content goes into spans; `None` for nothing.
    pub(super) traced: Option<Redactor>,
    pub(super) cancellation: CancellationToken,
    /// The run's usage so far, for when the run is dropped.
    pub(super) usage: Mutex<Usage>,
    pub(super) outputs: OutputCap,
    pub(super) lineage: Arc<Lineage>,
}

impl Session {
    pub(super) fn hook_context(&self, step: u32) -> HookContext {
        HookContext::new(Arc::clone(self.emitter.run()), step)
    }

    pub(super) fn hook_point(&self, span: Span) -> HookPoint<'_> {
        HookPoint { emitter: &self.emitter, span }
    }

    pub(super) fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_usage(&self, usage: Usage) {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = usage;
    }

    /// What is known of a tool, the agent's or the one that reads what was cut.
    pub(super) fn spec(&self, name: &str) -> Option<&Arc<ToolSpec>> {
        self.host.spec(name).or_else(|| self.outputs.recall_by_name(name))
    }

    /// Carries out a state operation between its hooks, within its deadline, and emits its event.
    pub(super) async fn operate(&self, span: Span, operation: StateOperation) -> Result<StateOutcome> {
        self.state.operate(&self.hooks, &self.hook_context(span.step), self.hook_point(span), operation).await
    }
}

/// Where state is kept, and how long one operation on it may take.
#[derive(Clone)]
pub(super) struct StateAccess {
    pub(super) store: Option<AnyStateStore>,
    pub(super) timeout: Duration,
}

impl StateAccess {
    pub(super) async fn operate(
        &self,
        hooks: &Hooks,
        context: &HookContext,
        at: HookPoint<'_>,
        mut operation: StateOperation,
    ) -> Result<StateOutcome> {
        let Some(store) = &self.store else {
            return Err(Error::new(ErrorKind::State, "the runtime has no state store: set one with `state_store`"));
        };
        let outcome = if hooks.is_empty() {
            self.ask(store, &operation).await?
        } else {
            hooks.before_state_operation(context, at, &mut operation).await?;
            let work = Box::pin(self.ask(store, &operation));
            match hooks.around_state_operation(context, at, &operation, work).await {
                Ok(mut outcome) => {
                    hooks.after_state_operation(context, at, &operation, &mut outcome.loaded).await?;
                    outcome
                }
                Err(error) => {
                    hooks.on_state_error(context, at, &operation, &error).await?;
                    return Err(error);
                }
            }
        };
        at.emitter.emit(at.span, || match operation {
            StateOperation::Load { scope, key } => {
                let version = outcome.loaded.as_ref().map(|stored| stored.version);
                EventKind::StateLoaded { scope, key, version }
            }
            StateOperation::Save { scope, key, .. } | StateOperation::Delete { scope, key } => {
                EventKind::StateSaved { scope, key, version: outcome.version }
            }
        });
        Ok(outcome)
    }

    async fn ask(&self, store: &AnyStateStore, operation: &StateOperation) -> Result<StateOutcome> {
        let mut outcome = StateOutcome::default();
        let asked = async {
            match operation {
                StateOperation::Load { scope, key } => outcome.loaded = store.load(scope, key).await?,
                StateOperation::Save { scope, key, value, over } => {
                    outcome.version = Some(store.save(scope, key, value.clone(), *over).await?);
                }
                StateOperation::Delete { scope, key } => store.delete(scope, key).await?,
            }
            Ok::<(), Error>(())
        };
        let late = |_| {
            let limit = self.timeout.as_millis();
            Error::new(ErrorKind::State, format!("the state store took longer than {limit} ms"))
        };
        // What a panic says was never meant for anyone else.
        let panicked = |_| Error::new(ErrorKind::State, "the state store panicked");
        let asked = AssertUnwindSafe(asked).catch_unwind();
        tokio::time::timeout(self.timeout, asked).await.map_err(late)?.map_err(panicked)??;
        Ok(outcome)
    }
}

impl CallServices for Session {
    fn progress(&self, call: &CallInfo, message: String) {
        self.emitter.emit(call.span(), || {
            let call = ToolCallRef { index: call.index(), id: call.call_id().into(), tool: call.tool().into() };
            EventKind::ToolProgress { call, message }
        });
    }

    fn load_state<'a>(&'a self, span: Span, scope: &'a StateScope, key: &'a str) -> ServiceFuture<'a, Option<Stored>> {
        Box::pin(async move {
            let operation = StateOperation::Load { scope: scope.clone(), key: key.to_owned() };
            Ok(self.operate(span, operation).await?.loaded)
        })
    }

    fn save_state<'a>(
        &'a self,
        span: Span,
        scope: &'a StateScope,
        key: &'a str,
        value: Value,
        over: Option<u64>,
    ) -> ServiceFuture<'a, u64> {
        Box::pin(async move {
            let operation = StateOperation::Save { scope: scope.clone(), key: key.to_owned(), value, over };
            let version = self.operate(span, operation).await?.version;
            version.ok_or_else(|| Error::new(ErrorKind::Hook, "a hook turned a save into another operation"))
        })
    }

    fn delete_state<'a>(&'a self, span: Span, scope: &'a StateScope, key: &'a str) -> ServiceFuture<'a, ()> {
        Box::pin(async move {
            let operation = StateOperation::Delete { scope: scope.clone(), key: key.to_owned() };
            self.operate(span, operation).await.map(drop)
        })
    }
}

/// An agent's tools with the run's dependencies, without their type.
pub(super) trait ToolHost: Send + Sync {
    /// What is known of a tool; `None` where there is none of that name.
    fn spec(&self, name: &str) -> Option<&Arc<ToolSpec>>;
    /// The names of all tools, in their order.
    fn names(&self) -> Vec<&str>;
    /// Runs a call within a run. `None` where there is no tool of that name.
    fn call(&self, info: CallInfo, within: Arc<Lineage>) -> Option<HostedCall>;
}

/// A call that owns everything it needs.
pub(super) type HostedCall = Pin<Box<dyn Future<Output = Result<ToolOutput, ToolError>> + Send>>;

pub(super) struct Hosted<D> {
    pub(super) toolbox: Arc<Toolbox<D>>,
    pub(super) deps: Arc<D>,
}

impl<D: Send + Sync + 'static> ToolHost for Hosted<D> {
    fn spec(&self, name: &str) -> Option<&Arc<ToolSpec>> {
        self.toolbox.spec(name)
    }

    fn names(&self) -> Vec<&str> {
        self.toolbox.specs().iter().map(|spec| spec.name.as_ref()).collect()
    }

    fn call(&self, info: CallInfo, within: Arc<Lineage>) -> Option<HostedCall> {
        let tool = Arc::clone(self.toolbox.get(info.tool())?);
        let context = Context::new(Arc::clone(&self.deps), info);
        let call = async move { tool.call(&context, Arguments::new(context.info().arguments())).await };
        Some(Box::pin(Lineage::enclose(within, call)))
    }
}

impl Recall for Session {
    fn keep(&self, result: &ToolResult) -> Option<String> {
        self.outputs.keep(result)
    }
}

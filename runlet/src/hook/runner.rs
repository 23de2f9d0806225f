//! Calling hooks and guards: in order, under their deadlines, with their panics caught.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, sleep, timeout};

use super::guard::ErasedGuard;
use super::next::Work;
use super::{
    Guard, Hook, HookContext, HookPolicy, ModelFailure, ModelRecovery, ModelVerdict, Next, OnHookFailure, RunEnd,
    StateOperation, StateOutcome, ToolFailure, ToolRecovery, ToolVerdict, Verdict,
};
use crate::context::Span;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Emitter, EventKind};
use crate::message::{Messages, Role, ToolCall, ToolResult};
use crate::model::{ModelRequest, ModelResponse, PreparedRequest};
use crate::state::Stored;

pub(crate) type HookFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Writes a trait down once more with boxed futures. The blocks hold the calls themselves, so that a panic before the
/// future is there is caught with the others.
macro_rules! erased {
    (
        $(#[$doc:meta])* $erased:ident: $plain:ident {
            $($method:ident($($argument:ident: $type:ty),*) -> $output:ty;)*
        }
    ) => {
        $(#[$doc])*
        pub(super) trait $erased: Send + Sync {
            fn name(&self) -> &str;
            $(fn $method<'a>(&'a self, context: &'a HookContext, $($argument: $type),*) -> HookFuture<'a, $output>;)*
        }

        impl<T: $plain> $erased for T {
            fn name(&self) -> &str {
                $plain::name(self)
            }

            $(fn $method<'a>(&'a self, context: &'a HookContext, $($argument: $type),*) -> HookFuture<'a, $output> {
                Box::pin(async move { $plain::$method(self, context, $($argument),*).await })
            })*
        }
    };
}
pub(super) use erased;

erased! {
    /// [`Hook`] with boxed futures.
    ErasedHook: Hook {
        before_model_call(request: &'a mut ModelRequest) -> ModelVerdict;
        around_model_call(request: &'a PreparedRequest, next: Next<'a, ModelResponse>) -> ModelResponse;
        on_model_error(failure: &'a ModelFailure) -> ModelRecovery;
        after_model_call(response: &'a mut ModelResponse) -> ();
        before_tool_call(call: &'a mut ToolCall) -> ToolVerdict;
        around_tool_call(call: &'a ToolCall, next: Next<'a, ToolResult>) -> ToolResult;
        on_tool_error(failure: &'a ToolFailure<'a>) -> ToolRecovery;
        after_tool_call(call: &'a ToolCall, result: &'a mut ToolResult) -> ();
        before_state_operation(operation: &'a mut StateOperation) -> ();
        around_state_operation(operation: &'a StateOperation, next: Next<'a, StateOutcome>) -> StateOutcome;
        on_state_error(operation: &'a StateOperation, error: &'a Error) -> ();
        after_state_operation(operation: &'a StateOperation, loaded: &'a mut Option<Stored>) -> ();
        before_compression(messages: &'a Messages) -> ();
        around_compression(messages: &'a Messages, next: Next<'a, Option<Messages>>) -> Option<Messages>;
        on_compression_error(error: &'a Error) -> ();
        after_compression(messages: &'a mut Messages) -> ();
        before_run(messages: &'a Messages) -> ();
        around_run(next: Next<'a, ()>) -> ();
        on_run_error(end: &'a RunEnd<'a>, error: &'a Error) -> ();
        after_run(end: &'a RunEnd<'a>) -> ();
    }
}

/// Hooks with their policies, and guards, in order.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    hooks: Vec<Entry>,
    guards: Vec<GuardEntry>,
}

#[derive(Clone)]
struct Entry {
    hook: Arc<dyn ErasedHook>,
    policy: HookPolicy,
}

#[derive(Clone)]
struct GuardEntry {
    guard: Arc<dyn ErasedGuard>,
    limit: Duration,
}

/// Where the failure of a hook is reported.
#[derive(Clone, Copy)]
pub(crate) struct HookPoint<'a> {
    pub(crate) emitter: &'a Emitter,
    pub(crate) span: Span,
}

/// Calls one method of every hook. A hook that is passed by on failure works on a copy, so that nothing half stays.
macro_rules! change_each {
    ($hooks:expr, $context:expr, $at:expr, $method:ident($($fixed:expr),*; $value:ident)) => {{
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
        Ok(())
    }};
}

/// Calls one method of every hook that may only see.
macro_rules! show_each {
    ($hooks:expr, $context:expr, $at:expr, $method:ident($($fixed:expr),*)) => {{
        for entry in $hooks {
            entry.guard(stringify!($method), $at, entry.hook.$method($context, $($fixed),*)).await?;
        }
        Ok(())
    }};
}

/// Does work inside one method of every hook, the first outermost.
macro_rules! surround {
    ($hooks:expr, $context:expr, $at:expr, $method:ident($($fixed:expr),*), $work:expr) => {{
        let mut work: HookFuture<'_, _> = $work;
        for entry in $hooks.iter().rev() {
            let inner = Work::new(work, entry.policy.on_failure == OnHookFailure::Skip);
            let call = entry.hook.$method($context, $($fixed,)* Next(Arc::clone(&inner)));
            work = Box::pin(entry.around(stringify!($method), $at, call, inner));
        }
        work.await
    }};
}

/// Asks every guard.
macro_rules! check_each {
    ($guards:expr, $context:expr, $at:expr, $method:ident($($fixed:expr),*)) => {{
        for guard in $guards {
            guard.check(stringify!($method), $at, guard.guard.$method($context, $($fixed),*)).await?;
        }
        Ok(())
    }};
}

impl Hooks {
    pub(crate) fn add(&mut self, hook: impl Hook, policy: HookPolicy) {
        if policy.enabled {
            self.hooks.push(Entry { hook: Arc::new(hook), policy });
        }
    }

    pub(crate) fn add_guard(&mut self, guard: impl Guard) {
        self.guards.push(GuardEntry { limit: guard.timeout(), guard: Arc::new(guard) });
    }

    /// These hooks and guards, then `inner`'s.
    pub(crate) fn then(&self, inner: &Self) -> Self {
        Self {
            hooks: self.hooks.iter().chain(&inner.hooks).cloned().collect(),
            guards: self.guards.iter().chain(&inner.guards).cloned().collect(),
        }
    }

    /// Whether there is neither a hook nor a guard.
    pub(crate) fn is_empty(&self) -> bool {
        self.hooks.is_empty() && self.guards.is_empty()
    }

    /// Lets the hooks change a request; the answer of a hook that answers it, with the hook's name.
    pub(crate) async fn before_model_call(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        request: &mut ModelRequest,
    ) -> Result<Option<(String, ModelResponse)>> {
        for entry in &self.hooks {
            // Only a hook that may be passed by needs a copy to work on: a request can be large.
            let skip = entry.policy.on_failure == OnHookFailure::Skip;
            let mut copy = if skip { Some(request.clone()) } else { None };
            let call = entry.hook.before_model_call(context, copy.as_mut().unwrap_or(&mut *request));
            let verdict = entry.guard("before_model_call", at, call).await?;
            if let (Some(_), Some(copy)) = (&verdict, copy) {
                *request = copy;
            }
            if let Some(ModelVerdict::Respond(response)) = verdict {
                return Ok(Some((entry.hook.name().to_owned(), *response)));
            }
        }
        Ok(None)
    }

    pub(crate) async fn check_model_call(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        request: &PreparedRequest,
    ) -> Result<()> {
        check_each!(&self.guards, context, at, check_model_call(request))
    }

    pub(crate) async fn around_model_call<'a>(
        &'a self,
        context: &'a HookContext,
        at: HookPoint<'a>,
        request: &'a PreparedRequest,
        work: HookFuture<'a, ModelResponse>,
    ) -> Result<ModelResponse> {
        surround!(self.hooks, context, at, around_model_call(request), work)
    }

    /// What is to be done about a failed model call, and which hook says so.
    pub(crate) async fn on_model_error(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        failure: &ModelFailure,
    ) -> Result<(ModelRecovery, String)> {
        for entry in self.hooks.iter().rev() {
            let call = entry.hook.on_model_error(context, failure);
            match entry.guard("on_model_error", at, call).await? {
                None | Some(ModelRecovery::Fail) => {}
                Some(recovery) => return Ok((recovery, entry.hook.name().to_owned())),
            }
        }
        Ok((ModelRecovery::Fail, String::new()))
    }

    pub(crate) async fn after_model_call(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        response: &mut ModelResponse,
    ) -> Result<()> {
        let changed: Result<()> = change_each!(self.hooks.iter().rev(), context, at, after_model_call(; response));
        changed?;
        if response.message.role != Role::Assistant {
            let message = "a hook made an answer of the model that is not an assistant's message";
            return Err(Error::new(ErrorKind::Hook, message));
        }
        check_each!(&self.guards, context, at, check_response(response))
    }

    pub(crate) async fn before_tool_call(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        call: &mut ToolCall,
    ) -> Result<ToolVerdict> {
        for entry in &self.hooks {
            let mut copy = call.clone();
            let verdict = entry.hook.before_tool_call(context, &mut copy);
            match entry.guard("before_tool_call", at, verdict).await? {
                Some(ToolVerdict::Run) => *call = copy,
                Some(shortcut) => return Ok(shortcut),
                None => {}
            }
        }
        Ok(ToolVerdict::Run)
    }

    /// Why a guard denies a call, where one does.
    pub(crate) async fn check_tool_call(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        call: &ToolCall,
    ) -> Result<Option<String>> {
        for guard in &self.guards {
            let verdict = guard.guard.check_tool_call(context, call);
            if let Verdict::Deny(reason) = guard.check("check_tool_call", at, verdict).await? {
                return Ok(Some(reason));
            }
        }
        Ok(None)
    }

    pub(crate) async fn around_tool_call<'a>(
        &'a self,
        context: &'a HookContext,
        at: HookPoint<'a>,
        call: &'a ToolCall,
        work: HookFuture<'a, ToolResult>,
    ) -> Result<ToolResult> {
        surround!(self.hooks, context, at, around_tool_call(call), work)
    }

    pub(crate) async fn on_tool_error(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        failure: &ToolFailure<'_>,
    ) -> Result<ToolRecovery> {
        for entry in self.hooks.iter().rev() {
            let call = entry.hook.on_tool_error(context, failure);
            match entry.guard("on_tool_error", at, call).await? {
                None | Some(ToolRecovery::Keep) => {}
                Some(recovery) => return Ok(recovery),
            }
        }
        Ok(ToolRecovery::Keep)
    }

    pub(crate) async fn after_tool_call(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        call: &ToolCall,
        result: &mut ToolResult,
    ) -> Result<()> {
        let changed: Result<()> = change_each!(self.hooks.iter().rev(), context, at, after_tool_call(call; result));
        changed?;
        check_each!(&self.guards, context, at, check_tool_result(call, result))
    }

    pub(crate) async fn before_state_operation(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        operation: &mut StateOperation,
    ) -> Result<()> {
        let changed: Result<()> = change_each!(&self.hooks, context, at, before_state_operation(; operation));
        changed?;
        check_each!(&self.guards, context, at, check_state_operation(operation))
    }

    pub(crate) async fn around_state_operation<'a>(
        &'a self,
        context: &'a HookContext,
        at: HookPoint<'a>,
        operation: &'a StateOperation,
        work: HookFuture<'a, StateOutcome>,
    ) -> Result<StateOutcome> {
        surround!(self.hooks, context, at, around_state_operation(operation), work)
    }

    pub(crate) async fn on_state_error(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        operation: &StateOperation,
        error: &Error,
    ) -> Result<()> {
        show_each!(self.hooks.iter().rev(), context, at, on_state_error(operation, error))
    }

    pub(crate) async fn after_state_operation(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        operation: &StateOperation,
        loaded: &mut Option<Stored>,
    ) -> Result<()> {
        change_each!(self.hooks.iter().rev(), context, at, after_state_operation(operation; loaded))
    }

    pub(crate) async fn before_compression(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        messages: &Messages,
    ) -> Result<()> {
        show_each!(&self.hooks, context, at, before_compression(messages))
    }

    pub(crate) async fn around_compression<'a>(
        &'a self,
        context: &'a HookContext,
        at: HookPoint<'a>,
        messages: &'a Messages,
        work: HookFuture<'a, Option<Messages>>,
    ) -> Result<Option<Messages>> {
        let outcome = surround!(self.hooks, context, at, around_compression(messages), work);
        if let Err(error) = &outcome {
            let shown: Result<()> = show_each!(self.hooks.iter().rev(), context, at, on_compression_error(error));
            shown?;
        }
        outcome
    }

    pub(crate) async fn after_compression(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        messages: &mut Messages,
    ) -> Result<()> {
        change_each!(self.hooks.iter().rev(), context, at, after_compression(; messages))
    }

    pub(crate) async fn before_run(&self, context: &HookContext, at: HookPoint<'_>, messages: &Messages) -> Result<()> {
        let shown: Result<()> = show_each!(&self.hooks, context, at, before_run(messages));
        shown?;
        check_each!(&self.guards, context, at, check_run(messages))
    }

    pub(crate) async fn around_run<'a>(
        &'a self,
        context: &'a HookContext,
        at: HookPoint<'a>,
        work: HookFuture<'a, ()>,
    ) -> Result<()> {
        surround!(self.hooks, context, at, around_run(), work)
    }

    /// Tells the hooks how a run ended.
    pub(crate) async fn run_ended(
        &self,
        context: &HookContext,
        at: HookPoint<'_>,
        end: &RunEnd<'_>,
        error: Option<&Error>,
    ) -> Result<()> {
        if let Some(error) = error {
            show_each!(self.hooks.iter().rev(), context, at, on_run_error(end, error))
        } else {
            show_each!(self.hooks.iter().rev(), context, at, after_run(end))
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hooks = self.hooks.iter().map(|entry| entry.hook.name());
        f.debug_list().entries(hooks.chain(self.guards.iter().map(|guard| guard.guard.name()))).finish()
    }
}

impl Entry {
    /// Waits for a hook under its deadline. `None` where it failed and its policy passes it by.
    async fn guard<T>(&self, point: &'static str, at: HookPoint<'_>, call: HookFuture<'_, T>) -> Result<Option<T>> {
        let failure = match in_time(self.hook.name(), point, self.policy.timeout, call).await {
            Ok(value) => return Ok(Some(value)),
            Err(failure) => failure,
        };
        report(self.hook.name(), point, at, &failure);
        match self.policy.on_failure {
            OnHookFailure::Fail => Err(failure),
            OnHookFailure::Skip => Ok(None),
        }
    }

    /// Waits for a hook around some work. Its deadline stands still while the work goes on, and an error of the work is
    /// not the hook's.
    async fn around<'a, T: Clone>(
        &'a self,
        point: &'static str,
        at: HookPoint<'a>,
        call: HookFuture<'a, T>,
        work: Arc<Work<'a, T>>,
    ) -> Result<T> {
        let name = self.hook.name();
        let limit = self.policy.timeout;
        // In a block of its own, so that a broken hook is gone before its work is finished without it.
        let ended = {
            let mut call = pin!(AssertUnwindSafe(call).catch_unwind());
            let began = Instant::now();
            let mut deadline = pin!(sleep(limit));
            poll_fn(|cx| {
                if let Poll::Ready(ended) = call.as_mut().poll(cx) {
                    return Poll::Ready(Some(ended));
                }
                let until = work.took().and_then(|took| began.checked_add(limit.saturating_add(took)));
                let Some(until) = until else { return Poll::Pending };
                deadline.as_mut().reset(until);
                deadline.as_mut().poll(cx).map(|()| None)
            })
            .await
        };
        let failure = match ended {
            Some(Ok(Ok(value))) => return Ok(value),
            Some(Ok(Err(error))) if work.failed() => return Err(error),
            Some(Ok(Err(error))) => failed(name, point, error),
            Some(Err(_)) => panicked(name, point),
            None => late(name, point, limit),
        };
        report(name, point, at, &failure);
        match self.policy.on_failure {
            OnHookFailure::Fail => Err(failure),
            OnHookFailure::Skip => work.finish().await,
        }
    }
}

impl GuardEntry {
    /// Waits for a guard under its deadline. Whatever goes wrong is an error.
    async fn check<T>(&self, point: &'static str, at: HookPoint<'_>, call: HookFuture<'_, T>) -> Result<T> {
        let checked = in_time(self.guard.name(), point, self.limit, call).await;
        if let Err(failure) = &checked {
            report(self.guard.name(), point, at, failure);
        }
        checked
    }
}

async fn in_time<T>(name: &str, point: &str, limit: Duration, call: HookFuture<'_, T>) -> Result<T> {
    match timeout(limit, AssertUnwindSafe(call).catch_unwind()).await {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(error))) => Err(failed(name, point, error)),
        Ok(Err(_)) => Err(panicked(name, point)),
        Err(_) => Err(late(name, point, limit)),
    }
}

fn failed(name: &str, point: &str, error: Error) -> Error {
    Error::with_source(ErrorKind::Hook, format!("hook `{name}` failed in {point}: {error}"), error)
}

fn panicked(name: &str, point: &str) -> Error {
    Error::new(ErrorKind::Hook, format!("hook `{name}` panicked in {point}"))
}

fn late(name: &str, point: &str, limit: Duration) -> Error {
    Error::new(ErrorKind::Hook, format!("hook `{name}` took longer than {} ms in {point}", limit.as_millis()))
}

fn report(name: &str, point: &'static str, at: HookPoint<'_>, failure: &Error) {
    at.emitter.emit(at.span, || EventKind::HookFailed { hook: name.to_owned(), point, error: failure.clone() });
}

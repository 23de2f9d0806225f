//! Hooks: code that may change, replace or veto what a run does. Whoever only wants to watch is an
//! [`Observer`](crate::event::Observer); what must never be passed by is a [`Guard`].
//!
//! # Order
//!
//! Hooks of the runtime stand before hooks of the agent, each in the order they were added. For each kind of work:
//!
//! 1. `before_` hooks, first to last. They may change what is about to be done.
//! 2. Guards, first to last. They see what the hooks made of it, and nothing changes it after them. A model request is
//!    counted before them, so they see what would be sent.
//! 3. `around_` hooks, the first outermost, and the work itself inside the last.
//! 4. `on_..._error` hooks where it failed, `after_` hooks where it did not: last to first.
//! 5. Guards again, over an answer of the model and a result of a tool.
//!
//! A run without hooks and guards pays for none of this: nothing is boxed, cloned or awaited.

mod guard;
mod next;
mod policy;
mod runner;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

pub use self::guard::{Guard, Verdict};
pub use self::next::Next;
pub use self::policy::{HookPolicy, OnHookFailure};
pub(crate) use self::runner::{HookPoint, Hooks};

use crate::context::{RunId, RunInfo};
use crate::error::{Error, Result};
use crate::message::{Messages, ToolCall, ToolResult, Usage};
use crate::model::{ModelRequest, ModelResponse, PreparedRequest};
use crate::state::{StateScope, Stored};
use crate::tool::{ToolErrorKind, ToolOutput};

/// Code that may change, replace or veto what a run does: model calls, tool calls, state operations, compressions, and
/// the run itself.
///
/// The [module](self) says in which order hooks are called. An error vetoes: the run fails with kind
/// [`ErrorKind::Hook`](crate::ErrorKind::Hook), before anything is sent or run. So do a panic and a hook that takes longer than its
/// [`HookPolicy`] allows. The methods are plain async functions, and those that are not written do nothing.
///
/// The budget is checked after `before_model_call`, so what a hook adds is counted too; after that, no hook can change
/// the request.
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

    /// Before a request is counted and sent. It may be changed, or answered in the model's place; an error vetoes it.
    fn before_model_call(
        &self,
        _context: &HookContext,
        _request: &mut ModelRequest,
    ) -> impl Future<Output = Result<ModelVerdict>> + Send {
        async { Ok(ModelVerdict::Send) }
    }

    /// Around the sending of a request that was counted and cannot be changed any more. What it gives stands in place
    /// of what `next` gave, an error too. Where `next` is not run, nothing is sent.
    fn around_model_call(
        &self,
        _context: &HookContext,
        _request: &PreparedRequest,
        next: Next<'_, ModelResponse>,
    ) -> impl Future<Output = Result<ModelResponse>> + Send {
        next.run()
    }

    /// After a model call failed. It may be tried again, or answered in the model's place. The first hook that does so
    /// has its way.
    fn on_model_error(
        &self,
        _context: &HookContext,
        _failure: &ModelFailure,
    ) -> impl Future<Output = Result<ModelRecovery>> + Send {
        async { Ok(ModelRecovery::Fail) }
    }

    /// After the model answered, before the answer is acted on.
    fn after_model_call(
        &self,
        _context: &HookContext,
        _response: &mut ModelResponse,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Before a tool call runs. Its arguments may be changed; it may be denied, and the model is told so, or answered in
    /// the tool's place.
    fn before_tool_call(
        &self,
        _context: &HookContext,
        _call: &mut ToolCall,
    ) -> impl Future<Output = Result<ToolVerdict>> + Send {
        async { Ok(ToolVerdict::Run) }
    }

    /// Around a tool call, its retries included. A failed call is a result too, with `is_error` set. What it gives
    /// stands in place of what `next` gave. Where `next` is not run, the tool is not.
    fn around_tool_call(
        &self,
        _context: &HookContext,
        _call: &ToolCall,
        next: Next<'_, ToolResult>,
    ) -> impl Future<Output = Result<ToolResult>> + Send {
        next.run()
    }

    /// After a tool call failed. It may be answered in the tool's place. It is not run again: only the tool itself says
    /// how often it may be.
    fn on_tool_error(
        &self,
        _context: &HookContext,
        _failure: &ToolFailure<'_>,
    ) -> impl Future<Output = Result<ToolRecovery>> + Send {
        async { Ok(ToolRecovery::Keep) }
    }

    /// After a tool call, failed or not, before the model sees its result.
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

    /// Around a state operation. Where `next` is not run, the store is not asked.
    fn around_state_operation(
        &self,
        _context: &HookContext,
        _operation: &StateOperation,
        next: Next<'_, StateOutcome>,
    ) -> impl Future<Output = Result<StateOutcome>> + Send {
        next.run()
    }

    /// After a state operation failed.
    fn on_state_error(
        &self,
        _context: &HookContext,
        _operation: &StateOperation,
        _error: &Error,
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

    /// Around one compressor's work; `None` where it can do nothing.
    fn around_compression(
        &self,
        _context: &HookContext,
        _messages: &Messages,
        next: Next<'_, Option<Messages>>,
    ) -> impl Future<Output = Result<Option<Messages>>> + Send {
        next.run()
    }

    /// After a compression failed.
    fn on_compression_error(&self, _context: &HookContext, _error: &Error) -> impl Future<Output = Result<()>> + Send {
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

    /// Before a run begins or goes on, with what the caller gave it: the history of a conversation is loaded after.
    fn before_run(&self, _context: &HookContext, _messages: &Messages) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Around a whole run. `next` gives an error where the run ends without an answer. An error in place of its answer
    /// fails the run; nothing can give it an answer that it does not have.
    fn around_run(&self, _context: &HookContext, next: Next<'_, ()>) -> impl Future<Output = Result<()>> + Send {
        next.run()
    }

    /// After a run ended without an answer. Not called for one that waits for a person.
    fn on_run_error(
        &self,
        _context: &HookContext,
        _end: &RunEnd<'_>,
        _error: &Error,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// After a run came to its answer. An error fails it.
    fn after_run(&self, _context: &HookContext, _end: &RunEnd<'_>) -> impl Future<Output = Result<()>> + Send {
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

/// What becomes of a model call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ModelVerdict {
    /// The request is counted and sent.
    Send,
    /// Nothing is sent, and this is the answer. It is treated as the model's, checks and events included; its usage is
    /// not counted, as nothing was billed.
    Respond(Box<ModelResponse>),
}

impl ModelVerdict {
    /// Answers in the model's place.
    pub fn respond(response: ModelResponse) -> Self {
        Self::Respond(Box::new(response))
    }
}

/// A model call that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ModelFailure {
    /// Why.
    pub error: Error,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// Whether the call may be tried again: hooks may have it tried three times more, and never after something of the
    /// answer was shown.
    pub may_retry: bool,
}

/// What becomes of a model call that failed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum ModelRecovery {
    /// The failure stands.
    #[default]
    Fail,
    /// The same request is sent again after a while, where [it may be](ModelFailure::may_retry); else the failure
    /// stands.
    Retry {
        /// How long to wait first.
        after: Duration,
    },
    /// This is the answer. Its usage is not counted.
    Respond(Box<ModelResponse>),
}

/// What becomes of a tool call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ToolVerdict {
    /// It runs.
    Run,
    /// It does not run. The model is told why, in these words.
    Deny(String),
    /// It does not run. The model sees this as its output.
    Answer(ToolOutput),
}

impl ToolVerdict {
    /// Denies a call with words for the model.
    pub fn deny(reason: impl Into<String>) -> Self {
        Self::Deny(reason.into())
    }

    /// Answers a call in the tool's place.
    pub fn answer(text: impl Into<String>) -> Self {
        Self::Answer(ToolOutput::text(text))
    }
}

/// A tool call that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ToolFailure<'a> {
    /// The call.
    pub call: &'a ToolCall,
    /// How it failed.
    pub kind: ToolErrorKind,
    /// What the model would read.
    pub result: &'a ToolResult,
}

/// What becomes of a tool call that failed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum ToolRecovery {
    /// The model reads of the failure.
    #[default]
    Keep,
    /// The model sees this as the call's output.
    Answer(ToolOutput),
}

/// What came of a state operation.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StateOutcome {
    /// What was loaded.
    pub loaded: Option<Stored>,
    /// The version that was saved.
    pub version: Option<u64>,
}

/// How a run ended.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RunEnd<'a> {
    /// The answer's text, where there is one.
    pub answer: Option<&'a str>,
    /// How many steps it took.
    pub steps: u32,
    /// The usage of all its model calls.
    pub usage: Usage,
}

impl fmt::Debug for RunEnd<'_> {
    /// Shows the figures, and not the answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answer, steps, usage } = self;
        f.debug_struct("RunEnd")
            .field("answered", &answer.is_some())
            .field("steps", steps)
            .field("usage", usage)
            .finish()
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

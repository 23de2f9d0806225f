//! Guards: hooks that enforce.

use std::future::Future;
use std::time::Duration;

use super::HookContext;
use super::StateOperation;
use super::runner::HookFuture;
use crate::error::Result;
use crate::message::{Messages, ToolCall, ToolResult};
use crate::model::{ModelResponse, PreparedRequest};

/// A rule that must hold. It sees, allows or refuses, and changes nothing.
///
/// A guard fails closed, and there is no policy that says otherwise: an error, a panic and a late answer all refuse. It
/// is asked after every hook has had its say, so nothing changes what it allowed. A call that a person approved is
/// checked again before it runs.
///
/// ```
/// use runlet::hook::{Guard, HookContext, Verdict};
/// use runlet::{Result, Runtime, ToolCall};
///
/// struct InsideTheTenant;
///
/// impl Guard for InsideTheTenant {
///     fn name(&self) -> &str {
///         "inside_the_tenant"
///     }
///
///     async fn check_tool_call(&self, context: &HookContext, call: &ToolCall) -> Result<Verdict> {
///         let tenant = context.metadata().get("tenant").and_then(|tenant| tenant.as_str());
///         Ok(match tenant {
///             Some(tenant) if call.arguments.contains(tenant) => Verdict::Allow,
///             _ => Verdict::deny("this belongs to another tenant"),
///         })
///     }
/// }
///
/// let runtime = Runtime::new().guard(InsideTheTenant);
/// ```
pub trait Guard: Send + Sync + 'static {
    /// A short name for events and errors.
    fn name(&self) -> &str;

    /// How long one check may take: 10 seconds where nothing else is said.
    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// Whether a run may begin or go on with these messages. An error refuses.
    fn check_run(&self, _context: &HookContext, _messages: &Messages) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Whether a request may be sent, as it would be. An error refuses, and the run fails.
    fn check_model_call(
        &self,
        _context: &HookContext,
        _request: &PreparedRequest,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Whether an answer may be acted on. An error refuses, and the run fails.
    fn check_response(
        &self,
        _context: &HookContext,
        _response: &ModelResponse,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Whether a tool call may run, with the arguments it would have. The model is told of a call that is denied; an
    /// error fails the run.
    fn check_tool_call(
        &self,
        _context: &HookContext,
        _call: &ToolCall,
    ) -> impl Future<Output = Result<Verdict>> + Send {
        async { Ok(Verdict::Allow) }
    }

    /// Whether a result may be shown to the model. An error refuses, and the run fails.
    fn check_tool_result(
        &self,
        _context: &HookContext,
        _call: &ToolCall,
        _result: &ToolResult,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Whether a state operation may be carried out. An error refuses.
    fn check_state_operation(
        &self,
        _context: &HookContext,
        _operation: &StateOperation,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}

/// What a guard says of a tool call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It may run.
    Allow,
    /// It may not. The model is told why, in these words.
    Deny(String),
}

impl Verdict {
    /// Denies a call with words for the model.
    pub fn deny(reason: impl Into<String>) -> Self {
        Self::Deny(reason.into())
    }
}

super::runner::erased! {
    /// [`Guard`] with boxed futures.
    ErasedGuard: Guard {
        check_run(messages: &'a Messages) -> ();
        check_model_call(request: &'a PreparedRequest) -> ();
        check_response(response: &'a ModelResponse) -> ();
        check_tool_call(call: &'a ToolCall) -> Verdict;
        check_tool_result(call: &'a ToolCall, result: &'a ToolResult) -> ();
        check_state_operation(operation: &'a StateOperation) -> ();
    }
}

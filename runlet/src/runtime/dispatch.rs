//! Running the tool calls of a turn: hooks, approval, timeouts, retries, and a result for every call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::output::OutputCap;
use super::session::Session;
use super::{attempts, genai};
use crate::context::{CallInfo, Span};
use crate::error::Result;
use crate::event::{EventKind, ToolCallRef};
use crate::hook::{ToolFailure, ToolRecovery, ToolVerdict};
use crate::message::{Extra, ToolCall, ToolResult};
use crate::run::{Outcome, PendingCall};
use crate::tool::{ToolError, ToolErrorKind, ToolOutput, ToolSpec};

/// How many of an agent's tool names a model is told when it calls one that does not exist.
const MAX_NAMES: usize = 20;

/// Runs one call and says what came of it. Every ending is a result for the model, except a failing hook.
pub(super) async fn run_call(session: Arc<Session>, step: Span, pending: PendingCall) -> Result<Outcome> {
    let PendingCall { index, mut call, approved, edited, .. } = pending;
    if session.output.answer_tool() == Some(call.name.as_str()) {
        return Ok(take_answer(&session, step, index, &call));
    }
    let Some(spec) = session.spec(&call.name) else {
        let span = session.emitter.span(step.step, Some(step));
        session.emitter.emit(span, || EventKind::ToolUnknown { call: reference(index, &call) });
        return Ok(settle(&session, span, index, &call, Err(unknown_tool(&session, &call.name)), Duration::ZERO));
    };
    let span = session.emitter.span(step.step, Some(step));
    let context = session.hook_context(step.step);
    // The hooks of an approved call ran before a person saw it. What a person wrote they see once more, to deny it; but
    // what was approved is what runs.
    if (!approved || edited) && !session.hooks.is_empty() {
        let asked = Arc::clone(&call);
        let changed = Arc::make_mut(&mut call);
        let verdict = session.hooks.before_tool_call(&context, session.hook_point(span), changed).await?;
        // A hook changes arguments. Another tool would run under the rules of this one.
        changed.id.clone_from(&asked.id);
        changed.name.clone_from(&asked.name);
        if edited {
            changed.arguments.clone_from(&asked.arguments);
        }
        match verdict {
            ToolVerdict::Run => {}
            ToolVerdict::Deny(reason) => {
                return Ok(settle(&session, span, index, &call, Err(denied(&reason)), Duration::ZERO));
            }
            ToolVerdict::Answer(output) => return answered(&session, span, index, spec, &call, output).boxed().await,
        }
    }
    // A guard is asked each time, as what it looks at may have changed while a person thought about it.
    if let Some(reason) = session.hooks.check_tool_call(&context, session.hook_point(span), &call).await? {
        return Ok(settle(&session, span, index, &call, Err(denied(&reason)), Duration::ZERO));
    }
    if spec.approval && !approved {
        // Readers of JSON take the first or the last of two equal keys. A person must not see one and the tool the other.
        if let Err(problem) = crate::json::check_object(&call.arguments) {
            let message = format!("`{}` was not run: its arguments are not a JSON object: {problem}", call.name);
            let invalid = ToolError::new(ToolErrorKind::InvalidArguments, message);
            return Ok(settle(&session, span, index, &call, Err(invalid), Duration::ZERO));
        }
        session.emitter.emit(span, || EventKind::HumanRequested { call: reference(index, &call) });
        return Ok(Outcome::ToolNeedsApproval { index, arguments: call.arguments.clone() });
    }
    session
        .emitter
        .emit(span, || EventKind::ToolStarted { call: reference(index, &call), arguments: call.arguments.clone() });
    let started = Instant::now();
    let (mut result, failure) = if session.hooks.is_empty() {
        perform(&session, span, index, spec, &call).await
    } else {
        hooked(&session, span, index, spec, &call).boxed().await?
    };
    if let Some(deferred) = failure.as_ref().filter(|error| error.kind() == ToolErrorKind::Deferred) {
        let (note, duration) = (deferred.message().to_owned(), started.elapsed());
        let told = note.clone();
        session.emitter.emit(span, || EventKind::ToolDeferred { call: reference(index, &call), note: told, duration });
        return Ok(Outcome::ToolDeferred { index, note });
    }
    let failure = failure.map(|error| error.kind());
    finish(&session, (span, index), spec, &call, &mut result);
    emit_ended(&session, span, index, &call, &result, failure, started.elapsed());
    Ok(Outcome::ToolSettled { index, result, failure })
}

/// What a call gave, and how it failed where it did. A deferred call is one that failed with kind `Deferred`.
type Performed = (ToolResult, Option<ToolError>);

/// Runs a call in its span.
async fn perform(session: &Arc<Session>, span: Span, index: usize, spec: &ToolSpec, call: &Arc<ToolCall>) -> Performed {
    let trace = genai::execute_tool(session, spec, call);
    let output = execute(session, span, index, spec, call).instrument(trace.clone()).await;
    let (result, failure) = result_of(call, output);
    genai::tool_ended(session, &trace, &result, failure.as_ref().map(ToolError::kind));
    (result, failure)
}

/// Runs a call with hooks around and after it.
async fn hooked(
    session: &Arc<Session>,
    span: Span,
    index: usize,
    spec: &ToolSpec,
    call: &Arc<ToolCall>,
) -> Result<Performed> {
    let (context, at) = (session.hook_context(span.step), session.hook_point(span));
    // How the call failed: hooks around it see the result alone.
    let failed = Mutex::new(None);
    let work = async {
        let (result, failure) = perform(session, span, index, spec, call).await;
        *failed.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        Ok(result)
    };
    let mut result = session.hooks.around_tool_call(&context, at, call, work.boxed()).await?;
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut failure = agreed(&result, failed);
    if failure.as_ref().is_some_and(|error| error.kind() == ToolErrorKind::Deferred) {
        return Ok((result, failure));
    }
    if let Some(error) = &failure {
        let shown = ToolFailure { call, kind: error.kind(), result: &result };
        if let ToolRecovery::Answer(output) = session.hooks.on_tool_error(&context, at, &shown).await? {
            (result, failure) = result_of(call, Ok(output));
        }
    }
    session.hooks.after_tool_call(&context, at, call, &mut result).await?;
    let failure = agreed(&result, failure);
    Ok((result, failure))
}

/// How a call failed, after hooks had their say: what they made of its result is what counts.
fn agreed(result: &ToolResult, failure: Option<ToolError>) -> Option<ToolError> {
    if !result.is_error {
        return None;
    }
    Some(failure.unwrap_or_else(|| ToolError::failed("a hook made the call fail")))
}

/// The outcome of a call that a hook answered in its tool's place.
async fn answered(
    session: &Arc<Session>,
    span: Span,
    index: usize,
    spec: &ToolSpec,
    call: &ToolCall,
    output: ToolOutput,
) -> Result<Outcome> {
    let (mut result, _) = result_of(call, Ok(output));
    let (context, at) = (session.hook_context(span.step), session.hook_point(span));
    session.hooks.after_tool_call(&context, at, call, &mut result).await?;
    let failure = agreed(&result, None).map(|error| error.kind());
    finish(session, (span, index), spec, call, &mut result);
    emit_ended(session, span, index, call, &result, failure, Duration::ZERO);
    Ok(Outcome::ToolSettled { index, result, failure })
}

/// Bounds a result that is about to become history. It comes after the hooks: what they add is cut too, and what they took
/// out is not kept.
fn finish(session: &Session, (span, index): (Span, usize), spec: &ToolSpec, call: &ToolCall, result: &mut ToolResult) {
    result.call_id.clone_from(&call.id);
    if is_recall(session, call) {
        session.outputs.apply_to_recalled(&mut result.content);
    } else {
        session.outputs.apply((span.step, index), spec.max_output, &mut result.content);
    }
}

/// Runs a call in a task of its own, again where its tool allows it.
async fn execute(
    session: &Arc<Session>,
    span: Span,
    index: usize,
    spec: &ToolSpec,
    call: &Arc<ToolCall>,
) -> Result<ToolOutput, ToolError> {
    if is_recall(session, call) {
        return session.outputs.read(&call.arguments);
    }
    let begin = |token: CancellationToken| {
        let run = Arc::clone(session.emitter.run());
        let info = CallInfo::new(run, (span, index), Arc::clone(call), token, Arc::clone(session) as _);
        let hosted = session.host.call(info, Arc::clone(&session.lineage));
        hosted.ok_or_else(|| unknown_tool(session, &call.name))
    };
    let unresponsive = |duration: Duration| {
        session.emitter.emit(span, || EventKind::ToolUnresponsive { call: reference(index, call), duration });
    };
    attempts::run(spec, &session.policy, &session.cancellation, begin, unresponsive).await
}

/// Whether a call reads what was cut of an output. An agent may have a tool of that name itself.
fn is_recall(session: &Session, call: &ToolCall) -> bool {
    OutputCap::is_recall(&call.name) && session.host.spec(&call.name).is_none()
}

fn denied(reason: &str) -> ToolError {
    ToolError::new(ToolErrorKind::Denied, format!("This call was not run: {reason}"))
}

fn unknown_tool(session: &Session, name: &str) -> ToolError {
    let mut names = session.host.names();
    names.extend(session.outputs.offered().map(|spec| spec.name.as_ref()));
    let known = match names.len() {
        0 => "There are no tools.".to_owned(),
        count => {
            let shown: Vec<String> = names.iter().take(MAX_NAMES).map(|name| format!("`{name}`")).collect();
            let rest = if count > MAX_NAMES { format!(" and {} more", count - MAX_NAMES) } else { String::new() };
            format!("The tools are: {}{rest}.", shown.join(", "))
        }
    };
    let name: String = name.chars().take(crate::tool::MAX_NAME).collect();
    ToolError::new(ToolErrorKind::UnknownTool, format!("There is no tool `{}`. {known}", name.escape_debug()))
}

/// Takes the run's answer from a call of the tool that is there for it.
fn take_answer(session: &Session, step: Span, index: usize, call: &ToolCall) -> Outcome {
    let span = session.emitter.span(step.step, Some(step));
    match (session.check)(&call.arguments) {
        Ok(()) => {
            let result = ToolResult::text(call, "The answer was taken.");
            emit_ended(session, span, index, call, &result, None, Duration::ZERO);
            Outcome::ToolAnswered { index, result, answer: call.arguments.clone() }
        }
        Err(problems) => {
            let message = format!("The answer does not have the form that was asked for: {problems}");
            let result = ToolResult::error(call, message);
            let failure = Some(ToolErrorKind::InvalidArguments);
            emit_ended(session, span, index, call, &result, failure, Duration::ZERO);
            Outcome::ToolAnswerRejected { index, result, problems }
        }
    }
}

/// The outcome of a call that did not get as far as its tool.
fn settle(
    session: &Session,
    span: Span,
    index: usize,
    call: &ToolCall,
    output: Result<ToolOutput, ToolError>,
    duration: Duration,
) -> Outcome {
    let (result, failure) = result_of(call, output);
    let failure = failure.map(|error| error.kind());
    emit_ended(session, span, index, call, &result, failure, duration);
    Outcome::ToolSettled { index, result, failure }
}

fn result_of(call: &ToolCall, output: Result<ToolOutput, ToolError>) -> Performed {
    match output {
        Ok(output) => {
            let (call_id, name) = (call.id.clone(), call.name.clone());
            (ToolResult { call_id, name, content: output.content, is_error: false, extra: Extra::default() }, None)
        }
        Err(error) => (ToolResult::error(call, error.message()), Some(error)),
    }
}

pub(super) fn emit_ended(
    session: &Session,
    span: Span,
    index: usize,
    call: &ToolCall,
    result: &ToolResult,
    failure: Option<ToolErrorKind>,
    duration: Duration,
) {
    session.emitter.emit(span, || {
        let (call, result) = (reference(index, call), Arc::new(result.clone()));
        match failure {
            None => EventKind::ToolCompleted { call, result, duration },
            Some(kind) => EventKind::ToolFailed { call, kind, result, duration },
        }
    });
}

pub(super) fn reference(index: usize, call: &ToolCall) -> ToolCallRef {
    ToolCallRef { index, id: call.id.as_str().into(), tool: call.name.as_str().into() }
}

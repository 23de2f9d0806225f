//! Events: what happens in a run, as it happens, in types.
//!
//! Every event has a stable dotted [name](EventKind::name) and a place in its run's dense order ([`Event::seq`]). The
//! stream of a run yields them; an [`Observer`] sees those of all runs of a runtime and can neither change nor block one.

mod emitter;
mod jsonl;
mod observer;
mod redact;
mod replay;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub(crate) use self::emitter::{Emitter, EventQueue};
pub use self::jsonl::JsonlSink;
pub(crate) use self::jsonl::plain_line;
pub(crate) use self::observer::Observers;
pub use self::observer::{EventLog, Observer, ObserverCounts, ObserverPolicy};
pub use self::redact::Redactor;
pub use self::replay::{EventReplay, EventSubscription};

use crate::context::RunId;
use crate::error::{Error, ErrorKind};
use crate::message::{SharedMessage, ToolResult, Usage};
use crate::model::{Bill, StopReason};
use crate::state::StateScope;
use crate::tool::ToolErrorKind;

/// Something that happened in a run.
///
/// `Debug` shows no content: no prompt, argument or result. [`to_json`](Event::to_json) shows it when asked to.
#[derive(Clone)]
#[non_exhaustive]
pub struct Event {
    /// The place in the run's order: 0, 1, 2 and so on without a gap.
    pub seq: u64,
    /// The run. What is done to a [`Conversation`](crate::Conversation) outside runs has an id of its own.
    pub run_id: RunId,
    /// The agent's name; empty outside runs.
    pub agent: Arc<str>,
    /// The step it belongs to, from 1; 0 before the first.
    pub step: u32,
    /// The span it belongs to: the run, a step, a model call or a tool call, numbered within the run.
    pub span: u64,
    /// The span around that one.
    pub parent_span: Option<u64>,
    /// When it happened.
    pub time: SystemTime,
    /// What happened.
    pub kind: EventKind,
}

/// What happened. See [`EventKind::name`] for the names.
#[derive(Clone)]
#[non_exhaustive]
pub enum EventKind {
    /// A run began.
    RunStarted {
        /// The provider's name.
        provider: String,
        /// The model's name.
        model: String,
        /// How many messages the caller gave the run; the history of a conversation is loaded after.
        messages: usize,
        /// How many tools the model may call.
        tools: usize,
    },
    /// A run was taken up again from its saved state.
    RunResumed {
        /// How many steps it had taken.
        steps: u32,
    },
    /// A run ended with an answer. Terminal.
    RunCompleted {
        /// The answer's text; JSON where the agent's output is typed.
        output: Arc<str>,
        /// Why the model stopped.
        stop_reason: StopReason,
        /// The usage of all its model calls.
        usage: Usage,
    },
    /// A run ended without an answer: it failed or the model refused. Terminal.
    RunFailed {
        /// Why.
        error: Error,
        /// Whether the model, or its provider's filter, declined.
        refused: bool,
        /// The usage of all its model calls.
        usage: Usage,
    },
    /// A run was cancelled. Terminal.
    RunCancelled {
        /// The usage of all its model calls.
        usage: Usage,
    },
    /// A run waits for a person and can be resumed. Terminal.
    RunInterrupted {
        /// How many calls wait.
        pending: usize,
        /// The usage of all its model calls.
        usage: Usage,
    },
    /// A run came to a limit of its policy. Terminal.
    PolicyStopped {
        /// Which limit, and what was used.
        error: Error,
        /// The usage of all its model calls.
        usage: Usage,
    },
    /// A step began: a model call and the tool calls it asks for.
    StepStarted,
    /// A step ended.
    StepCompleted {
        /// How many tool calls it had.
        tool_calls: usize,
    },
    /// A request was counted and fits.
    ContextBudgetChecked {
        /// Where the tokens go.
        bill: Bill,
    },
    /// A conversation was made smaller.
    ContextCompressed {
        /// The compressor's name.
        compressor: String,
        /// How many messages went or were replaced.
        removed_messages: usize,
        /// How many tokens of the upper figure were freed.
        freed_tokens: u64,
    },
    /// A compressor failed; the next one is asked.
    ContextCompressionFailed {
        /// The compressor's name.
        compressor: String,
        /// Why.
        error: Error,
    },
    /// A request does not fit, and nothing was sent.
    ContextRefused {
        /// Where the tokens would have gone, where the request was counted.
        bill: Option<Bill>,
        /// Why.
        error: Error,
    },
    /// A request goes to the model.
    ModelRequested {
        /// The provider's name.
        provider: String,
        /// The model's name.
        model: String,
        /// How many messages it holds.
        messages: usize,
        /// Whether the answer is to come in pieces.
        stream: bool,
    },
    /// The model answered.
    ModelCompleted {
        /// What it said.
        message: SharedMessage,
        /// Which model said it, as the provider names it: a fallback may have stepped in.
        model: Option<String>,
        /// Why it stopped.
        stop_reason: StopReason,
        /// What this answer was billed.
        usage: Usage,
        /// How long it took.
        duration: Duration,
    },
    /// A hook answered in the model's place: nothing was sent, or the answer of what was sent does not count.
    ModelSkipped {
        /// The hook's name.
        hook: String,
    },
    /// The model call failed.
    ModelFailed {
        /// Why.
        error: Error,
        /// How long it took.
        duration: Duration,
    },
    /// The model call will be tried again.
    ModelRetrying {
        /// Which try comes next, from 2.
        attempt: u32,
        /// How long the model waits first.
        delay: Duration,
        /// Why the last one failed.
        error: Error,
        /// The model that is asked next, as `provider/name`, where it is another one.
        model: Option<String>,
    },
    /// The first piece of an answer is there.
    ModelStreamStarted,
    /// More text.
    ModelTextDelta {
        /// The text.
        text: String,
    },
    /// More readable reasoning.
    ModelReasoningDelta {
        /// The text.
        text: String,
    },
    /// More of a refusal.
    ModelRefusalDelta {
        /// The text.
        text: String,
    },
    /// More of a tool call's arguments.
    ModelToolDelta {
        /// The call's place among the calls of the answer, from 0.
        index: usize,
        /// The tool's name, on the first delta of a call.
        name: Option<String>,
        /// More JSON text.
        arguments: String,
    },
    /// The last piece of an answer is there.
    ModelStreamCompleted {
        /// How many pieces came.
        events: u64,
    },
    /// A tool call began.
    ToolStarted {
        /// The call.
        call: ToolCallRef,
        /// Its arguments, as the tool will see them.
        arguments: String,
    },
    /// A tool says how far it has come.
    ToolProgress {
        /// The call.
        call: ToolCallRef,
        /// The tool's words.
        message: String,
    },
    /// A tool call ended with an output.
    ToolCompleted {
        /// The call.
        call: ToolCallRef,
        /// What the model will see.
        result: Arc<ToolResult>,
        /// How long it took.
        duration: Duration,
    },
    /// A tool call ended without an output.
    ToolFailed {
        /// The call.
        call: ToolCallRef,
        /// How it failed.
        kind: ToolErrorKind,
        /// What the model will see.
        result: Arc<ToolResult>,
        /// How long it took.
        duration: Duration,
    },
    /// The model called a tool that does not exist. The call's `tool.failed` follows.
    ToolUnknown {
        /// The call.
        call: ToolCallRef,
    },
    /// A tool call goes on although its time and its grace are up: it blocks its thread and was left behind. The call's
    /// `tool.failed` follows.
    ToolUnresponsive {
        /// The call.
        call: ToolCallRef,
        /// How long it has run so far.
        duration: Duration,
    },
    /// A tool left its answer for later: the run will wait for it.
    ToolDeferred {
        /// The call.
        call: ToolCallRef,
        /// The tool's words for whoever brings the answer.
        note: String,
        /// How long the call took.
        duration: Duration,
    },
    /// State was loaded.
    StateLoaded {
        /// What it belongs to.
        scope: StateScope,
        /// Its key.
        key: String,
        /// Its version; `None` where there was nothing.
        version: Option<u64>,
    },
    /// State was saved or deleted.
    StateSaved {
        /// What it belongs to.
        scope: StateScope,
        /// Its key.
        key: String,
        /// Its new version; `None` where it was deleted.
        version: Option<u64>,
    },
    /// A hook failed.
    HookFailed {
        /// The hook's name.
        hook: String,
        /// Where it was called, such as `before_tool_call`.
        point: &'static str,
        /// Why.
        error: Error,
    },
    /// A person is asked to decide on a tool call.
    HumanRequested {
        /// The call.
        call: ToolCallRef,
    },
    /// A person decided.
    HumanResponded {
        /// The call.
        call: ToolCallRef,
        /// Whether the call may run.
        approved: bool,
    },
    /// A decision does not fit what was asked; the run is as it was.
    HumanResponseRejected {
        /// Why, without what was submitted.
        error: Error,
    },
    /// An observer was too slow: some events never reached it. Only that observer sees this.
    EventsDropped {
        /// How many.
        count: u64,
    },
}

/// Which tool call an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ToolCallRef {
    /// The call's place among the calls of its step, from 0. With the run and the step it names the call.
    pub index: usize,
    /// The provider's id of the call.
    pub id: Arc<str>,
    /// The tool's name.
    pub tool: Arc<str>,
}

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// One of very many.
    Debug,
    /// Worth knowing.
    Info,
    /// Something was answered, refused or tried again.
    Warning,
    /// Something ended badly.
    Error,
}

/// Whether what people, models and tools said is written out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// Left out: names, ids, counts and times only.
    #[default]
    Omit,
    /// Written out.
    Include,
}

impl Event {
    /// The id: unique for ever where run ids are, among the events of one drive. A run that is resumed has its events
    /// numbered anew.
    pub fn id(&self) -> String {
        format!("{}/{}", self.run_id, self.seq)
    }

    /// The stable dotted name.
    pub fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// The event as JSON, with or without content.
    ///
    /// ```
    /// # use runlet::event::{Content, Event};
    /// fn write_line(event: &Event) -> String {
    ///     event.to_json(Content::Omit).to_string()
    /// }
    /// ```
    pub fn to_json(&self, content: Content) -> Value {
        let time = self.time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        json!({
            "id": self.id(),
            "seq": self.seq,
            "type": self.name(),
            "run_id": self.run_id,
            "agent": self.agent,
            "step": self.step,
            "span": self.span,
            "parent_span": self.parent_span,
            "unix_ms": u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            "severity": self.kind.severity(),
            "data": self.kind.data(content),
        })
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.seq, self.name(), self.kind.data(Content::Omit))
    }
}

impl fmt::Debug for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), self.data(Content::Omit))
    }
}

impl EventKind {
    /// The stable dotted name, such as `tool.completed`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStarted { .. } => "run.started",
            Self::RunResumed { .. } => "run.resumed",
            Self::RunCompleted { .. } => "run.completed",
            Self::RunFailed { .. } => "run.failed",
            Self::RunCancelled { .. } => "run.cancelled",
            Self::RunInterrupted { .. } => "run.interrupted",
            Self::PolicyStopped { .. } => "policy.stopped",
            Self::StepStarted => "step.started",
            Self::StepCompleted { .. } => "step.completed",
            Self::ContextBudgetChecked { .. } => "context.budget_checked",
            Self::ContextCompressed { .. } => "context.compressed",
            Self::ContextCompressionFailed { .. } => "context.compression_failed",
            Self::ContextRefused { .. } => "context.refused",
            Self::ModelRequested { .. } => "model.requested",
            Self::ModelCompleted { .. } => "model.completed",
            Self::ModelSkipped { .. } => "model.skipped",
            Self::ModelFailed { .. } => "model.failed",
            Self::ModelRetrying { .. } => "model.retrying",
            Self::ModelStreamStarted => "model.stream.started",
            Self::ModelTextDelta { .. } => "model.stream.delta",
            Self::ModelReasoningDelta { .. } => "model.stream.reasoning_delta",
            Self::ModelRefusalDelta { .. } => "model.stream.refusal_delta",
            Self::ModelToolDelta { .. } => "model.stream.tool_delta",
            Self::ModelStreamCompleted { .. } => "model.stream.completed",
            Self::ToolStarted { .. } => "tool.started",
            Self::ToolProgress { .. } => "tool.progress",
            Self::ToolCompleted { .. } => "tool.completed",
            Self::ToolFailed { .. } => "tool.failed",
            Self::ToolUnknown { .. } => "tool.unknown",
            Self::ToolUnresponsive { .. } => "tool.unresponsive",
            Self::ToolDeferred { .. } => "tool.deferred",
            Self::StateLoaded { .. } => "state.loaded",
            Self::StateSaved { .. } => "state.saved",
            Self::HookFailed { .. } => "hook.failed",
            Self::HumanRequested { .. } => "human.requested",
            Self::HumanResponded { .. } => "human.responded",
            Self::HumanResponseRejected { .. } => "human.response_rejected",
            Self::EventsDropped { .. } => "events.dropped",
        }
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        match self {
            Self::RunFailed { .. } => Severity::Error,
            Self::RunCancelled { .. }
            | Self::PolicyStopped { .. }
            | Self::ContextCompressionFailed { .. }
            | Self::ContextRefused { .. }
            | Self::ModelFailed { .. }
            | Self::ModelRetrying { .. }
            | Self::ToolFailed { .. }
            | Self::ToolUnknown { .. }
            | Self::ToolUnresponsive { .. }
            | Self::HookFailed { .. }
            | Self::HumanResponseRejected { .. }
            | Self::EventsDropped { .. } => Severity::Warning,
            kind if kind.is_delta() => Severity::Debug,
            _ => Severity::Info,
        }
    }

    /// Whether it is the last event of its run.
    pub fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::RunCompleted { .. }
                | Self::RunFailed { .. }
                | Self::RunCancelled { .. }
                | Self::RunInterrupted { .. }
                | Self::PolicyStopped { .. }
        )
    }

    /// Whether it is the first event of its run.
    fn opens(&self) -> bool {
        matches!(self, Self::RunStarted { .. } | Self::RunResumed { .. })
    }

    /// Whether it is one of the many pieces of a streamed answer.
    pub fn is_delta(&self) -> bool {
        matches!(
            self,
            Self::ModelTextDelta { .. }
                | Self::ModelReasoningDelta { .. }
                | Self::ModelRefusalDelta { .. }
                | Self::ModelToolDelta { .. }
        )
    }

    /// The payload as JSON.
    fn data(&self, content: Content) -> Value {
        let text = |text: &str| match content {
            Content::Omit => json!({ "bytes": text.len() }),
            Content::Include => json!(text),
        };
        match self {
            Self::RunStarted { provider, model, messages, tools } => {
                json!({ "provider": provider, "model": model, "messages": messages, "tools": tools })
            }
            Self::RunResumed { steps } => json!({ "steps": steps }),
            Self::RunCompleted { output, stop_reason, usage } => {
                json!({ "output": text(output), "stop_reason": stop_reason, "usage": usage })
            }
            Self::RunFailed { error, refused, usage } => {
                json!({ "error": error_data(error, content), "refused": refused, "usage": usage })
            }
            Self::PolicyStopped { error, usage } => {
                json!({ "error": error_data(error, content), "usage": usage })
            }
            Self::RunCancelled { usage } => json!({ "usage": usage }),
            Self::RunInterrupted { pending, usage } => json!({ "pending": pending, "usage": usage }),
            Self::StepStarted | Self::ModelStreamStarted => Value::Object(Map::new()),
            Self::StepCompleted { tool_calls } => json!({ "tool_calls": tool_calls }),
            Self::ContextBudgetChecked { bill } => json!({
                "expected": bill.total().expected, "upper": bill.total().upper, "limit": bill.limit(),
            }),
            Self::ContextCompressed { compressor, removed_messages, freed_tokens } => json!({
                "compressor": compressor, "removed_messages": removed_messages, "freed_tokens": freed_tokens,
            }),
            Self::ContextCompressionFailed { compressor, error } => {
                json!({ "compressor": compressor, "error": error_data(error, content) })
            }
            Self::ContextRefused { bill, error } => json!({ "bill": bill, "error": error_data(error, content) }),
            Self::ModelRequested { provider, model, messages, stream } => {
                json!({ "provider": provider, "model": model, "messages": messages, "stream": stream })
            }
            Self::ModelCompleted { message, model, stop_reason, usage, duration } => json!({
                "model": model,
                "message": match content {
                    Content::Omit => json!({ "parts": message.parts.len() }),
                    Content::Include => serde_json::to_value(message).unwrap_or_default(),
                },
                "stop_reason": stop_reason, "usage": usage, "duration_ms": millis(*duration),
            }),
            Self::ModelSkipped { hook } => json!({ "hook": hook }),
            Self::ModelFailed { error, duration } => {
                json!({ "error": error_data(error, content), "duration_ms": millis(*duration) })
            }
            Self::ModelRetrying { attempt, delay, error, model } => json!({
                "attempt": attempt, "delay_ms": millis(*delay), "error": error_data(error, content), "model": model,
            }),
            Self::ModelTextDelta { text: delta }
            | Self::ModelReasoningDelta { text: delta }
            | Self::ModelRefusalDelta { text: delta } => json!({ "text": text(delta) }),
            Self::ModelToolDelta { index, name, arguments } => {
                json!({ "index": index, "name": name, "arguments": text(arguments) })
            }
            Self::ModelStreamCompleted { events } => json!({ "events": events }),
            Self::ToolStarted { call, arguments } => json!({ "call": call, "arguments": text(arguments) }),
            Self::ToolProgress { call, message } => json!({ "call": call, "message": text(message) }),
            Self::ToolCompleted { call, result, duration } => json!({
                "call": call, "result": text(&result.as_text()), "duration_ms": millis(*duration),
            }),
            Self::ToolFailed { call, kind, result, duration } => json!({
                "call": call, "kind": kind, "result": text(&result.as_text()), "duration_ms": millis(*duration),
            }),
            Self::ToolUnresponsive { call, duration } => json!({ "call": call, "duration_ms": millis(*duration) }),
            Self::ToolDeferred { call, note, duration } => {
                json!({ "call": call, "note": text(note), "duration_ms": millis(*duration) })
            }
            Self::StateLoaded { scope, key, version } | Self::StateSaved { scope, key, version } => {
                json!({ "scope": scope, "key": key, "version": version })
            }
            Self::HookFailed { hook, point, error } => {
                json!({ "hook": hook, "point": point, "error": error_data(error, content) })
            }
            Self::HumanRequested { call } | Self::ToolUnknown { call } => json!({ "call": call }),
            Self::HumanResponded { call, approved } => json!({ "call": call, "approved": approved }),
            Self::HumanResponseRejected { error } => json!({ "error": error_data(error, content) }),
            Self::EventsDropped { count } => json!({ "count": count }),
        }
    }
}

/// An error; its words only where they are Runlet's own, or content is asked for: models, tools, hooks and stores put
/// what was said into theirs. Of a provider's error, what says where to look is always shown.
fn error_data(error: &Error, content: Content) -> Value {
    let own = !matches!(
        error.kind(),
        ErrorKind::Config | ErrorKind::Model | ErrorKind::Tool | ErrorKind::Hook | ErrorKind::State
    );
    let message = match content {
        Content::Omit if !own => json!({ "bytes": error.to_string().len() }),
        _ => json!(error.to_string()),
    };
    let mut data = json!({ "kind": error.kind(), "message": message });
    if let (Some(provider), Some(data)) = (error.provider(), data.as_object_mut()) {
        let said = json!({
            "name": provider.provider, "category": provider.category.to_string(), "status": provider.status,
            "code": provider.code, "request_id": provider.request_id,
        });
        data.insert("provider".to_owned(), said);
    }
    data
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

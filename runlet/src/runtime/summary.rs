//! What the events of a run say of it, for who has nothing but its events.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::context::RunId;
use crate::error::ErrorKind;
use crate::event::{Content, Event, ToolCallRef, plain_line};
use crate::message::Usage;
use crate::model::StopReason;
use crate::run::RunStatus;
use crate::tool::ToolErrorKind;

/// A run as its events tell it: how it stands, its answer, what it used, what its tools gave.
///
/// It takes events as they come, or the lines that a [`JsonlSink`](crate::event::JsonlSink) has written, and says the same
/// as the [`RunReport`](crate::RunReport) as soon as it has the run's last event. What was said is there as far as the
/// events show it. The events of a run that was resumed go on where those of the interrupted one ended.
///
/// ```
/// use runlet::event::EventLog;
/// use runlet::run::RunStatus;
/// use runlet::runtime::RunSummary;
/// use runlet::testing::ScriptedModel;
/// use runlet::{Runtime, agent};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let (log, greeter) = (EventLog::new(), agent!(greeter { model: ScriptedModel::new().text("Hello, Ada.") }));
/// let result = Runtime::new().event_log(&log).run(&greeter, (), "I am Ada.").await?;
///
/// let summary = RunSummary::from_events(&log.events());
/// assert_eq!(summary.status, RunStatus::Completed);
/// assert_eq!(summary.answer.as_deref(), Some(result.output.as_str()));
/// assert_eq!(summary.usage, result.usage);
/// assert!(summary.gapless);
/// # Ok::<(), runlet::RunError>(()) }).unwrap();
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct RunSummary {
    /// The run: that of the first event. Events of others are passed over.
    pub run_id: Option<RunId>,
    /// The agent's name.
    pub agent: String,
    /// How the run stands: it is [`Running`](RunStatus::Running) until its last event came.
    pub status: RunStatus,
    /// The answer's text, where there is one and the events show it; JSON where the agent's output is typed.
    pub answer: Option<String>,
    /// The usage of all model calls.
    pub usage: Usage,
    /// How many steps began.
    pub steps: u32,
    /// Why the model stopped last.
    pub stop_reason: Option<StopReason>,
    /// The tool calls, by step and place. Calls that were settled without being run have no events.
    pub tools: Vec<ToolSummary>,
    /// Why there is no answer, where the run failed, came to a limit or was cancelled.
    pub error: Option<ErrorSummary>,
    /// Whether no event was missing so far.
    pub gapless: bool,
    /// The number that the next event has, unless one is missing.
    next: u64,
    /// Whether an answer was counted in `usage`.
    used: bool,
}

/// A tool call as the events of its run tell it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolSummary {
    /// The step that it belongs to.
    pub step: u32,
    /// Which call.
    pub call: ToolCallRef,
    /// How it stands.
    pub outcome: ToolOutcome,
    /// What the model was given, as text, where it has a result and the events show it.
    pub result: Option<String>,
}

/// How a tool call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ToolOutcome {
    /// It has not ended, as far as the events go.
    Open,
    /// It gave an output.
    Completed,
    /// It failed.
    Failed(ToolErrorKind),
    /// It left its answer for later.
    Deferred,
}

/// Why a run has no answer.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorSummary {
    /// The kind of the error.
    pub kind: ErrorKind,
    /// The error in words, where the events show them.
    pub message: Option<String>,
}

impl Default for RunSummary {
    fn default() -> Self {
        Self {
            run_id: None,
            agent: String::new(),
            status: RunStatus::Running,
            answer: None,
            usage: Usage::default(),
            steps: 0,
            stop_reason: None,
            tools: Vec::new(),
            error: None,
            gapless: true,
            next: 0,
            used: false,
        }
    }
}

/// What of an event says where it belongs.
#[derive(Deserialize)]
struct Head<'a> {
    run_id: &'a str,
    #[serde(default)]
    agent: &'a str,
    seq: u64,
    #[serde(default)]
    step: u32,
    #[serde(rename = "type")]
    name: &'a str,
}

impl RunSummary {
    /// The summary of a run's events, in their order. Of the events of several runs it is that of the first one.
    pub fn from_events<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut summary = Self::default();
        for event in events {
            summary.add(event);
        }
        summary
    }

    /// Takes the next event.
    pub fn add(&mut self, event: &Event) {
        let head = Head {
            run_id: event.run_id.as_str(),
            agent: &event.agent,
            seq: event.seq,
            step: event.step,
            name: event.name(),
        };
        self.take(&head, || event.to_json(Content::Include)["data"].take());
    }

    /// Takes the next event as [`Event::to_json`] or a [`JsonlSink`](crate::event::JsonlSink) writes it. Gives whether it
    /// was one of this run: other lines, and what is no event at all, are passed over.
    ///
    /// The summaries of all runs in a trace:
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// use runlet::runtime::RunSummary;
    /// use serde_json::Value;
    ///
    /// fn summaries(trace: &str) -> serde_json::Result<HashMap<String, RunSummary>> {
    ///     let mut runs: HashMap<String, RunSummary> = HashMap::new();
    ///     for line in trace.lines() {
    ///         let line: Value = serde_json::from_str(line)?;
    ///         if let Some(id) = line["run_id"].as_str() {
    ///             runs.entry(id.to_owned()).or_default().add_json(&line);
    ///         }
    ///     }
    ///     Ok(runs)
    /// }
    /// # assert!(summaries(r#"{"type":"trace.header"}"#).unwrap().is_empty());
    /// ```
    pub fn add_json(&mut self, line: &Value) -> bool {
        let line = plain_line(line);
        Head::deserialize(&line).is_ok_and(|head| self.take(&head, || line["data"].clone()))
    }

    fn take(&mut self, head: &Head<'_>, data: impl FnOnce() -> Value) -> bool {
        if self.run_id.as_ref().is_some_and(|run| run.as_str() != head.run_id) {
            return false;
        }
        let opens = matches!(head.name, "run.started" | "run.resumed");
        if self.run_id.is_none() {
            self.run_id = Some(RunId::new(head.run_id));
            head.agent.clone_into(&mut self.agent);
        }
        // An observer is told in this way of what it missed; it has no place of its own in the run.
        if head.name == "events.dropped" {
            self.gapless = false;
            return true;
        }
        if opens {
            (self.next, self.status, self.error) = (0, RunStatus::Running, None);
        }
        self.gapless &= head.seq == self.next;
        self.next = head.seq.saturating_add(1);
        self.steps = self.steps.max(head.step);
        match head.name {
            "model.completed" => {
                let data = data();
                self.stop_reason = read(&data, "stop_reason").or(self.stop_reason.take());
                let usage: Usage = read(&data, "usage").unwrap_or_default();
                if std::mem::replace(&mut self.used, true) {
                    self.usage.add(&usage);
                } else {
                    self.usage = usage;
                }
            }
            "tool.started" | "tool.completed" | "tool.failed" | "tool.deferred" => self.tool(head, &data()),
            "run.completed" => {
                let data = self.ended(RunStatus::Completed, data());
                self.answer = read(&data, "output");
            }
            "run.failed" => {
                let data = self.ended(RunStatus::Failed, data());
                if read(&data, "refused") == Some(true) {
                    self.status = RunStatus::Refused;
                }
            }
            "policy.stopped" => drop(self.ended(RunStatus::Stopped, data())),
            "run.interrupted" => drop(self.ended(RunStatus::Interrupted, data())),
            "run.cancelled" => {
                self.ended(RunStatus::Cancelled, data());
                self.error = Some(ErrorSummary { kind: ErrorKind::Cancelled, message: None });
            }
            _ => {}
        }
        true
    }

    /// Takes the run's last event: its usage is that of the whole run.
    fn ended(&mut self, status: RunStatus, data: Value) -> Value {
        self.status = status;
        self.usage = read(&data, "usage").unwrap_or(self.usage);
        let error = &data["error"];
        self.error = read(error, "kind").map(|kind| ErrorSummary { kind, message: read(error, "message") });
        data
    }

    fn tool(&mut self, head: &Head<'_>, data: &Value) {
        let Some(call) = read::<ToolCallRef>(data, "call") else { return };
        let outcome = match head.name {
            "tool.completed" => ToolOutcome::Completed,
            "tool.failed" => ToolOutcome::Failed(read(data, "kind").unwrap_or(ToolErrorKind::Failed)),
            "tool.deferred" => ToolOutcome::Deferred,
            _ => ToolOutcome::Open,
        };
        let tool = ToolSummary { step: head.step, call, outcome, result: read(data, "result") };
        match self.tools.binary_search_by_key(&(tool.step, tool.call.index), |known| (known.step, known.call.index)) {
            Ok(known) => self.tools.splice(known..=known, [tool]).for_each(drop),
            Err(place) => self.tools.insert(place, tool),
        }
    }
}

/// A field, where it is there in its form.
fn read<T: serde::de::DeserializeOwned>(data: &Value, field: &str) -> Option<T> {
    T::deserialize(data.get(field)?).ok()
}

impl fmt::Debug for RunSummary {
    /// Shows how the run went, and nothing of what was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunSummary")
            .field("run_id", &self.run_id)
            .field("agent", &self.agent)
            .field("status", &self.status)
            .field("steps", &self.steps)
            .field("usage", &self.usage)
            .field("stop_reason", &self.stop_reason)
            .field("tools", &self.tools)
            .field("error", &self.error)
            .field("gapless", &self.gapless)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ToolSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}: {:?}", self.step, self.call.index, self.call.tool, self.outcome)
    }
}

impl fmt::Debug for ErrorSummary {
    /// Shows the kind alone: models and tools put what was said into the words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorSummary({:?})", self.kind)
    }
}

//! What a run leaves behind.

use std::fmt;
use std::ops::Deref;

use crate::agent::{Output, decode};
use crate::context::RunId;
use crate::error::{Error, ErrorKind, ProviderError, ProviderErrorCategory};
use crate::message::{Messages, Role, Usage};
use crate::model::StopReason;
use crate::run::{Ending, NativeCall, Run, RunStatus, Spent};

/// A run that ended with an answer: the answer, and everything else as in [`RunReport`].
///
/// ```
/// # async fn example(runtime: runlet::Runtime, agent: runlet::Agent) -> Result<(), runlet::RunError> {
/// let result = runtime.run(&agent, (), "Where is order 123?").await?;
/// println!("{} ({:?} tokens)", result.output, result.usage.total_tokens());
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct RunResult<O> {
    /// The answer.
    pub output: O,
    /// The rest.
    pub report: RunReport,
}

impl<O> Deref for RunResult<O> {
    type Target = RunReport;

    fn deref(&self) -> &RunReport {
        &self.report
    }
}

impl<O> fmt::Debug for RunResult<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunResult").field("report", &self.report).finish_non_exhaustive()
    }
}

/// Everything that is known of a run, however it ended.
#[derive(Clone)]
#[non_exhaustive]
pub struct RunReport {
    /// The run's id.
    pub run_id: RunId,
    /// How it ended.
    pub status: RunStatus,
    /// The model's last text; the answer as JSON where the agent's output is typed. Empty where there is none.
    pub text: String,
    /// The readable reasoning of all answers of the run.
    pub reasoning: String,
    /// The whole conversation, with what was there before the run.
    pub messages: Messages,
    /// The usage of all model calls.
    pub usage: Usage,
    /// What the run has spent, as its limits count it: with what runs within it spent, and with estimates in place of
    /// what providers did not report.
    pub spent: Spent,
    /// How many steps it took.
    pub steps: u32,
    /// Why the model stopped last.
    pub stop_reason: Option<StopReason>,
    /// Why there is no answer, where there is none.
    pub error: Option<Error>,
    run: Run,
}

impl RunReport {
    pub(super) fn new(run: Run, error: Option<Error>, provider: &str) -> Self {
        let (status, error) = match (error, run.ending()) {
            // The run came to its end, but something after it did not: what was to be saved is not.
            (Some(error), Some(ending)) if spoils(&error, ending) => (RunStatus::Failed, Some(error)),
            (error, Some(ending)) => (run.status(), error.or_else(|| error_of(ending, provider))),
            (error, None) => (run.status(), error),
        };
        let new = run.messages().get(run.began_with()..).unwrap_or_default();
        let answers = new.iter().filter(|message| message.role == Role::Assistant);
        let text = match run.ending() {
            Some(Ending::Completed { answer }) => answer.clone(),
            _ => answers.clone().next_back().map(|message| message.text()).unwrap_or_default(),
        };
        let reasoning: Vec<String> =
            answers.map(|message| message.reasoning()).filter(|text| !text.is_empty()).collect();
        Self {
            run_id: run.id().clone(),
            status,
            text,
            reasoning: reasoning.join("\n\n"),
            messages: run.messages().clone(),
            usage: run.usage(),
            spent: run.spent(),
            steps: run.step(),
            stop_reason: run.stop_reason().cloned(),
            error,
            run,
        }
    }

    /// Lets what came after the run fail it: an answer it had stays in `text`. A run that failed keeps its own error.
    pub(super) fn fail(&mut self, error: Error) {
        if self.error.is_none() {
            self.status = RunStatus::Failed;
            self.error = Some(error);
        }
    }

    /// The messages the run added.
    pub fn new_messages(&self) -> &[crate::message::SharedMessage] {
        self.messages.get(self.run.began_with()..).unwrap_or_default()
    }

    /// What the run would add to its conversation: the caller's messages and its own, without the history before them.
    pub fn turn(&self) -> &[crate::message::SharedMessage] {
        let before = self.run.origin().conversation.as_ref().map_or(0, |saved| saved.before);
        self.messages.get(before..).unwrap_or_default()
    }

    /// The run's state, for saving and [resuming](crate::Runtime::resume) it.
    pub fn run(&self) -> &Run {
        &self.run
    }

    pub(super) fn into_result<O: Output>(mut self) -> Result<RunResult<O>, RunError> {
        if self.error.is_none() && self.status == RunStatus::Completed {
            match decode::<O>(&self.text) {
                Ok(output) => return Ok(RunResult { output, report: self }),
                Err(problem) => {
                    let message = format!("the answer was accepted but cannot be read: {problem}");
                    self.error = Some(Error::new(ErrorKind::Internal, message));
                    self.status = RunStatus::Failed;
                }
            }
        }
        let error = self.error.clone().unwrap_or_else(|| match self.status {
            RunStatus::Interrupted => Error::new(
                ErrorKind::Interrupted,
                "the run waits for a person's approval or a tool's result: resume it with decisions",
            ),
            status => Error::new(ErrorKind::Internal, format!("the run stands at {status:?} without an error")),
        });
        Err(RunError { error, report: Box::new(self) })
    }
}

impl fmt::Debug for RunReport {
    /// Shows how the run went, and nothing of what was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunReport")
            .field("run_id", &self.run_id)
            .field("status", &self.status)
            .field("steps", &self.steps)
            .field("usage", &self.usage)
            .field("messages", &self.messages.len())
            .finish_non_exhaustive()
    }
}

/// Whether an error came after a run's end, and is not the end itself.
fn spoils(error: &Error, ending: &Ending) -> bool {
    match ending {
        Ending::Completed { .. } | Ending::Refused { .. } => true,
        Ending::Stopped { .. } => error.kind() != ErrorKind::PolicyStop,
        _ => false,
    }
}

/// The error of an ending, as far as the run itself knows it.
pub(super) fn error_of(ending: &Ending, provider: &str) -> Option<Error> {
    match ending {
        Ending::Completed { .. } => None,
        Ending::Refused { reason } => Some(Error::new(ErrorKind::Model, format!("the model refused: {reason}"))),
        Ending::Failed { kind, message } => Some(Error::new(*kind, message.clone())),
        Ending::Empty { message } => {
            Some(ProviderError::new(provider, ProviderErrorCategory::EmptyResponse, message.as_str()).into())
        }
        Ending::NativeCall { provider, item } => {
            Some(NativeCall { provider: provider.clone(), item: item.clone() }.into())
        }
        Ending::Stopped { reached } => Some(reached.clone().into()),
        Ending::Cancelled => Some(Error::new(ErrorKind::Cancelled, "the run was cancelled")),
    }
}

/// A run that ended without an answer: why, and everything that was done until then.
#[derive(Clone)]
pub struct RunError {
    error: Error,
    report: Box<RunReport>,
}

impl RunError {
    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// The error itself.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// What was done until then: messages, usage, status.
    pub fn report(&self) -> &RunReport {
        &self.report
    }

    /// The report by value.
    pub fn into_report(self) -> RunReport {
        *self.report
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunError")
            .field("error", &self.error)
            .field("run_id", &self.report.run_id)
            .field("status", &self.report.status)
            .field("steps", &self.report.steps)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.error)
    }
}

impl From<RunError> for Error {
    fn from(error: RunError) -> Self {
        error.error
    }
}

//! A run as a value: what has been said, what is open, what comes next.
//!
//! A [`Run`] is plain data. It says what to do next ([`Run::next`]), is told what came of it ([`Run::apply`]), and
//! touches neither clock nor network, so it can be written down between any two steps and go on elsewhere.
//! [`Runtime`](crate::Runtime) drives runs; anything else may.
//!
//! What the model says together with tool calls becomes history only when every one of its calls has a result. So a
//! history never holds a call without an answer.

mod limit;
mod outputs;
mod shape;
mod turn;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

pub(crate) use self::limit::Asked;
pub use self::limit::{Limit, LimitReached, Spent};
pub(crate) use self::outputs::Outputs;
use self::turn::Turn;
use crate::agent::RunPolicy;
use crate::context::RunId;
use crate::error::{Error, ErrorKind, Result};
use crate::message::{Message, Messages, Native, Part, Role, SharedMessage, ToolCall, ToolResult, Usage};
use crate::model::{ModelRequest, ModelResponse, StopReason};
use crate::tool::ToolErrorKind;

/// The state of a run.
///
/// ```
/// use runlet::model::{ModelResponse, StopReason};
/// use runlet::run::{Action, Outcome, Run};
/// use runlet::{Message, RunId, RunPolicy};
///
/// let mut run = Run::new(RunId::new("r1"), "support", RunPolicy::new(), vec![Message::user("Hello")].into());
/// assert_eq!(run.next(), Action::CallModel { step: 1 });
///
/// // Between any two steps the run may be written down and read back.
/// let mut run: Run = serde_json::from_str(&serde_json::to_string(&run)?)?;
/// let answer = ModelResponse::new(Message::assistant("Good morning"), StopReason::EndTurn);
/// run.apply(Outcome::Model(Box::new(answer)))?;
/// assert_eq!(run.next(), Action::CheckOutput { answer: "Good morning".into() });
/// run.apply(Outcome::OutputAccepted)?;
/// assert_eq!(run.next(), Action::Done);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    version: Version,
    id: RunId,
    agent: String,
    policy: RunPolicy,
    /// Everything that was said, closed turns only.
    messages: Messages,
    /// What the model is sent of it, where that was made smaller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compressed: Option<Messages>,
    /// How many messages there were before the run added its own.
    began_with: usize,
    step: u32,
    phase: Phase,
    usage: Usage,
    model_calls: u32,
    bad_steps: u32,
    empty_answers: u32,
    output_retries: u32,
    last_stop: Option<StopReason>,
    /// Every call id there has been, so that a repeated one is told apart.
    call_ids: BTreeSet<String>,
    /// What the run has spent, as its limits count it.
    #[serde(default)]
    spent: Spent,
    /// The request that is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<Asked>,
    /// The calls of the last step by their digests, each with the number of steps in a row that asked for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    repeated: BTreeMap<u64, u32>,
    /// The outputs that the model was shown in part.
    #[serde(default, skip_serializing_if = "Outputs::is_empty")]
    outputs: Outputs,
    #[serde(default)]
    origin: Origin,
}

impl fmt::Debug for Run {
    /// Shows where the run stands, and nothing of what was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("id", &self.id)
            .field("agent", &self.agent)
            .field("step", &self.step)
            .field("status", &self.status())
            .field("messages", &self.messages.len())
            .finish_non_exhaustive()
    }
}

/// What the caller asked for beside the messages, so that a run that is taken up again goes on as it began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The request that was laid over the agent's, without its messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<Box<ModelRequest>>,
    /// The conversation that the run is to be saved to, once its history was loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) conversation: Option<SavedTo>,
}

/// Where a conversation is saved, and over which version; none where it is new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedTo {
    pub(crate) id: String,
    pub(crate) over: Option<u64>,
    /// How many messages its history had.
    #[serde(default)]
    pub(crate) before: usize,
}

/// What the run is waiting for.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    Model,
    Tools(Turn),
    Output { answer: String },
    Ended(Ending),
}

impl Phase {
    fn awaits(&self) -> &'static str {
        match self {
            Self::Model => "its model",
            Self::Tools(_) => "its tools",
            Self::Output { .. } => "its output to be checked",
            Self::Ended(_) => "nothing more",
        }
    }
}

/// How a run ended.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// With an answer.
    Completed {
        /// Its text.
        answer: String,
    },
    /// The model, or its provider's filter, declined.
    Refused {
        /// In these words.
        reason: String,
    },
    /// Something failed.
    Failed {
        /// The kind of the error.
        kind: ErrorKind,
        /// The error in words.
        message: String,
    },
    /// The model answered with nothing anyone could use, twice in a row or for want of room.
    Empty {
        /// What happened, in words.
        message: String,
    },
    /// The model's answer holds no text, and a call in a form of its provider's that only the caller could answer.
    NativeCall {
        /// The wire format it belongs to.
        provider: String,
        /// The item's own `type`.
        item: String,
    },
    /// A limit was reached.
    Stopped {
        /// Which one, and what was used.
        reached: LimitReached,
    },
    /// The caller cancelled it.
    Cancelled,
}

/// The detail of an error of kind [`ErrorKind::Model`]: the model's answer holds no text, and a call in a form of its
/// provider's that Runlet does not run and only the caller could answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NativeCall {
    /// The wire format it belongs to, such as `openai`.
    pub provider: String,
    /// The item's own `type`, such as `computer_call`.
    pub item: String,
}

impl fmt::Display for NativeCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, item } = self;
        write!(
            f,
            "the model's answer is a `{item}` of {provider}, which the caller has to answer: a run answers calls of its \
             agent's tools only. Take the native tool behind it from the agent"
        )
    }
}

impl std::error::Error for NativeCall {}

impl From<NativeCall> for Error {
    fn from(call: NativeCall) -> Self {
        Self::with_source(ErrorKind::Model, call.to_string(), call)
    }
}

/// What a run needs next.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Send [`Run::context`] to the model.
    CallModel {
        /// The step, from 1.
        step: u32,
    },
    /// Run these tool calls, in any order.
    CallTools {
        /// The step they belong to.
        step: u32,
        /// The calls that have no result yet.
        calls: Vec<PendingCall>,
    },
    /// Wait for what comes from outside the run: a person's decision on these calls, or the result of a call whose tool
    /// [deferred](crate::ToolError::defer) it. Every other call of the step has its result.
    AskHuman {
        /// The step they belong to.
        step: u32,
        /// The calls that wait.
        calls: Vec<PendingCall>,
    },
    /// Check the answer against the agent's output type.
    CheckOutput {
        /// The model's text.
        answer: String,
    },
    /// Nothing: the run has ended.
    Done,
}

/// A tool call that has no result yet.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct PendingCall {
    /// Its place among the calls of its step, from 0. With the run and the step it names the call.
    pub index: usize,
    /// The call.
    pub call: ToolCall,
    /// Whether a person has approved it.
    pub approved: bool,
    /// Whether its arguments are a person's.
    pub edited: bool,
    /// What the tool said when it left the answer for later. The call then waits for its result, not for approval.
    pub deferred: Option<String>,
}

impl PendingCall {
    /// The call as one line for the person who decides on it: what could hide or reorder text is written out as an escape,
    /// so that what is seen is what will run.
    ///
    /// ```
    /// use runlet::run::visible;
    ///
    /// assert_eq!(visible("a\u{202e}b\n"), "a\\u{202e}b\\n");
    /// ```
    pub fn prompt(&self) -> String {
        format!("{}({})", visible(&self.call.name), visible(&self.call.arguments))
    }
}

/// A text with every character that has no look of its own, or changes how others look, written as an escape: control
/// characters, bidirectional marks, invisible spaces and joiners, tags.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let hides = character.is_control()
            || matches!(
                character,
                '\u{ad}'
                    | '\u{34f}'
                    | '\u{61c}'
                    | '\u{115f}'..='\u{1160}'
                    | '\u{17b4}'..='\u{17b5}'
                    | '\u{180b}'..='\u{180f}'
                    | '\u{200b}'..='\u{200f}'
                    | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}'
                    | '\u{3164}'
                    | '\u{fe00}'..='\u{fe0f}'
                    | '\u{feff}'
                    | '\u{ffa0}'
                    | '\u{fff0}'..='\u{fffb}'
                    | '\u{e0000}'..='\u{e0fff}'
            );
        if hides {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// What came of an [`Action`].
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// A request is about to be sent. Where a limit does not allow it the run ends here, and it must not be.
    ModelAsked {
        /// The model's name.
        model: String,
        /// What its tokens are at most.
        input_tokens: u64,
    },
    /// The request that was sent brought no answer, and may be sent again.
    ModelFailed {
        /// What the provider said of the tokens it read and wrote.
        usage: Usage,
        /// Whether the provider turned the request away, so that it cost nothing.
        rejected: bool,
    },
    /// The model answered.
    Model(Box<ModelResponse>),
    /// The conversation was made smaller before it was sent.
    Compressed(Messages),
    /// Another model was asked on the way, as one that sums up does: what it took.
    Spent(Usage),
    /// A tool call has its result.
    ToolSettled {
        /// The call's place.
        index: usize,
        /// Its result.
        result: ToolResult,
        /// How it failed, where it did.
        failure: Option<ToolErrorKind>,
    },
    /// A tool call brought the run's answer.
    ToolAnswered {
        /// The call's place.
        index: usize,
        /// Its result.
        result: ToolResult,
        /// The answer, as JSON.
        answer: String,
    },
    /// A tool call brought an answer that does not fit the output type.
    ToolAnswerRejected {
        /// The call's place.
        index: usize,
        /// Its result: what is wrong, for the model.
        result: ToolResult,
        /// What is wrong, in words.
        problems: String,
    },
    /// A tool call needs a person's approval.
    ToolNeedsApproval {
        /// The call's place.
        index: usize,
        /// The arguments to approve, as JSON text: hooks may have changed the model's.
        arguments: String,
    },
    /// A tool left its answer for later: the run waits for it.
    ToolDeferred {
        /// The call's place.
        index: usize,
        /// What the tool said, for whoever brings the answer.
        note: String,
    },
    /// A limit that the run itself does not see was reached: time, or depth.
    Stopped(LimitReached),
    /// A person decided on a tool call, or its deferred result came.
    Human {
        /// The call's place.
        index: usize,
        /// What was decided.
        decision: Decision,
    },
    /// The answer fits the output type.
    OutputAccepted,
    /// The answer does not fit.
    OutputRejected {
        /// What is wrong, in words for the model.
        problems: String,
    },
    /// Something failed and the run cannot go on.
    Failed {
        /// The kind of the error.
        kind: ErrorKind,
        /// The error in words.
        message: String,
    },
    /// The caller cancelled the run.
    Cancelled,
}

impl Outcome {
    /// What came, in words that hold nothing anyone said.
    fn name(&self) -> &'static str {
        match self {
            Self::ModelAsked { .. } => "a request to the model came",
            Self::ModelFailed { .. } => "a failed request came",
            Self::ToolDeferred { .. } => "a deferred call came",
            Self::Stopped(_) => "a limit came",
            Self::Model(_) => "a model's answer came",
            Self::Compressed(_) => "a compressed conversation came",
            Self::Spent(_) => "the usage of another model came",
            Self::ToolSettled { .. } => "a tool's result came",
            Self::ToolAnswered { .. } | Self::ToolAnswerRejected { .. } => "an answer by tool came",
            Self::ToolNeedsApproval { .. } => "a request for approval came",
            Self::Human { .. } => "a person's decision came",
            Self::OutputAccepted => "an accepted output came",
            Self::OutputRejected { .. } => "a rejected output came",
            Self::Failed { .. } => "a failure came",
            Self::Cancelled => "a cancellation came",
        }
    }
}

/// What a person decided on a tool call.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// It may run, with the arguments the model gave.
    Approve,
    /// It may run with these arguments.
    ApproveEdited {
        /// The arguments as JSON text.
        arguments: String,
    },
    /// It may not run.
    Reject {
        /// Why, in words for the model.
        reason: String,
    },
    /// The result of a call whose tool left its answer for later.
    Result {
        /// What the model is given: text, and media where the provider takes them.
        content: Vec<Part>,
        /// Whether the call failed; `content` then says what went wrong.
        is_error: bool,
    },
}

impl Decision {
    /// The result of a deferred call, as one text.
    pub fn result(text: impl Into<String>) -> Self {
        Self::Result { content: vec![Part::text(text)], is_error: false }
    }

    /// A deferred call failed; the text tells the model what went wrong.
    pub fn failed(text: impl Into<String>) -> Self {
        Self::Result { content: vec![Part::text(text)], is_error: true }
    }
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunStatus {
    /// It goes on.
    Running,
    /// It waits for a person.
    Interrupted,
    /// It ended with an answer.
    Completed,
    /// The model declined.
    Refused,
    /// It failed.
    Failed,
    /// It came to a limit.
    Stopped,
    /// It was cancelled.
    Cancelled,
}

impl Run {
    /// A run that begins with a conversation.
    pub fn new(id: RunId, agent: impl Into<String>, policy: RunPolicy, messages: Messages) -> Self {
        let call_ids = messages.iter().flat_map(|message| message.tool_calls().map(|call| call.id.clone())).collect();
        let mut run = Self {
            version: Version,
            id,
            agent: agent.into(),
            policy,
            began_with: messages.len(),
            messages,
            compressed: None,
            step: 0,
            phase: Phase::Model,
            usage: Usage::default(),
            model_calls: 0,
            bad_steps: 0,
            empty_answers: 0,
            output_retries: 0,
            last_stop: None,
            call_ids,
            spent: Spent::default(),
            asked: None,
            repeated: BTreeMap::new(),
            outputs: Outputs::default(),
            origin: Origin::default(),
        };
        run.begin_step();
        run
    }

    /// What the run needs next.
    pub fn next(&self) -> Action {
        match &self.phase {
            Phase::Model => Action::CallModel { step: self.step },
            Phase::Tools(turn) => {
                let calls = turn.ready();
                if calls.is_empty() {
                    Action::AskHuman { step: self.step, calls: turn.waiting() }
                } else {
                    Action::CallTools { step: self.step, calls }
                }
            }
            Phase::Output { answer } => Action::CheckOutput { answer: answer.clone() },
            Phase::Ended(_) => Action::Done,
        }
    }

    /// Tells the run what came of its next action.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] where the outcome does not belong to what the run waits for; the run is as it was.
    pub fn apply(&mut self, outcome: Outcome) -> Result<()> {
        match (outcome, &mut self.phase) {
            (Outcome::ModelAsked { model, input_tokens }, Phase::Model) => self.ask(model, input_tokens),
            (Outcome::ModelFailed { usage, rejected }, Phase::Model) => self.failed_request(&usage, rejected),
            (Outcome::Model(response), Phase::Model) => {
                let ModelResponse { message, stop_reason, usage, .. } = *response;
                self.answered(message.into(), stop_reason, usage);
            }
            (Outcome::Compressed(messages), Phase::Model) => self.compressed = Some(messages),
            (Outcome::Spent(usage), Phase::Model) => self.spend(&usage),
            (Outcome::ToolSettled { index, result, failure }, Phase::Tools(turn)) => {
                turn.settle(index, result, failure)?;
                self.close_turn();
            }
            (Outcome::ToolAnswered { index, result, answer }, Phase::Tools(turn)) => {
                turn.settle(index, result, None)?;
                turn.answer = Some(answer);
                self.close_turn();
            }
            (Outcome::ToolAnswerRejected { index, result, problems }, Phase::Tools(turn)) => {
                turn.settle(index, result, Some(ToolErrorKind::InvalidArguments))?;
                turn.rejected = Some(problems);
                self.close_turn();
            }
            (Outcome::ToolNeedsApproval { index, arguments }, Phase::Tools(turn)) => turn.hold(index, arguments)?,
            (Outcome::ToolDeferred { index, note }, Phase::Tools(turn)) => turn.defer(index, note)?,
            (Outcome::Human { index, decision }, Phase::Tools(turn)) => {
                turn.decide(index, decision)?;
                self.close_turn();
            }
            (Outcome::OutputAccepted, Phase::Output { answer }) => {
                let answer = std::mem::take(answer);
                self.phase = Phase::Ended(Ending::Completed { answer });
            }
            (Outcome::OutputRejected { problems }, Phase::Output { .. }) => self.rejected(&problems),
            (Outcome::Failed { .. } | Outcome::Cancelled | Outcome::Stopped(_), Phase::Ended(_)) => {}
            (Outcome::Stopped(reached), _) => self.end(Ending::Stopped { reached }),
            (Outcome::Failed { kind, message }, _) => self.end(Ending::Failed { kind, message }),
            (Outcome::Cancelled, _) => self.end(Ending::Cancelled),
            (outcome, _) => return Err(self.unfit(outcome.name())),
        }
        Ok(())
    }

    /// As [`Outcome::Model`], for an answer that others hold too: the history shares it with them.
    pub(crate) fn answer(&mut self, message: SharedMessage, stop_reason: StopReason, usage: Usage) -> Result<()> {
        if self.phase != Phase::Model {
            return Err(self.unfit("a model's answer came"));
        }
        self.answered(message, stop_reason, usage);
        Ok(())
    }

    fn unfit(&self, came: &str) -> Error {
        Error::new(ErrorKind::Internal, format!("{came} while the run waits for {}", self.phase.awaits()))
    }

    /// Takes a person's decision on a call that waits for one, and gives the call.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where no such call waits, where the decision is not one that it waits for, or where edited
    /// arguments are no JSON object; the run is as it was.
    pub(crate) fn decide(&mut self, index: usize, decision: Decision) -> Result<ToolCall> {
        let waiting = match &self.phase {
            Phase::Tools(turn) => turn.waiting(),
            _ => Vec::new(),
        };
        let Some(pending) = waiting.into_iter().find(|pending| pending.index == index) else {
            return Err(Error::new(ErrorKind::Config, format!("call {index} does not wait for a decision")));
        };
        if let Decision::ApproveEdited { arguments } = &decision
            && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(arguments).is_err()
        {
            let message = format!("the edited arguments of call {index} are not a JSON object");
            return Err(Error::new(ErrorKind::Config, message));
        }
        self.apply(Outcome::Human { index, decision })?;
        Ok(pending.call)
    }

    /// What the run has spent so far, as its limits count it.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// How many tokens the answer to a request may have under the run's limits; `None` for as many as it likes.
    ///
    /// # Errors
    /// The limit that does not allow the request.
    pub(crate) fn output_allowance(&self, model: &str, input_tokens: u64) -> Result<Option<u64>, LimitReached> {
        self.spent.output_allowance(&self.policy, model, input_tokens)
    }

    /// Counts what a run that one of this run's tools drove has spent: it is this run's spending too.
    pub(crate) fn spend_nested(&mut self, spent: &Spent) {
        self.spent = self.spent.plus(spent);
    }

    /// The outputs that the model was shown in part.
    pub(crate) fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    pub(crate) fn set_outputs(&mut self, outputs: Outputs) {
        self.outputs = outputs;
    }

    /// Whether a call may begin before the limits on its whole step were looked at.
    pub(crate) fn may_begin_early(&self, call: &ToolCall) -> bool {
        let limit = self.policy.max_identical_calls;
        self.policy.max_tool_calls.is_none()
            && (limit == 0 || self.repeated.get(&digest(call)).is_none_or(|steps| steps + 1 < limit))
    }

    /// The limits of the run.
    pub(crate) fn policy(&self) -> &RunPolicy {
        &self.policy
    }

    /// The run's id.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// The name of the agent it belongs to.
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// The step it is at, from 1; 0 where not even one was allowed.
    pub fn step(&self) -> u32 {
        self.step
    }

    /// Everything that was said so far, open turns left out.
    pub fn messages(&self) -> &Messages {
        &self.messages
    }

    /// How many of the messages were there before the run began.
    pub fn began_with(&self) -> usize {
        self.began_with
    }

    /// What the model is sent: everything that was said, or what was left of it when it was made smaller.
    pub fn context(&self) -> &Messages {
        self.compressed.as_ref().unwrap_or(&self.messages)
    }

    /// The usage of all model calls so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Why the model stopped last.
    pub fn stop_reason(&self) -> Option<&StopReason> {
        self.last_stop.as_ref()
    }

    /// How the run ended, where it has.
    pub fn ending(&self) -> Option<&Ending> {
        match &self.phase {
            Phase::Ended(ending) => Some(ending),
            _ => None,
        }
    }

    /// Where the run stands.
    pub fn status(&self) -> RunStatus {
        match &self.phase {
            Phase::Tools(turn) if turn.ready_count() == 0 => RunStatus::Interrupted,
            Phase::Model | Phase::Output { .. } | Phase::Tools(_) => RunStatus::Running,
            Phase::Ended(Ending::Completed { .. }) => RunStatus::Completed,
            Phase::Ended(Ending::Refused { .. }) => RunStatus::Refused,
            Phase::Ended(Ending::Failed { .. } | Ending::Empty { .. } | Ending::NativeCall { .. }) => RunStatus::Failed,
            Phase::Ended(Ending::Stopped { .. }) => RunStatus::Stopped,
            Phase::Ended(Ending::Cancelled) => RunStatus::Cancelled,
        }
    }

    /// Lets a run that has not begun begin with another conversation.
    pub(crate) fn begin_after(&mut self, messages: Messages) {
        let origin = std::mem::take(&mut self.origin);
        *self = Self::new(self.id.clone(), std::mem::take(&mut self.agent), self.policy.clone(), messages);
        self.origin = origin;
    }

    /// What the caller asked for beside the messages.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn origin_mut(&mut self) -> &mut Origin {
        &mut self.origin
    }

    /// Whether no call of the run has had this id.
    pub(crate) fn is_new_call_id(&self, id: &str) -> bool {
        !id.is_empty() && !self.call_ids.contains(id)
    }

    /// Begins the next step, or ends the run where it has had them all.
    fn begin_step(&mut self) {
        if self.step >= self.policy.max_steps {
            let (used, allowed) = (u64::from(self.step), u64::from(self.policy.max_steps));
            let reached = LimitReached::new(Limit::Steps, used, 1, allowed);
            self.phase = Phase::Ended(Ending::Stopped { reached });
            return;
        }
        self.step += 1;
        self.phase = Phase::Model;
    }

    /// Counts a request that is about to be sent, or ends the run.
    fn ask(&mut self, model: String, input_tokens: u64) {
        if let Err(reached) = self.output_allowance(&model, input_tokens) {
            self.end(Ending::Stopped { reached });
            return;
        }
        self.spent.model_requests = self.spent.model_requests.saturating_add(1);
        self.asked = Some(Asked { model, input_tokens });
    }

    fn failed_request(&mut self, usage: &Usage, rejected: bool) {
        match self.asked.take() {
            Some(_) if rejected => {}
            Some(asked) => {
                self.spent = self.spent.plus(&asked.spent(&self.policy, usage, None));
                self.use_up(usage);
            }
            None => {}
        }
    }

    /// Adds what a provider says that it billed.
    fn use_up(&mut self, usage: &Usage) {
        if self.model_calls == 0 {
            self.usage = *usage;
        } else {
            self.usage.add(usage);
        }
        self.model_calls = self.model_calls.saturating_add(1);
    }

    fn answered(&mut self, mut message: SharedMessage, stop_reason: StopReason, usage: Usage) {
        self.use_up(&usage);
        if let Some(asked) = self.asked.take() {
            self.spent = self.spent.plus(&asked.spent(&self.policy, &usage, Some(&*message)));
        }
        if message.role != Role::Assistant {
            message = Message { role: Role::Assistant, ..message.into_message() }.into();
        }
        self.last_stop = Some(stop_reason.clone());
        if message.tool_calls().next().is_some() {
            self.open_turn(message, &stop_reason);
            return;
        }
        if let Some(Native { provider, kind, .. }) = unanswered(&message) {
            // It does not become history: no provider takes a call back without its answer.
            let ending = Ending::NativeCall { provider: provider.clone(), item: kind.clone() };
            self.end(ending);
            return;
        }
        match stop_reason {
            StopReason::Refusal | StopReason::ContentFilter => {
                let reason = message.refusal().unwrap_or_else(|| match stop_reason {
                    StopReason::ContentFilter => "the provider's content filter stopped the answer".to_owned(),
                    _ => "the model declined to answer".to_owned(),
                });
                self.push(message);
                self.phase = Phase::Ended(Ending::Refused { reason });
            }
            StopReason::Pause => {
                self.push(message);
                self.begin_step();
            }
            _ if message.text().trim().is_empty() && message.refusal().is_some() => {
                let reason = message.refusal().unwrap_or_default();
                self.push(message);
                self.phase = Phase::Ended(Ending::Refused { reason });
            }
            stop_reason if says_nothing(&message) => self.answered_nothing(&stop_reason),
            _ => {
                let answer = message.text();
                self.push(message);
                self.phase = Phase::Output { answer };
            }
        }
    }

    fn spend(&mut self, usage: &Usage) {
        self.use_up(usage);
        self.spent = self.spent.plus(&Spent::reported(usage));
    }

    /// A model that says nothing is asked once more; one that ran out of room would only do so again.
    fn answered_nothing(&mut self, stop_reason: &StopReason) {
        let message = match stop_reason {
            StopReason::MaxTokens => {
                "the model used up its output tokens before it wrote any answer: raise `max_output_tokens`"
            }
            _ if self.empty_answers == 0 => {
                self.empty_answers += 1;
                self.begin_step();
                return;
            }
            _ => "the model twice answered with neither text nor a tool call",
        };
        self.end(Ending::Empty { message: message.to_owned() });
    }

    fn open_turn(&mut self, message: SharedMessage, stop_reason: &StopReason) {
        let message = self.name_calls(message);
        let repeated = self.count_repeated(&message);
        let mut turn = Turn::new(message);
        if *stop_reason == StopReason::MaxTokens {
            turn.settle_rest(ToolErrorKind::Failed, |_| format!("This call was not run: {CUT_OFF}"));
        } else if turn.ends_inside_a_call() {
            // Some servers say `tool_calls` where they mean `length`.
            turn.settle_rest(ToolErrorKind::InvalidArguments, |call| {
                let place = match serde_json::from_str::<serde::de::IgnoredAny>(&call.arguments) {
                    Err(error) => format!(" Its arguments are not JSON: {error}."),
                    Ok(_) => String::new(),
                };
                format!("This call was not run: {CUT_OFF}{place}")
            });
        }
        let limit = self.policy.max_tool_calls_per_step;
        turn.settle_from(limit, ToolErrorKind::Denied, |_| {
            format!("This call was not run: at most {limit} tool calls are run in one turn. Make it again if needed.")
        });
        let reached = repeated.or_else(|| self.too_many_calls(turn.ready_count()));
        if let Some(reached) = reached {
            turn.settle_rest(ToolErrorKind::Denied, |_| {
                format!("This call was not run: the run came to its limit `{}`.", reached.limit.setting())
            });
            self.phase = Phase::Tools(turn);
            self.end(Ending::Stopped { reached });
            return;
        }
        let asked = u32::try_from(turn.ready_count()).unwrap_or(u32::MAX);
        self.spent.tool_calls = self.spent.tool_calls.saturating_add(asked);
        self.phase = Phase::Tools(turn);
        self.close_turn();
    }

    /// Whether so many calls more would be too many for the run.
    fn too_many_calls(&self, calls: usize) -> Option<LimitReached> {
        let allowed = u64::from(self.policy.max_tool_calls?);
        let (used, needed) = (u64::from(self.spent.tool_calls), u64::try_from(calls).unwrap_or(u64::MAX));
        let over = used.saturating_add(needed) > allowed;
        over.then(|| LimitReached::new(Limit::ToolCalls, used, needed, allowed))
    }

    /// Counts in how many steps in a row each call of a message was asked for.
    fn count_repeated(&mut self, message: &Message) -> Option<LimitReached> {
        let limit = self.policy.max_identical_calls;
        if limit == 0 {
            return None;
        }
        let before = std::mem::take(&mut self.repeated);
        for call in message.tool_calls() {
            let digest = digest(call);
            let steps = before.get(&digest).copied().unwrap_or(0).saturating_add(1);
            self.repeated.insert(digest, steps);
        }
        let most = self.repeated.values().copied().max().unwrap_or(0);
        (most >= limit).then(|| LimitReached::new(Limit::IdenticalCalls, u64::from(most), 0, u64::from(limit)))
    }

    /// Gives every call an id of its own: models leave them out and repeat them, and a result must find its call.
    fn name_calls(&mut self, message: SharedMessage) -> SharedMessage {
        let mut ids = Vec::new();
        for (index, call) in message.tool_calls().enumerate() {
            let mut id = call.id.clone();
            if id.is_empty() || self.call_ids.contains(&id) {
                id = format!("call_{}_{index}", self.step);
            }
            while !self.call_ids.insert(id.clone()) {
                id.push('_');
            }
            ids.push(id);
        }
        if message.tool_calls().map(|call| &call.id).eq(&ids) {
            return message;
        }
        let mut message = message.into_message();
        let calls = message.parts.iter_mut().filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            _ => None,
        });
        for (call, id) in calls.zip(ids) {
            call.id = id;
        }
        message.into()
    }

    /// Makes the open turn history, if every call has its result.
    fn close_turn(&mut self) {
        let Phase::Tools(turn) = &mut self.phase else { return };
        let Some(closed) = turn.close() else { return };
        self.push(closed.message);
        self.push(closed.results);
        if let Some(message) = closed.fatal {
            self.phase = Phase::Ended(Ending::Failed { kind: ErrorKind::Tool, message });
            return;
        }
        if let Some(answer) = closed.answer {
            self.phase = Phase::Ended(Ending::Completed { answer });
            return;
        }
        // The tries of an answer are counted by themselves.
        if let Some(problems) = closed.rejected {
            self.repeated.clear();
            if self.may_answer_again(&problems) {
                self.begin_step();
            }
            return;
        }
        self.bad_steps = if closed.all_bad { self.bad_steps + 1 } else { 0 };
        if self.bad_steps >= self.policy.max_bad_steps {
            let message = format!(
                "the model's tool calls could not be run in {} steps in a row: unknown tools or invalid arguments",
                self.bad_steps
            );
            self.phase = Phase::Ended(Ending::Failed { kind: ErrorKind::Model, message });
            return;
        }
        self.begin_step();
    }

    fn rejected(&mut self, problems: &str) {
        if self.may_answer_again(problems) {
            self.push(Message::note(format!("Your answer does not have the form that was asked for: {problems}")));
            self.begin_step();
        }
    }

    /// Counts an answer that does not fit. The run ends where it was one too many.
    fn may_answer_again(&mut self, problems: &str) -> bool {
        if self.output_retries >= self.policy.max_output_retries {
            let message = format!(
                "the model's answer does not fit the output type after {} more tries: {problems}",
                self.output_retries
            );
            self.end(Ending::Failed { kind: ErrorKind::Model, message });
            return false;
        }
        self.output_retries += 1;
        true
    }

    /// Ends the run. Calls without a result get one that says so, and so their turn becomes history.
    fn end(&mut self, ending: Ending) {
        // Nobody waits for the answer any more, but it may be billed.
        self.failed_request(&Usage::default(), false);
        if let Phase::Tools(turn) = &mut self.phase {
            turn.settle_rest(ToolErrorKind::Cancelled, |_| {
                "The run ended before this call did. Whether it took effect is not known.".to_owned()
            });
            if let Some(closed) = turn.close() {
                self.push(closed.message);
                self.push(closed.results);
            }
        }
        self.phase = Phase::Ended(ending);
    }

    fn push(&mut self, message: impl Into<SharedMessage>) {
        let message = message.into();
        // No provider takes an empty message back.
        if message.parts.is_empty() {
            return;
        }
        if let Some(compressed) = &mut self.compressed {
            compressed.push(message.clone());
        }
        self.messages.push(message);
    }
}

const CUT_OFF: &str = "your message was cut off at the output limit, so the call may be incomplete. Make it again, alone or \
                       with shorter arguments.";

/// What two calls of the same tool with the same arguments, as the model wrote them, have in common.
fn digest(call: &ToolCall) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&call.name, &call.arguments).hash(&mut hasher);
    hasher.finish()
}

/// The first item of a message that is a call in a form of its provider's for the caller to answer, as far as its name
/// tells: providers name what they run themselves otherwise, or leave its result in the same answer.
fn unanswered(message: &Message) -> Option<&Native> {
    message.parts.iter().find_map(|part| match part {
        Part::Native(native) if native.is_open_call() => Some(native),
        _ => None,
    })
}

/// Whether an answer holds nothing that anyone could use.
fn says_nothing(message: &Message) -> bool {
    message.parts.iter().all(|part| match part {
        Part::Text(text) => text.text.trim().is_empty(),
        Part::Reasoning(_) => true,
        _ => false,
    })
}

/// The version of the form in which runs are written down. A run of another version is refused, not guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
struct Version;

impl Version {
    const NUMBER: u32 = 1;
}

impl From<Version> for u32 {
    fn from(_: Version) -> Self {
        Version::NUMBER
    }
}

impl TryFrom<u32> for Version {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        if number == Self::NUMBER {
            Ok(Self)
        } else {
            Err(format!("the run was saved in form {number}, and this Runlet reads form {}", Self::NUMBER))
        }
    }
}

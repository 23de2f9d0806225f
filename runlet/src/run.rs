//! A run as a value: what has been said, what is open, what comes next.
//!
//! A [`Run`] is plain data. It says what to do next ([`Run::next`]), is told what came of it ([`Run::apply`]), and
//! touches neither clock nor network, so it can be written down between any two steps and go on elsewhere.
//! [`Runtime`](crate::Runtime) drives runs; anything else may.
//!
//! What the model says together with tool calls becomes history only when every one of its calls has a result. So a
//! history never holds a call without an answer.

mod action;
mod answer;
mod ending;
mod limit;
mod outputs;
mod shape;
mod turn;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::action::{Action, Decision, Outcome, PendingCall, visible};
use self::answer::digest;
pub use self::ending::{Ending, NativeCall, RunStatus};
pub(crate) use self::limit::Asked;
pub use self::limit::{Limit, LimitReached, Spent};
pub(crate) use self::outputs::Outputs;
use self::turn::Turn;
use crate::agent::RunPolicy;
use crate::context::RunId;
use crate::error::{Error, ErrorKind, Result};
use crate::message::{Messages, SharedMessage, ToolCall, Usage};
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
            (Outcome::ToolNeedsApproval { index, arguments }, Phase::Tools(turn)) => {
                turn.hold(index, arguments)?;
                self.close_turn();
            }
            (Outcome::ToolDeferred { index, note }, Phase::Tools(turn)) => {
                turn.defer(index, note)?;
                self.close_turn();
            }
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
    pub(crate) fn decide(&mut self, index: usize, decision: Decision) -> Result<Arc<ToolCall>> {
        let waiting = match &self.phase {
            Phase::Tools(turn) => turn.waiting(),
            _ => Vec::new(),
        };
        let Some(pending) = waiting.into_iter().find(|pending| pending.index == index) else {
            return Err(Error::new(ErrorKind::Config, format!("call {index} does not wait for a decision")));
        };
        if let Decision::ApproveEdited { arguments } = &decision {
            crate::json::check_object(arguments).map_err(|problem| {
                let message = format!("the edited arguments of call {index} are not a JSON object: {problem}");
                Error::new(ErrorKind::Config, message)
            })?;
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
    fn ask(&mut self, model: Arc<str>, input_tokens: u64) {
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
    pub(crate) fn use_up(&mut self, usage: &Usage) {
        if self.model_calls == 0 {
            self.usage = *usage;
        } else {
            self.usage.add(usage);
        }
        self.model_calls = self.model_calls.saturating_add(1);
    }

    fn spend(&mut self, usage: &Usage) {
        self.use_up(usage);
        self.spent = self.spent.plus(&Spent::reported(usage));
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
                if let Some(edits) = closed.edits {
                    self.push(edits);
                }
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

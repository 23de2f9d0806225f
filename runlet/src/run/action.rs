//! What a run asks for, and what it is told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::LimitReached;
use crate::error::ErrorKind;
use crate::message::{Messages, Part, ToolCall, ToolResult, Usage};
use crate::model::ModelResponse;
use crate::tool::ToolErrorKind;

/// What a run needs next.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Send [`Run::context`](super::Run::context) to the model.
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
    pub call: Arc<ToolCall>,
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

/// What came of an [`Action`].
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// A request is about to be sent. Where a limit does not allow it the run ends here, and it must not be.
    ModelAsked {
        /// The model's name.
        model: Arc<str>,
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
    pub(super) fn name(&self) -> &'static str {
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
    /// It may run with these arguments. The history keeps the model's own, and says beside the result what they were
    /// changed to.
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

//! How what a run does and is told looks in logs: what it is, and the size of what was said. `serde` shows everything.

use std::fmt;

use super::{Action, Decision, Ending, Outcome, PendingCall, Phase};

/// A text by its size.
struct Bytes<'a>(&'a str);

impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallModel { step } => f.debug_struct("CallModel").field("step", step).finish(),
            Self::CallTools { step, calls } => {
                f.debug_struct("CallTools").field("step", step).field("calls", calls).finish()
            }
            Self::AskHuman { step, calls } => {
                f.debug_struct("AskHuman").field("step", step).field("calls", calls).finish()
            }
            Self::CheckOutput { answer } => f.debug_struct("CheckOutput").field("answer", &Bytes(answer)).finish(),
            Self::Done => f.write_str("Done"),
        }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ModelAsked { model, input_tokens } => {
                f.debug_struct("ModelAsked").field("model", model).field("input_tokens", input_tokens).finish()
            }
            Self::ModelFailed { usage, rejected } => {
                f.debug_struct("ModelFailed").field("usage", usage).field("rejected", rejected).finish()
            }
            Self::Model(response) => f.debug_tuple("Model").field(response).finish(),
            Self::Spent(usage) => f.debug_tuple("Spent").field(usage).finish(),
            Self::Compressed(messages) => write!(f, "Compressed({} messages)", messages.len()),
            Self::ToolSettled { index, result, failure } => f
                .debug_struct("ToolSettled")
                .field("index", index)
                .field("result", result)
                .field("failure", failure)
                .finish(),
            Self::ToolAnswered { index, result, answer } => f
                .debug_struct("ToolAnswered")
                .field("index", index)
                .field("result", result)
                .field("answer", &Bytes(answer))
                .finish(),
            Self::ToolAnswerRejected { index, result, problems } => f
                .debug_struct("ToolAnswerRejected")
                .field("index", index)
                .field("result", result)
                .field("problems", &Bytes(problems))
                .finish(),
            Self::ToolNeedsApproval { index, arguments } => {
                f.debug_struct("ToolNeedsApproval").field("index", index).field("arguments", &Bytes(arguments)).finish()
            }
            Self::ToolDeferred { index, note } => {
                f.debug_struct("ToolDeferred").field("index", index).field("note", &Bytes(note)).finish()
            }
            Self::Stopped(reached) => f.debug_tuple("Stopped").field(reached).finish(),
            Self::Human { index, decision } => {
                f.debug_struct("Human").field("index", index).field("decision", decision).finish()
            }
            Self::OutputAccepted => f.write_str("OutputAccepted"),
            Self::OutputRejected { problems } => {
                f.debug_struct("OutputRejected").field("problems", &Bytes(problems)).finish()
            }
            Self::Failed { kind, message } => {
                f.debug_struct("Failed").field("kind", kind).field("message", &Bytes(message)).finish()
            }
            Self::Cancelled => f.write_str("Cancelled"),
        }
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed { answer } => f.debug_struct("Completed").field("answer", &Bytes(answer)).finish(),
            Self::Refused { reason } => f.debug_struct("Refused").field("reason", &Bytes(reason)).finish(),
            Self::Failed { kind, message } => {
                f.debug_struct("Failed").field("kind", kind).field("message", &Bytes(message)).finish()
            }
            Self::Empty { message } => f.debug_struct("Empty").field("message", &Bytes(message)).finish(),
            Self::NativeCall { provider, item } => {
                f.debug_struct("NativeCall").field("provider", provider).field("item", item).finish()
            }
            Self::Stopped { reached } => f.debug_struct("Stopped").field("reached", reached).finish(),
            Self::Cancelled => f.write_str("Cancelled"),
        }
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approve => f.write_str("Approve"),
            Self::ApproveEdited { arguments } => {
                f.debug_struct("ApproveEdited").field("arguments", &Bytes(arguments)).finish()
            }
            Self::Result { content, is_error } => {
                f.debug_struct("Result").field("parts", &content.len()).field("is_error", is_error).finish()
            }
            Self::Reject { reason } => f.debug_struct("Reject").field("reason", &Bytes(reason)).finish(),
        }
    }
}

impl fmt::Debug for PendingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingCall")
            .field("index", &self.index)
            .field("call", &self.call)
            .field("approved", &self.approved)
            .field("edited", &self.edited)
            .field("deferred", &self.deferred.as_deref().map(Bytes))
            .finish()
    }
}

impl fmt::Debug for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waits for {}", self.awaits())
    }
}

//! What a model answers: whole, or in pieces that fold into the same.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::message::{Message, Part, ToolCall, Usage};

/// A whole answer of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelResponse {
    /// What the model says: an assistant message.
    pub message: Message,
    /// Why it stopped.
    pub stop_reason: StopReason,
    /// What the provider billed.
    #[serde(default)]
    pub usage: Usage,
    /// The model that answered, as the provider names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The provider's id of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl ModelResponse {
    /// An answer with a message and a stop reason; usage unknown.
    pub fn new(message: Message, stop_reason: StopReason) -> Self {
        Self { message, stop_reason, usage: Usage::default(), model: None, id: None }
    }

    /// Sets the usage.
    pub fn usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }
}

/// Why a model stopped.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// It was done.
    EndTurn,
    /// It waits for tools.
    ToolCalls,
    /// It had no more room: the answer, and any tool call in it, may be cut short.
    MaxTokens,
    /// It declined.
    Refusal,
    /// The provider's filter stopped it.
    ContentFilter,
    /// It came upon one of the caller's stop sequences.
    StopSequence,
    /// It wants to be asked again with what it has said so far, as server-side tools take long.
    Pause,
    /// It wrote a tool call that its provider could not read and does not pass on. What else it said is no answer.
    MalformedCall,
    /// Something else, in the provider's word.
    Other(String),
}

/// A piece of a model's answer. `Debug` shows sizes, not what was said.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum ModelEvent {
    /// More text.
    TextDelta(String),
    /// More readable reasoning.
    ReasoningDelta(String),
    /// More of a refusal.
    RefusalDelta(String),
    /// More of a tool call's arguments.
    ToolCallDelta {
        /// The call's place among the calls of this answer, from 0.
        index: usize,
        /// The tool's name, on the first delta of a call.
        name: Option<String>,
        /// More JSON text.
        arguments: String,
    },
    /// A tool call is complete; the answer may go on.
    ToolCallCompleted(Arc<ToolCall>),
    /// The answer is complete. Nothing comes after.
    Completed(Box<ModelResponse>),
}

impl fmt::Debug for ModelEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TextDelta(text) => write!(f, "TextDelta({} bytes)", text.len()),
            Self::ReasoningDelta(text) => write!(f, "ReasoningDelta({} bytes)", text.len()),
            Self::RefusalDelta(text) => write!(f, "RefusalDelta({} bytes)", text.len()),
            Self::ToolCallDelta { index, name, arguments } => {
                write!(f, "ToolCallDelta({index} {name:?}, {} bytes of arguments)", arguments.len())
            }
            Self::ToolCallCompleted(call) => f.debug_tuple("ToolCallCompleted").field(call).finish(),
            Self::Completed(response) => f.debug_tuple("Completed").field(response).finish(),
        }
    }
}

impl ModelEvent {
    /// The events of a whole answer: each part in one piece, then the end.
    pub fn of_response(response: ModelResponse) -> Vec<Self> {
        let mut events = Vec::with_capacity(response.message.parts.len() + 1);
        let mut index = 0;
        for part in &response.message.parts {
            match part {
                Part::Text(text) if !text.text.is_empty() => events.push(Self::TextDelta(text.text.clone())),
                Part::Reasoning(reasoning) if !reasoning.text.is_empty() => {
                    events.push(Self::ReasoningDelta(reasoning.text.clone()));
                }
                Part::Refusal(refusal) if !refusal.text.is_empty() => {
                    events.push(Self::RefusalDelta(refusal.text.clone()));
                }
                Part::ToolCall(call) => {
                    let (name, arguments) = (Some(call.name.clone()), call.arguments.clone());
                    events.push(Self::ToolCallDelta { index, name, arguments });
                    events.push(Self::ToolCallCompleted(call.clone()));
                    index += 1;
                }
                _ => {}
            }
        }
        events.push(Self::Completed(Box::new(response)));
        events
    }
}

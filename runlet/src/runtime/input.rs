//! What a run begins with.

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::context::RunId;
use crate::message::{Message, Messages};
use crate::model::ModelRequest;

/// What a run begins with: messages, and whatever else the caller wants to say about the run.
///
/// ```
/// use runlet::{Input, RunId};
///
/// let input = Input::new("Where is order 123?")
///     .run_id(RunId::new("ticket-4711"))
///     .conversation("ada")
///     .metadata("tenant", "north");
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Input {
    pub(super) request: ModelRequest,
    pub(super) run_id: Option<RunId>,
    pub(super) conversation: Option<String>,
    pub(super) cancellation: Option<CancellationToken>,
}

impl Input {
    /// An input of one message: a text is the user's.
    pub fn new(message: impl Into<Message>) -> Self {
        ModelRequest::new(message).into()
    }

    /// Gives the run an id of the caller's own, in place of a new one.
    pub fn run_id(mut self, id: RunId) -> Self {
        self.run_id = Some(id);
        self
    }

    /// Continues a conversation: its history is loaded from the runtime's state store before the run and saved after,
    /// over the version that was loaded. Two runs that write at once do not lose a turn: the later save fails.
    pub fn conversation(mut self, id: impl Into<String>) -> Self {
        self.conversation = Some(id.into());
        self
    }

    /// Adds something for hooks, tools and events. It is not sent.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.request = self.request.metadata(key, value);
        self
    }

    /// Ends the run when the token is cancelled.
    pub fn cancellation(mut self, token: CancellationToken) -> Self {
        self.cancellation = Some(token);
        self
    }
}

impl From<ModelRequest> for Input {
    fn from(request: ModelRequest) -> Self {
        Self { request, ..Self::default() }
    }
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Input {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<Message> for Input {
    fn from(message: Message) -> Self {
        Self::new(message)
    }
}

impl From<Vec<Message>> for Input {
    fn from(messages: Vec<Message>) -> Self {
        ModelRequest::from_messages(messages).into()
    }
}

impl From<Messages> for Input {
    fn from(messages: Messages) -> Self {
        ModelRequest { messages, ..ModelRequest::default() }.into()
    }
}

//! What the checks have to know of one provider's API. An adapter takes part in them by implementing [`Api`].

use runlet::model::{AnyModel, ModelEvent, ModelRequest, ModelResponse};
use runlet::{Error, Result};
use serde_json::Value;

use crate::set::Exchange;

pub(crate) trait Api {
    /// The folder's name in the sets.
    fn name(&self) -> &'static str;

    /// The adapter under test, talking to `base_url`, for the model that an exchange asked.
    fn model(&self, exchange: &Exchange, base_url: &str) -> AnyModel;

    /// Why an exchange's request is none that the adapter sends, where it is none. Its response is read all the same.
    fn no_request(&self, exchange: &Exchange) -> Option<&'static str>;

    /// Reads a recorded request.
    fn import(&self, body: &Value) -> Result<ModelRequest>;

    /// Whether the response came as events.
    fn is_stream(&self, exchange: &Exchange) -> bool;

    /// The answers of a recorded stream: a source may have joined those of several requests.
    fn answers<'a>(&self, stream: &'a str) -> Vec<&'a str>;

    /// The body that the server would have sent for the same answer without streaming, where the stream tells.
    fn whole_of_stream(&self, stream: &str) -> Option<String>;

    /// Whether an exchange asks how many tokens a request takes, and for no answer.
    fn counts_tokens(&self, _: &Exchange) -> bool {
        false
    }

    /// The kind of known difference between what the vendor's SDK read of a stream and what it says, where there is one.
    fn known_reading(&self, _stream: &str) -> Option<&'static str> {
        None
    }

    /// The kind of known difference between a recorded stream and what a server sends, where the recording has one.
    fn known_stream(&self, stream: &str) -> Option<&'static str>;

    /// How an answer differs from what the vendor's SDK read, in words; nothing where it does not.
    fn compare(&self, answer: &Answer, expected: &Value) -> Vec<String>;

    /// The items of the conversation in a request.
    fn items(&self, body: &Value) -> Vec<Value>;

    /// A request body with these items and nothing else.
    fn body_of(&self, items: Vec<Value>) -> Value;

    /// Whether an item of a conversation is the model's own.
    fn is_models(&self, item: &Value) -> bool;

    /// The items of the answer in a response, as the server gave them.
    fn output(&self, response: &str) -> Vec<Value>;

    /// Whether an item that a recorded client sent is one of the model's, changed by that client before it sent it
    /// back, or an answer to a call that it changed.
    fn is_rewritten(&self, recorded: &Value, sent: &Value) -> bool;

    /// Whether an item says nothing.
    fn is_empty(&self, item: &Value) -> bool;

    /// Why a request cannot be run as a turn of a conversation, where it cannot.
    fn no_turn(&self, body: &Value) -> Option<&'static str>;
}

/// What the adapter made of a response.
pub(crate) struct Answer {
    /// The events, where it was streamed; the last one is in `result`.
    pub events: Vec<ModelEvent>,
    pub result: Result<ModelResponse, Error>,
}

/// All APIs with an adapter.
pub(crate) fn all() -> Vec<Box<dyn Api>> {
    vec![
        Box::new(crate::anthropic::AnthropicApi),
        Box::new(crate::gemini::GeminiApi),
        Box::new(crate::openai_chat::OpenAiChatApi),
        Box::new(crate::openai_responses::OpenAiResponsesApi),
    ]
}

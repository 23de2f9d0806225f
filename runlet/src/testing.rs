//! Testing agents without a network: models that answer from a script, and checks of what models are told of tools.

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "conformance")]
mod loopback;
mod portable;
mod snapshot;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

pub use self::portable::{assert_portable, assert_portable_to};
pub use self::snapshot::assert_snapshot;
#[cfg(feature = "conformance")]
pub use crate::__provider_conformance as provider_conformance;
use crate::error::{Error, ErrorKind, Result};
use crate::message::{Message, Part, Role, TokenCount, ToolCall, Usage};
use crate::model::{
    Capabilities, Model, ModelEvent, ModelRequest, ModelResponse, ModelStream, PreparedRequest, StopReason,
};

/// A model that gives the answers of a script, in order, and remembers what it was asked.
///
/// Whole or streamed, the answers are the same: a streamed text comes in words. Clones share the script. A request
/// beyond the end of the script fails, so a test notices a call it did not expect.
///
/// ```
/// use runlet::testing::ScriptedModel;
/// use runlet::{Agent, Runtime, tool};
/// use serde_json::json;
///
/// /// Looks up an order.
/// #[tool]
/// async fn lookup(order_id: String) -> String {
///     format!("order {order_id} is on its way")
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let model = ScriptedModel::new()
///     .tool_call("lookup", json!({ "order_id": "123" }))
///     .text("It is on its way.");
/// let agent: Agent = Agent::builder("support").model(model.clone()).tool(lookup {}).build()?;
/// let result = Runtime::new().run(&agent, (), "Where is order 123?").await?;
/// assert_eq!(result.output, "It is on its way.");
/// assert_eq!(model.requests().len(), 2);
/// # Ok::<(), runlet::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
#[must_use]
pub struct ScriptedModel {
    name: String,
    capabilities: Capabilities,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    requests: Vec<ModelRequest>,
    calls: usize,
}

/// What the model does when it is asked.
enum Answer {
    Response(Box<ModelResponse>),
    Failure(Error),
    /// These events exactly, when streamed; whole, what they fold into.
    Events(Vec<Result<ModelEvent>>),
    /// Never answers.
    Silence,
}

impl ScriptedModel {
    /// A model with an empty script, a window of 128,000 tokens, tools and structured output.
    pub fn new() -> Self {
        let capabilities = Capabilities::new().context_window(128_000).with_tools().with_structured_output();
        Self { name: "scripted".to_owned(), capabilities, script: Arc::default() }
    }

    /// Sets what the model says it can do.
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Adds an answer of one text.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.response(ModelResponse::new(Message::assistant(text), StopReason::EndTurn))
    }

    /// Adds an answer that calls one tool.
    pub fn tool_call(self, name: &str, arguments: impl Into<Value>) -> Self {
        self.tool_calls([(name, arguments.into())])
    }

    /// Adds an answer that calls several tools in one turn.
    pub fn tool_calls<'a>(self, calls: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let parts = calls
            .into_iter()
            .map(|(name, arguments)| Part::tool_call(ToolCall::new(self.next_call_id(), name, arguments.to_string())));
        let message = Message::new(Role::Assistant, parts.collect());
        self.response(ModelResponse::new(message, StopReason::ToolCalls))
    }

    /// Adds any answer. One without usage gets an estimate, so that tests see figures.
    pub fn response(self, mut response: ModelResponse) -> Self {
        if response.usage == Usage::default() {
            let words = |text: &str| u64::try_from(text.split_whitespace().count()).unwrap_or(u64::MAX);
            response.usage.output_tokens = Some(words(&response.message.text()).max(1));
            response.usage.input_tokens = Some(1);
            response.usage.source = crate::message::UsageSource::Estimated;
        }
        self.answer(Answer::Response(Box::new(response)))
    }

    /// Adds a failure.
    pub fn fail(self, error: Error) -> Self {
        self.answer(Answer::Failure(error))
    }

    /// Adds a stream of exactly these events. When a whole answer is asked for, the last event gives it.
    pub fn events(self, events: impl IntoIterator<Item = Result<ModelEvent>>) -> Self {
        self.answer(Answer::Events(events.into_iter().collect()))
    }

    /// Adds an answer that never comes.
    pub fn silence(self) -> Self {
        self.answer(Answer::Silence)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<ModelRequest> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }

    fn next_call_id(&self) -> String {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.calls += 1;
        format!("call_{}", script.calls)
    }

    fn answer(self, answer: Answer) -> Self {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).answers.push_back(answer);
        self
    }

    fn next(&self, request: PreparedRequest) -> Answer {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.requests.push(request.into_request());
        let asked = script.requests.len();
        script.answers.pop_front().unwrap_or_else(|| {
            Answer::Failure(Error::new(
                ErrorKind::Model,
                format!("the script of the model ends after {} answers, and this is request {asked}", asked - 1),
            ))
        })
    }
}

impl Default for ScriptedModel {
    fn default() -> Self {
        Self::new()
    }
}

impl Model for ScriptedModel {
    fn provider(&self) -> &'static str {
        "scripted"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    async fn complete(&self, request: PreparedRequest) -> Result<ModelResponse> {
        match self.next(request) {
            Answer::Response(response) => Ok(*response),
            Answer::Failure(error) => Err(error),
            Answer::Silence => std::future::pending().await,
            Answer::Events(events) => {
                for event in events {
                    if let ModelEvent::Completed(response) = event? {
                        return Ok(*response);
                    }
                }
                Err(Error::new(ErrorKind::Model, "the scripted stream has no completed answer"))
            }
        }
    }

    async fn stream(&self, request: PreparedRequest) -> Result<ModelStream> {
        let events = match self.next(request) {
            Answer::Response(response) => in_words(*response).into_iter().map(Ok).collect(),
            Answer::Failure(error) => return Err(error),
            Answer::Silence => std::future::pending().await,
            Answer::Events(events) => events,
        };
        Ok(ModelStream::new(futures_util::stream::iter(events)))
    }
}

/// The events of an answer, its text in words.
fn in_words(response: ModelResponse) -> Vec<ModelEvent> {
    let whole = ModelEvent::of_response(response).into_iter();
    whole
        .flat_map(|event| match event {
            ModelEvent::TextDelta(text) => {
                text.split_inclusive(' ').map(|word| ModelEvent::TextDelta(word.to_owned())).collect()
            }
            other => vec![other],
        })
        .collect()
}

impl fmt::Debug for ScriptedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedModel").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A ruler that counts every text as the same number of tokens, for tests that need round figures.
#[derive(Clone, Copy, Debug)]
pub struct FixedRuler(pub u64);

impl crate::budget::Ruler for FixedRuler {
    fn name(&self) -> &'static str {
        "fixed"
    }

    fn measure(&self, _: &str) -> TokenCount {
        TokenCount::exact(self.0)
    }
}

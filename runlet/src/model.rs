//! Models: what a provider has to do, and what goes in and comes out.
//!
//! A [`Model`] takes a [`PreparedRequest`], and only the budget makes one, so that nothing reaches a provider uncounted.

mod bill;
mod fallback;
mod prepared;
mod request;
mod response;
mod retrying;
mod tally;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;
use serde::{Deserialize, Serialize};

pub(crate) use self::bill::PartMeter;
pub use self::bill::{Bill, BillItem, BillPart, Calibration, PartKind, Share, ShareUse};
pub use self::fallback::Fallback;
pub use self::prepared::PreparedRequest;
pub use self::request::{ModelRequest, OutputFormat, ProviderOptions, ToolChoice, ToolDefinition};
pub use self::response::{ModelEvent, ModelResponse, StopReason};
pub use self::retrying::Retrying;
#[cfg(feature = "_http")]
pub(crate) use self::retrying::Watch;
pub(crate) use self::tally::Tally;

use crate::error::Result;

/// A model behind some provider, or a stand-in for one.
///
/// The methods are plain async functions:
///
/// ```
/// use runlet::model::{Capabilities, Model, ModelResponse, ModelStream, PreparedRequest, StopReason};
/// use runlet::{Message, Result};
///
/// struct Parrot;
///
/// impl Model for Parrot {
///     fn provider(&self) -> &str {
///         "parrot"
///     }
///
///     fn name(&self) -> &str {
///         "parrot-1"
///     }
///
///     fn capabilities(&self) -> Capabilities {
///         Capabilities::new().context_window(4096)
///     }
///
///     async fn complete(&self, request: PreparedRequest) -> Result<ModelResponse> {
///         let last = request.messages().last().map(|message| message.text()).unwrap_or_default();
///         Ok(ModelResponse::new(Message::assistant(last), StopReason::EndTurn))
///     }
///
///     async fn stream(&self, request: PreparedRequest) -> Result<ModelStream> {
///         Ok(ModelStream::whole(self.complete(request).await?))
///     }
/// }
/// ```
pub trait Model: Send + Sync + 'static {
    /// The provider's name, as events and errors show it: such as `openai`.
    fn provider(&self) -> &str;

    /// The model's name at the provider.
    fn name(&self) -> &str;

    /// What the model can do, and how much it can read.
    fn capabilities(&self) -> Capabilities;

    /// Asks for a whole answer.
    fn complete(&self, request: PreparedRequest) -> impl Future<Output = Result<ModelResponse>> + Send;

    /// Asks for an answer in pieces. The stream ends with [`ModelEvent::Completed`] or an error, never without.
    fn stream(&self, request: PreparedRequest) -> impl Future<Output = Result<ModelStream>> + Send;

    /// Where its requests go first, as traces name it; `None` where that is no one place, or not set up: an adapter without
    /// a key has none.
    fn endpoint(&self) -> Option<Endpoint> {
        None
    }

    /// Asks the provider how many tokens the input of a request takes; `None` where it does not count. Nothing is
    /// generated, and no model reads the request.
    fn count_tokens(&self, _request: &ModelRequest) -> impl Future<Output = Result<Option<u64>>> + Send {
        async { Ok(None) }
    }

    /// The models that may be asked in this one's place, as those of a [`Fallback`]. A request is counted by the rules of
    /// each, and is sent only where it fits them all; a limit on cost holds for the dearest of them.
    fn stand_ins(&self) -> Vec<AnyModel> {
        Vec::new()
    }
}

/// Where a model's requests go: a host and a port, and nothing of the path, which may hold a name or a key.
///
/// ```
/// use runlet::model::Endpoint;
///
/// let endpoint = Endpoint::new("llm.example.com", 443);
/// assert_eq!((endpoint.address.as_str(), endpoint.port), ("llm.example.com", 443));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Endpoint {
    /// The host's name or address.
    pub address: String,
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// A host and a port.
    pub fn new(address: impl Into<String>, port: u16) -> Self {
        Self { address: address.into(), port }
    }
}

/// What a model can do, and how much it can read. Unknown abilities are taken as absent.
///
/// Runs act on the figures, which bound every request, and on `structured_output`, which decides how a typed answer is asked
/// for. The other abilities are for callers who choose among models: an agent with tools sends them to any model, and what
/// a model cannot do its provider says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, read by name")]
pub struct Capabilities {
    /// How many tokens the model reads and writes in one request.
    pub context_window: ContextWindow,
    /// The most tokens it reads in one request, where that is less than the window whatever the answer takes.
    #[serde(default)]
    pub max_input_tokens: Option<u64>,
    /// The most tokens it writes in one answer, where that is known.
    pub max_output_tokens: Option<u64>,
    /// Whether it can call tools.
    pub tools: bool,
    /// Whether it can call several tools in one turn.
    pub parallel_tool_calls: bool,
    /// Whether it can be held to a JSON schema.
    pub structured_output: bool,
    /// Whether it can read images.
    pub images: bool,
}

/// How many tokens a model reads and writes in one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextWindow {
    /// So many tokens.
    Known(u64),
    /// Nobody has said. A run then needs a cap of the caller's own.
    #[default]
    Unknown,
}

impl Capabilities {
    /// A model of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the context window, in tokens.
    pub fn context_window(mut self, tokens: u64) -> Self {
        self.context_window = ContextWindow::Known(tokens);
        self
    }

    /// Sets the most tokens of one request.
    pub fn max_input_tokens(mut self, tokens: u64) -> Self {
        self.max_input_tokens = Some(tokens);
        self
    }

    /// Sets the most tokens of one answer.
    pub fn max_output_tokens(mut self, tokens: u64) -> Self {
        self.max_output_tokens = Some(tokens);
        self
    }

    /// Says that the model calls tools, several in a turn.
    pub fn with_tools(mut self) -> Self {
        self.tools = true;
        self.parallel_tool_calls = true;
        self
    }

    /// Says that the model can be held to a JSON schema.
    pub fn with_structured_output(mut self) -> Self {
        self.structured_output = true;
        self
    }

    /// Says that the model reads images.
    pub fn with_images(mut self) -> Self {
        self.images = true;
        self
    }
}

/// The pieces of a model's answer as they arrive.
///
/// The last item is [`ModelEvent::Completed`] or an error. Dropping the stream ends the request.
pub struct ModelStream(Pin<Box<dyn Stream<Item = Result<ModelEvent>> + Send>>);

impl ModelStream {
    /// A stream from any other.
    pub fn new(stream: impl Stream<Item = Result<ModelEvent>> + Send + 'static) -> Self {
        Self(Box::pin(stream))
    }

    /// A whole answer as a stream of its parts, for models that cannot stream.
    pub fn whole(response: ModelResponse) -> Self {
        let events = ModelEvent::of_response(response);
        Self::new(futures_util::stream::iter(events.into_iter().map(Ok)))
    }
}

impl Stream for ModelStream {
    type Item = Result<ModelEvent>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for ModelStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModelStream")
    }
}

/// A [`Model`] of any type, shared.
#[derive(Clone)]
pub struct AnyModel(Arc<dyn ErasedModel>);

impl AnyModel {
    /// Shares a model.
    pub fn new(model: impl Model) -> Self {
        Self(Arc::new(model))
    }
}

impl Model for AnyModel {
    fn provider(&self) -> &str {
        self.0.provider()
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn complete(&self, request: PreparedRequest) -> impl Future<Output = Result<ModelResponse>> + Send {
        self.0.complete(request)
    }

    fn stream(&self, request: PreparedRequest) -> impl Future<Output = Result<ModelStream>> + Send {
        self.0.stream(request)
    }

    fn endpoint(&self) -> Option<Endpoint> {
        self.0.endpoint()
    }

    async fn count_tokens(&self, request: &ModelRequest) -> Result<Option<u64>> {
        self.0.count_tokens(request).await
    }

    fn stand_ins(&self) -> Vec<AnyModel> {
        self.0.stand_ins()
    }
}

/// The names of a model and of those that may be asked in its place.
pub(crate) fn names(model: &impl Model) -> Vec<String> {
    let stand_ins = model.stand_ins();
    std::iter::once(model.name()).chain(stand_ins.iter().map(Model::name)).map(str::to_owned).collect()
}

impl fmt::Debug for AnyModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.provider(), self.0.name())
    }
}

/// What a model gives, later.
pub(crate) type ModelFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// [`Model`] with boxed futures, so that agents need not name their model's type.
trait ErasedModel: Send + Sync {
    fn provider(&self) -> &str;
    fn name(&self) -> &str;
    fn capabilities(&self) -> Capabilities;
    fn endpoint(&self) -> Option<Endpoint>;
    fn complete(&self, request: PreparedRequest) -> ModelFuture<'_, ModelResponse>;
    fn stream(&self, request: PreparedRequest) -> ModelFuture<'_, ModelStream>;
    fn count_tokens<'a>(&'a self, request: &'a ModelRequest) -> ModelFuture<'a, Option<u64>>;
    fn stand_ins(&self) -> Vec<AnyModel>;
}

impl<M: Model> ErasedModel for M {
    fn provider(&self) -> &str {
        Model::provider(self)
    }

    fn name(&self) -> &str {
        Model::name(self)
    }

    fn capabilities(&self) -> Capabilities {
        Model::capabilities(self)
    }

    fn endpoint(&self) -> Option<Endpoint> {
        Model::endpoint(self)
    }

    fn complete(&self, request: PreparedRequest) -> ModelFuture<'_, ModelResponse> {
        Box::pin(Model::complete(self, request))
    }

    fn stream(&self, request: PreparedRequest) -> ModelFuture<'_, ModelStream> {
        Box::pin(Model::stream(self, request))
    }

    fn count_tokens<'a>(&'a self, request: &'a ModelRequest) -> ModelFuture<'a, Option<u64>> {
        Box::pin(Model::count_tokens(self, request))
    }

    fn stand_ins(&self) -> Vec<AnyModel> {
        Model::stand_ins(self)
    }
}

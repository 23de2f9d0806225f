//! OpenAI's Responses API, and any server that speaks it.
//!
//! The wire format is that of `POST /v1/responses` in OpenAI's API reference
//! (<https://platform.openai.com/docs/api-reference/responses>). A conversation is a list of *items*: messages, function
//! calls and their outputs, reasoning, and whatever the provider's own tools leave. One assistant
//! [`Message`](crate::Message) holds the items of one answer in their order.

mod content;
mod decode;
mod encode;
mod import;
mod models;
mod stream;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use secrecy::SecretString;
use serde_json::Value;

use super::http::{self, HttpClient, HttpRequest, HttpSettings};
use super::{Failure, fail};
use crate::error::{Error, ProviderErrorCategory as Category, Result};
use crate::model::{
    Capabilities, ContextWindow, Model, ModelRequest, ModelResponse, ModelStream, PreparedRequest, ToolDefinition,
};

/// The provider's name in errors and events, and the name under which it keeps things with messages and options.
const PROVIDER: &str = "openai";
const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// A model behind OpenAI's Responses API, or behind any server that speaks it.
///
/// [`new`](Self::new) reads nothing and cannot fail, so it can stand in an agent's definition; what is missing or wrong
/// is reported, as an error of kind [`Config`](crate::ErrorKind::Config), by the first request.
/// [`from_env`](Self::from_env) reports it at once.
///
/// **Key and address.** Where neither a key nor a base URL was set, the first request takes both from `OPENAI_API_KEY`
/// and `OPENAI_BASE_URL`, as the official clients do. Where one of them was set, the environment is not read: a key is
/// never sent to an address it was not meant for. (`from_env(..)?.base_url(..)` says on purpose that the key is for that
/// address.) A base URL without a key sends none, which suits local servers.
///
/// **Options** of a request under the name `openai` go into the body as they are, so anything the API takes can be
/// asked for: `.option("openai", "reasoning", json!({"effort": "low"}))`. Three names are special: `extra_body` is an
/// object laid over the whole body last, `extra_headers` an object of header texts, `auto_strict` see below. With `store`
/// set to `false`, ask for `"include": ["reasoning.encrypted_content"]` too, or the API cannot read back its own
/// reasoning.
///
/// **Strict mode** is chosen for each tool, and for the output, whose schema says nothing of it: on where the
/// [lowering](crate::schema::Dialect::OpenAiStrict) loses nothing, off where it would, and always said, as the API has
/// defaults of its own. `.option("openai", "auto_strict", false)` leaves the word out, for servers that do not know it.
///
/// **What comes back** beyond Runlet's own words (item ids, annotations, encrypted reasoning, the items of the
/// provider's own tools) stays with its part and is sent back as it came.
///
/// **Proxies** of the environment (`HTTPS_PROXY` and its kin) are used, except for addresses of this machine. For other
/// wishes give a [`client`](Self::client) of your own.
///
/// ```
/// use runlet::Model;
/// use runlet::model::ContextWindow;
/// use runlet::provider::OpenAiResponses;
///
/// let hosted = OpenAiResponses::new("gpt-5.5");
/// assert_eq!(hosted.capabilities().context_window, ContextWindow::Known(1_050_000));
///
/// let local = OpenAiResponses::new("qwen3").base_url("http://localhost:11434/v1").context_window(32_768);
/// assert_eq!(local.capabilities().context_window, ContextWindow::Known(32_768));
/// ```
#[derive(Clone)]
#[must_use]
pub struct OpenAiResponses {
    model: String,
    key: Option<SecretString>,
    base_url: Option<String>,
    context_window: Option<u64>,
    max_output_tokens: Option<u64>,
    http: HttpSettings,
    connection: OnceLock<Arc<Connection>>,
    /// The tools of the last request as they go over the wire: they rarely change between the steps of a run.
    tools: Arc<Mutex<Option<WrittenTools>>>,
}

struct Connection {
    client: HttpClient,
    url: Url,
    headers: HeaderMap,
}

struct WrittenTools {
    tools: Arc<Vec<ToolDefinition>>,
    auto_strict: bool,
    json: Bytes,
}

impl OpenAiResponses {
    /// A model by its name at the provider. Reads nothing; see [above](Self) for where the key comes from.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            key: None,
            base_url: None,
            context_window: None,
            max_output_tokens: None,
            http: HttpSettings::default(),
            connection: OnceLock::new(),
            tools: Arc::default(),
        }
    }

    /// A model with the key from `OPENAI_API_KEY` and, where it is set, the base URL from `OPENAI_BASE_URL`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the key is missing or the base URL is not one; the message
    /// names the variable.
    ///
    /// ```no_run
    /// use runlet::provider::OpenAiResponses;
    ///
    /// let model = OpenAiResponses::from_env("gpt-5.5")?;
    /// # Ok::<(), runlet::Error>(())
    /// ```
    pub fn from_env(model: impl Into<String>) -> Result<Self> {
        Self::new(model).with_environment(environment)
    }

    fn with_environment(mut self, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let Some(key) = variable("OPENAI_API_KEY") else {
            return Err(config("the environment variable OPENAI_API_KEY is not set, and no key was given").into());
        };
        self.key = Some(key.into());
        if let Some(base_url) = variable("OPENAI_BASE_URL") {
            http::base_url(PROVIDER, &base_url, self.http.allow_insecure).map_err(|error| {
                config(&format!("the environment variable OPENAI_BASE_URL is of no use: {}", error.message))
            })?;
            self.base_url = Some(base_url);
        }
        Ok(self)
    }

    /// Sets the key. Errors, logs and `Debug` never show it.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(SecretString::from(key.into()));
        self.reconnect()
    }

    /// Sets the address that the API's paths stand below, such as `https://api.openai.com/v1`, the default.
    ///
    /// It must be `https`, but for this machine or with [`allow_insecure_http`](Self::allow_insecure_http), and hold no
    /// user, password or query. Whether it does is reported by the first request.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self.reconnect()
    }

    /// Sets how many tokens the model reads and writes in one request. Needed for models that Runlet does not know.
    pub fn context_window(mut self, tokens: u64) -> Self {
        self.context_window = Some(tokens);
        self
    }

    /// Sets the most tokens that the model can write in one answer. It describes the model; to limit an answer, set it
    /// on the [request](ModelRequest::max_output_tokens).
    pub fn max_output_tokens(mut self, tokens: u64) -> Self {
        self.max_output_tokens = Some(tokens);
        self
    }

    /// Sets the HTTP client, for a proxy or certificates of your own.
    ///
    /// Its own redirect policy and connect timeout hold. Switch redirects off: those that it follows are reported as
    /// errors only after the request went there.
    pub fn client(mut self, client: reqwest::Client) -> Self {
        self.http.client = Some(client);
        self.reconnect()
    }

    /// Allows a base URL without TLS to another machine. The key and the conversation then travel in the open.
    pub fn allow_insecure_http(mut self) -> Self {
        self.http.allow_insecure = true;
        self.reconnect()
    }

    /// Sets how long opening a connection may take; 5 seconds by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.http.connect_timeout = timeout;
        self.reconnect()
    }

    /// Sets how long an answer that is not streamed may take; 10 minutes by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.http.total_timeout = timeout;
        self.reconnect()
    }

    /// Sets how long the first event of a stream may take; 2 minutes by default.
    pub fn first_event_timeout(mut self, timeout: Duration) -> Self {
        self.http.first_event_timeout = timeout;
        self.reconnect()
    }

    /// Sets how long a stream may stay silent between its events; 5 minutes by default.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.http.idle_timeout = timeout;
        self.reconnect()
    }

    /// Reads a request body of this API, such as one that was stored or recorded, as a request.
    ///
    /// Building the request again gives equal JSON: what a [`ModelRequest`] has no word for becomes an option of
    /// `openai`. Not read are `model` and `stream`, which the adapter and its methods decide.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the body is not an object, or its `input` neither text nor
    /// a list.
    ///
    /// ```
    /// use runlet::provider::OpenAiResponses;
    ///
    /// let body = serde_json::json!({
    ///     "model": "gpt-5.5",
    ///     "input": [{ "role": "user", "content": "Where is order 123?" }],
    ///     "reasoning": { "effort": "low" },
    /// });
    /// let request = OpenAiResponses::request_from_wire(&body)?;
    /// assert_eq!(request.messages[0].text(), "Where is order 123?");
    /// assert_eq!(request.options.of("openai").unwrap()["reasoning"]["effort"], "low");
    /// # Ok::<(), runlet::Error>(())
    /// ```
    pub fn request_from_wire(body: &Value) -> Result<ModelRequest> {
        import::request(body)
    }

    /// Forgets a connection made under other settings.
    fn reconnect(mut self) -> Self {
        self.connection = OnceLock::new();
        self
    }

    fn connection(&self) -> Result<Arc<Connection>> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection.clone());
        }
        let made = Arc::new(self.connect(environment)?);
        Ok(self.connection.get_or_init(|| made).clone())
    }

    fn connect(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Connection> {
        match (&self.key, &self.base_url) {
            (None, None) => self.clone().with_environment(variable)?.open(),
            _ => self.open(),
        }
    }

    fn open(&self) -> Result<Connection> {
        let base_url = self.base_url.as_deref().unwrap_or(DEFAULT_BASE_URL);
        let base_url = http::base_url(PROVIDER, base_url, self.http.allow_insecure)?;
        let mut headers = HeaderMap::new();
        if let Some(key) = &self.key {
            headers.insert(AUTHORIZATION, http::secret_header(PROVIDER, "Bearer ", key)?);
        }
        let client = HttpClient::new(PROVIDER, self.http.clone(), &base_url, self.key.clone())?;
        Ok(Connection { client, url: http::endpoint(&base_url, "responses"), headers })
    }

    fn http_request(&self, connection: &Connection, request: &ModelRequest, how: Delivery) -> Result<HttpRequest> {
        let mut headers = connection.headers.clone();
        if let Some(extra) = encode::extra_headers(request) {
            http::extend_headers(PROVIDER, &mut headers, extra)?;
        }
        let tools = self.written_tools(request)?;
        let body = encode::body(&self.model, request, &tools, how)?;
        Ok(HttpRequest { url: connection.url.clone(), headers, body })
    }

    fn written_tools(&self, request: &ModelRequest) -> Result<Bytes> {
        let mut kept = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        let auto_strict = encode::auto_strict(request);
        let same =
            |written: &&WrittenTools| Arc::ptr_eq(&written.tools, &request.tools) && written.auto_strict == auto_strict;
        if let Some(written) = kept.as_ref().filter(same) {
            return Ok(written.json.clone());
        }
        let json = encode::tools(&request.tools, auto_strict)?;
        *kept = Some(WrittenTools { tools: request.tools.clone(), auto_strict, json: json.clone() });
        Ok(json)
    }
}

/// How an answer is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    Whole,
    Streamed,
}

impl Model for OpenAiResponses {
    fn provider(&self) -> &str {
        PROVIDER
    }

    fn name(&self) -> &str {
        &self.model
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = models::capabilities(&self.model);
        if let Some(tokens) = self.context_window {
            capabilities.context_window = ContextWindow::Known(tokens);
        }
        capabilities.max_output_tokens = self.max_output_tokens.or(capabilities.max_output_tokens);
        capabilities
    }

    async fn complete(&self, request: PreparedRequest) -> Result<ModelResponse> {
        let connection = self.connection()?;
        let request = self.http_request(&connection, &request, Delivery::Whole)?;
        Ok(connection.client.json(request, decode::response).await?)
    }

    async fn stream(&self, request: PreparedRequest) -> Result<ModelStream> {
        let connection = self.connection()?;
        let request = self.http_request(&connection, &request, Delivery::Streamed)?;
        Ok(connection.client.events(request, stream::ResponsesStream::default()).await?)
    }
}

impl fmt::Debug for OpenAiResponses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiResponses").field("model", &self.model).finish_non_exhaustive()
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn config(words: &str) -> Failure {
    fail(PROVIDER, Category::Config, words)
}

/// A request that the API has no way to say; nothing was sent.
fn unsayable(words: &str) -> Error {
    fail(PROVIDER, Category::InvalidRequest, words).into()
}

//! Anthropic's Messages API, and any server that speaks it.
//!
//! The wire format is that of `POST /v1/messages` in Anthropic's API reference
//! (<https://platform.claude.com/docs/en/api/messages>). A conversation is a list of messages of content *blocks*; a
//! block is a [`Part`](crate::Part), and what Runlet has no word for stays with the part as its extra fields, under
//! their names on the wire.

mod content;
mod decode;
mod encode;
mod import;
mod output;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use serde_json::Value;

use super::account::{Account, Connection, Vendor, WrittenTools, account_methods};
use super::http::HttpRequest;
use super::models::{self, Maker};
use super::{Failure, fail};
use crate::error::{Error, ProviderErrorCategory as Category, Result};
use crate::model::{
    Capabilities, Endpoint, Model, ModelFuture, ModelRequest, ModelResponse, ModelStream, PreparedRequest,
};

/// The provider's name in errors and events, and the name under which it keeps things with messages and options.
const PROVIDER: &str = "anthropic";

static VENDOR: Vendor = Vendor {
    provider: PROVIDER,
    options: PROVIDER,
    key_variables: &["ANTHROPIC_API_KEY"],
    base_url_variable: "ANTHROPIC_BASE_URL",
    base_url: "https://api.anthropic.com",
    key_header: ("x-api-key", ""),
    headers: &[("anthropic-version", "2023-06-01")],
};

/// The option that names the beta features of a request.
const BETAS: &str = "betas";

/// The API sends a ping every few seconds, so that silence tells of a dead connection sooner than elsewhere.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// What an answer takes at worst: the official clients reckon with an hour for 128,000 tokens, and refuse to wait more
/// than ten minutes for an answer that is not streamed.
const TOKENS_PER_HOUR: u64 = 128_000;
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// The output limit of a model that nothing is known of, in tokens: what the oldest of the API's models write.
const UNKNOWN_MAX_OUTPUT: u64 = 4_096;

/// A model behind Anthropic's Messages API, or behind any server that speaks it.
///
/// [`new`](Self::new) reads nothing and cannot fail, so it can stand in an agent's definition; what is missing or wrong
/// is reported, as an error of kind [`Config`](crate::ErrorKind::Config), by the first request.
/// [`from_env`](Self::from_env) reports it at once.
///
/// **Key and address.** Where neither a key nor a base URL was set, the first request takes both from
/// `ANTHROPIC_API_KEY` and `ANTHROPIC_BASE_URL`, as the official clients do. Where one of them was set, the environment
/// is not read: a key is never sent to an address it was not meant for.
///
/// **Options** of a request under the name `anthropic` go into the body as they are, so anything the API takes can be
/// asked for: `.option("anthropic", "thinking", json!({"type": "adaptive"}))`. These names are special:
///
/// | option | what it does |
/// | --- | --- |
/// | `cache_instructions` | the `cache_control` of the instructions: they are cached, and the tools with them |
/// | `betas` | a list of names for the header `anthropic-beta`, such as `files-api-2025-04-14`, which file ids need |
/// | `extra_body` | an object laid over the whole body last |
/// | `extra_headers` | an object of header texts; `anthropic-version` (`2023-06-01` by default) is set by it too |
///
/// **Prompt cache.** `.option("anthropic", "cache_control", json!({"type": "ephemeral"}))` is the API's own automatic
/// cache: its breakpoint moves along with the conversation, which suits agents. A breakpoint of your own is the field
/// `cache_control` in the [`Extra`](crate::message::Extra) of a part. Nothing is cached unasked, as writing to the cache
/// costs more than reading without it.
///
/// **Output tokens.** The API wants a limit with each request. It is the request's
/// [`max_output_tokens`](ModelRequest::max_output_tokens), else the most that the model writes (4,096 for models that
/// Runlet does not know), but never more than the request's bill leaves of the window. An answer that is not streamed has
/// at most 21,333 of them, which take ten minutes at worst; a request that asks for more is refused before it is sent,
/// unless [`timeout`](Self::timeout) is longer. Stream long answers.
///
/// **System messages** at the beginning go into `system` after the instructions. Later ones stay where they are for
/// models that take them there (after a message of the user or of tools); else they go into `system` too.
///
/// **Structured output** goes out as `output_config.format`. What the API cannot hold a model to (a bound, a pattern) is
/// told in the schema's descriptions; a schema that it cannot hold at all (keys that are not known beforehand, types that
/// contain themselves, anything at all) is told in the system prompt instead.
///
/// **What comes back** beyond Runlet's own words (signatures, redacted thinking, citations, the blocks of the provider's
/// own tools) stays with its part and is sent back as it came. Thinking that broke off before its signature is not.
///
/// **Proxies** of the environment (`HTTPS_PROXY` and its kin) are used, except for addresses of this machine and after
/// [`no_proxy`](Self::no_proxy). For other wishes give a [`client`](Self::client) of your own.
///
/// ```
/// use runlet::Model;
/// use runlet::model::ContextWindow;
/// use runlet::provider::Anthropic;
///
/// let hosted = Anthropic::new("claude-opus-5");
/// assert_eq!(hosted.capabilities().context_window, ContextWindow::Known(1_000_000));
///
/// let local = Anthropic::new("qwen3").base_url("http://localhost:11434").context_window(32_768);
/// assert_eq!(local.capabilities().context_window, ContextWindow::Known(32_768));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Anthropic {
    model: String,
    account: Account,
    tools: WrittenTools<()>,
}

account_methods!(Anthropic, "claude-opus-5", "`ANTHROPIC_API_KEY`", "ANTHROPIC_BASE_URL", "https://api.anthropic.com");

impl Anthropic {
    /// A model by its name at the provider. Reads nothing; see [above](Self) for where the key comes from.
    pub fn new(model: impl Into<String>) -> Self {
        let mut account = Account::new(&VENDOR);
        account.http.idle_timeout = IDLE_TIMEOUT;
        Self { model: model.into(), account, tools: WrittenTools::default() }
    }

    /// Reads a request body of this API, such as one that was stored or recorded, as a request.
    ///
    /// Building the request again gives equal JSON: what a [`ModelRequest`] has no word for becomes an option of
    /// `anthropic`. Not read are `model` and `stream`, which the adapter and its methods decide.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the body is not an object, or its `messages` are not a list.
    ///
    /// ```
    /// use runlet::provider::Anthropic;
    ///
    /// let body = serde_json::json!({
    ///     "model": "claude-opus-5",
    ///     "max_tokens": 256,
    ///     "messages": [{ "role": "user", "content": "Where is order 123?" }],
    ///     "thinking": { "type": "adaptive" },
    /// });
    /// let request = Anthropic::request_from_wire(&body)?;
    /// assert_eq!(request.messages[0].text(), "Where is order 123?");
    /// assert_eq!(request.options.of("anthropic").unwrap()["thinking"]["type"], "adaptive");
    /// # Ok::<(), runlet::Error>(())
    /// ```
    pub fn request_from_wire(body: &Value) -> Result<ModelRequest> {
        import::request(body)
    }

    fn http_request(
        &self,
        connection: &Connection,
        path: &str,
        request: &ModelRequest,
        how: Delivery,
    ) -> Result<HttpRequest> {
        let tools = self.tools.get(&request.tools, (), |tools, ()| encode::tools(tools))?;
        let body = encode::body(&self.model, request, &tools, how)?;
        let mut sent = connection.request(path, request, body)?;
        if let Some(betas) = betas(request)? {
            Arc::make_mut(&mut sent.headers).append("anthropic-beta", betas);
        }
        Ok(sent)
    }

    /// The most tokens of an answer to a request that says nothing of it.
    fn output_limit(&self, request: &PreparedRequest) -> u64 {
        let limit = self.capabilities().max_output_tokens.unwrap_or(UNKNOWN_MAX_OUTPUT);
        request.bill().map_or(limit, |bill| limit.min(bill.limit().saturating_sub(bill.input().upper)))
    }

    /// The most tokens of an answer that is waited for as a whole.
    fn whole_answer_limit(&self) -> u64 {
        let wait = self.account.http.total_timeout.max(LONGEST_WAIT);
        wait.as_secs().saturating_mul(TOKENS_PER_HOUR) / 3600
    }
}

/// How an answer is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    /// In one piece, of at most so many tokens where the request does not say.
    Whole(u64),
    /// In events, of at most so many tokens where the request does not say.
    Streamed(u64),
    /// Not at all: the request is only counted.
    Counted,
}

/// What the API is asked: boxed here, so that it is compiled here and not in the crates of users.
impl Anthropic {
    fn whole(&self, request: PreparedRequest) -> ModelFuture<'_, ModelResponse> {
        Box::pin(async move {
            let limit = self.whole_answer_limit();
            if let Some(tokens) = request.max_output_tokens.filter(|tokens| *tokens > limit) {
                return Err(unsayable(&format!(
                    "an answer of {tokens} tokens may take longer than a request waits: stream it, set max_output_tokens to \
                     at most {limit}, or set a longer timeout"
                )));
            }
            let connection = self.account.connection()?;
            let how = Delivery::Whole(self.output_limit(&request).min(limit));
            let request = self.http_request(&connection, "v1/messages", &request, how)?.watched(&request);
            Ok(connection.client.json(request, decode::response).await?)
        })
    }

    fn streamed(&self, request: PreparedRequest) -> ModelFuture<'_, ModelStream> {
        Box::pin(async move {
            let connection = self.account.connection()?;
            let how = Delivery::Streamed(self.output_limit(&request));
            let request = self.http_request(&connection, "v1/messages", &request, how)?.watched(&request);
            Ok(connection.client.events(request, stream::MessageStream::default()).await?)
        })
    }

    fn counted<'a>(&'a self, request: &'a ModelRequest) -> ModelFuture<'a, Option<u64>> {
        Box::pin(async move {
            let connection = self.account.connection()?;
            let request = self.http_request(&connection, "v1/messages/count_tokens", request, Delivery::Counted)?;
            Ok(Some(connection.client.json(request, decode::token_count).await?))
        })
    }
}

impl Model for Anthropic {
    fn provider(&self) -> &str {
        PROVIDER
    }

    fn name(&self) -> &str {
        &self.model
    }

    fn capabilities(&self) -> Capabilities {
        self.account.capabilities(models::capabilities(Maker::Anthropic, &self.model))
    }

    fn endpoint(&self) -> Option<Endpoint> {
        self.account.endpoint()
    }

    async fn complete(&self, request: PreparedRequest) -> Result<ModelResponse> {
        self.whole(request).await
    }

    async fn stream(&self, request: PreparedRequest) -> Result<ModelStream> {
        self.streamed(request).await
    }

    async fn count_tokens(&self, request: &ModelRequest) -> Result<Option<u64>> {
        self.counted(request).await
    }
}

/// The header of the beta features that a request names.
fn betas(request: &ModelRequest) -> Result<Option<HeaderValue>> {
    let Some(betas) = request.options.of(PROVIDER).and_then(|options| options.get(BETAS)) else { return Ok(None) };
    let names: Option<Vec<&str>> = betas.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
    let header = names.and_then(|names| HeaderValue::try_from(names.join(",")).ok());
    header.map(Some).ok_or_else(|| config("the option betas is not a list of names").into())
}

fn config(words: &str) -> Failure {
    fail(PROVIDER, Category::Config, words)
}

/// A request that the API has no way to say; nothing was sent.
fn unsayable(words: &str) -> Error {
    fail(PROVIDER, Category::InvalidRequest, words).into()
}

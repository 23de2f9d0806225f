//! OpenAI's Responses API, and any server that speaks it.
//!
//! The wire format is that of `POST /v1/responses` in OpenAI's API reference
//! (<https://platform.openai.com/docs/api-reference/responses>). A conversation is a list of *items*: messages, function
//! calls and their outputs, reasoning, and whatever the provider's own tools leave. One assistant
//! [`Message`](crate::Message) holds the items of one answer in their order.

mod content;
mod count;
mod decode;
mod encode;
mod import;
mod stream;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::account::{Account, Connection, Vendor, WrittenTools, account_methods};
use super::http::HttpRequest;
use super::models::{self, Maker};
use super::{Failure, fail, openai};
use crate::error::{Error, ProviderErrorCategory as Category, Result};
use crate::model::{
    Capabilities, Endpoint, Model, ModelFuture, ModelRequest, ModelResponse, ModelStream, PreparedRequest,
};

/// The provider's name in errors and events, and the name under which it keeps things with messages and options.
const PROVIDER: &str = "openai";

static VENDOR: Vendor = Vendor {
    provider: PROVIDER,
    options: PROVIDER,
    key_variables: &["OPENAI_API_KEY"],
    base_url_variable: "OPENAI_BASE_URL",
    base_url: "https://api.openai.com/v1",
    key_header: ("authorization", "Bearer "),
    headers: &[],
};

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
/// **Proxies** of the environment (`HTTPS_PROXY` and its kin) are used, except for addresses of this machine and after
/// [`no_proxy`](Self::no_proxy). For other wishes give a [`client`](Self::client) of your own.
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
    account: Account,
    /// By whether strict mode is chosen.
    tools: WrittenTools<bool>,
}

account_methods!(OpenAiResponses, "gpt-5.5", "`OPENAI_API_KEY`", "OPENAI_BASE_URL", "https://api.openai.com/v1");

impl OpenAiResponses {
    /// A model by its name at the provider. Reads nothing; see [above](Self) for where the key comes from.
    pub fn new(model: impl Into<String>) -> Self {
        Self { model: model.into(), account: Account::new(&VENDOR), tools: WrittenTools::default() }
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

    fn http_request(&self, connection: &Connection, request: &ModelRequest, how: Delivery) -> Result<HttpRequest> {
        self.http_request_to("responses", connection, request, how)
    }

    fn http_request_to(
        &self,
        path: &str,
        connection: &Connection,
        request: &ModelRequest,
        how: Delivery,
    ) -> Result<HttpRequest> {
        let tools = self
            .tools
            .get(&request.tools, encode::auto_strict(request), |tools, strict| encode::tools(tools, *strict))?;
        let body = encode::body(&self.model, request, &tools, how)?;
        Ok(connection.request(path, request, body)?)
    }
}

/// How an answer is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    Whole,
    Streamed,
}

/// What the API is asked: boxed here, so that it is compiled here and not in the crates of users.
impl OpenAiResponses {
    fn whole(&self, request: PreparedRequest) -> ModelFuture<'_, ModelResponse> {
        Box::pin(async move {
            let connection = self.account.connection()?;
            let request = self.http_request(&connection, &request, Delivery::Whole)?.watched(&request);
            Ok(connection.client.json(request, decode::response).await?)
        })
    }

    fn streamed(&self, request: PreparedRequest) -> ModelFuture<'_, ModelStream> {
        Box::pin(async move {
            let connection = self.account.connection()?;
            let request = self.http_request(&connection, &request, Delivery::Streamed)?.watched(&request);
            Ok(connection.client.events(request, stream::ResponsesStream::default()).await?)
        })
    }

    fn counted<'a>(&'a self, request: &'a ModelRequest) -> ModelFuture<'a, Option<u64>> {
        Box::pin(async move {
            let connection = self.account.connection()?;
            let request = count::request(request);
            let request = self.http_request_to("responses/input_tokens", &connection, &request, count::DELIVERY)?;
            Ok(Some(connection.client.json(request, count::response).await?))
        })
    }
}

impl Model for OpenAiResponses {
    fn provider(&self) -> &str {
        PROVIDER
    }

    fn name(&self) -> &str {
        &self.model
    }

    fn capabilities(&self) -> Capabilities {
        self.account.capabilities(models::capabilities(Maker::OpenAi, &self.model))
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

fn config(words: &str) -> Failure {
    fail(PROVIDER, Category::Config, words)
}

/// A request that the API has no way to say; nothing was sent.
fn unsayable(words: &str) -> Error {
    openai::unsayable(PROVIDER, words)
}

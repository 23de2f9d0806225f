//! Google's Gemini API, and any server that speaks it.
//!
//! The wire format is that of `generateContent` in the Gemini API reference
//! (<https://ai.google.dev/api/generate-content>). A conversation is a list of *contents*, each of a role and *parts*.
//! A part on the wire is a part of a [`Message`](crate::Message): what stands beside its data, such as the signature of
//! a thought, is kept with it under the names it has on the wire and goes back as it came.

mod decode;
mod encode;
mod import;
mod part;
mod partial;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;

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
const PROVIDER: &str = "gemini";

static VENDOR: Vendor = Vendor {
    provider: PROVIDER,
    options: PROVIDER,
    key_variables: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    // As Google's own client names it.
    base_url_variable: "GOOGLE_GEMINI_BASE_URL",
    base_url: "https://generativelanguage.googleapis.com",
    key_header: ("x-goog-api-key", ""),
    headers: &[],
};

/// A model behind Google's Gemini API, or behind any server that speaks it.
///
/// [`new`](Self::new) reads nothing and cannot fail, so it can stand in an agent's definition; what is missing or wrong
/// is reported, as an error of kind [`Config`](crate::ErrorKind::Config), by the first request.
/// [`from_env`](Self::from_env) reports it at once.
///
/// **Key and address.** Where neither a key nor a base URL was set, the first request takes the key from
/// `GEMINI_API_KEY`, else from `GOOGLE_API_KEY`, and the address from `GOOGLE_GEMINI_BASE_URL`. Where one of them was
/// set, the environment is not read: a key is never sent to an address it was not meant for. The key goes into a header
/// and never into an address. A base URL without a key sends none.
///
/// **Options** of a request under the name `gemini` go into the body as they are, so anything the API takes can be asked
/// for: `.option("gemini", "generationConfig", json!({"thinkingConfig": {"thinkingBudget": 0}}))`. Objects are laid over
/// what the request itself says, field by field. Four names are special: `extra_body` is an object laid over the whole
/// body last, `extra_headers` an object of header texts, `tool_schema` and `output_schema` see below.
///
/// **Schemas** of tools and of the output are written in the API's [own form](crate::schema::Dialect::Gemini), which
/// every model takes, where that loses nothing, and as JSON Schema (`parametersJsonSchema`, `responseJsonSchema`) where
/// it would. The options `tool_schema` and `output_schema` decide otherwise: `"openapi"` sends the schema as it is in the
/// place of the own form, `"json"` sends it as it is as JSON Schema.
///
/// **System messages**, wherever they stand, become parts of the `systemInstruction`, after the instructions: the API
/// has no other place for what a developer says.
///
/// **Ids of calls.** The API often gives calls no id. Such a call gets one that is made of the id of the answer and the
/// call's place, and that is not sent back.
///
/// **What comes back** beyond Runlet's own words stays with its part and is sent back as it came: signatures of
/// thoughts, and the parts of the provider's own tools (code that it ran, searches). What belongs to an answer as a whole
/// (`groundingMetadata`, `safetyRatings`, `finishMessage` and their like) is kept with the message, as `candidate` in
/// [`Extra`](crate::message::Extra), and not sent. Of several candidates, the first one is read.
///
/// **Histories of other models.** Gemini 3 and later want the signature of a thought with a model's first call. For calls
/// that another model made, the adapter sends the placeholder that Google names for this
/// (<https://ai.google.dev/gemini-api/docs/thought-signatures>).
///
/// **Proxies** of the environment (`HTTPS_PROXY` and its kin) are used, except for addresses of this machine and after
/// [`no_proxy`](Self::no_proxy). For other wishes give a [`client`](Self::client) of your own.
///
/// ```
/// use runlet::Model;
/// use runlet::model::ContextWindow;
/// use runlet::provider::Gemini;
///
/// let hosted = Gemini::new("gemini-2.5-flash");
/// assert_eq!(hosted.capabilities().context_window, ContextWindow::Known(1_048_576));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Gemini {
    model: String,
    account: Account,
    /// By the form of the schemas.
    tools: WrittenTools<encode::Form>,
}

account_methods!(
    Gemini,
    "gemini-2.5-flash",
    "`GEMINI_API_KEY` or `GOOGLE_API_KEY`",
    "GOOGLE_GEMINI_BASE_URL",
    "https://generativelanguage.googleapis.com"
);

impl Gemini {
    /// A model by its name at the provider, such as `gemini-2.5-flash`. Reads nothing; see [above](Self) for where the
    /// key comes from.
    pub fn new(model: impl Into<String>) -> Self {
        Self { model: model.into(), account: Account::new(&VENDOR), tools: WrittenTools::default() }
    }

    /// Reads a request body of this API, such as one that was stored or recorded, as a request.
    ///
    /// Building the request again gives equal JSON, with names of fields in camel case: what a [`ModelRequest`] has no
    /// word for becomes an option of `gemini`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the body is not an object, or its `contents` not a list of
    /// contents.
    ///
    /// ```
    /// use runlet::provider::Gemini;
    ///
    /// let body = serde_json::json!({
    ///     "contents": [{ "role": "user", "parts": [{ "text": "Where is order 123?" }] }],
    ///     "generationConfig": { "thinkingConfig": { "thinkingBudget": 0 } },
    /// });
    /// let request = Gemini::request_from_wire(&body)?;
    /// assert_eq!(request.messages[0].text(), "Where is order 123?");
    /// # Ok::<(), runlet::Error>(())
    /// ```
    pub fn request_from_wire(body: &Value) -> Result<ModelRequest> {
        import::request(body)
    }

    fn http_request(&self, connection: &Connection, request: &ModelRequest, method: Method) -> Result<HttpRequest> {
        let form = encode::tool_form(request)?;
        let tools = self.tools.get(&request.tools, form, |tools, form| encode::tools(tools, *form))?;
        let name = name(&self.model);
        let mut body = encode::body(&self.model, request, &tools)?;
        if method == Method::Count {
            body = encode::count(name, &body)?;
        }
        let path = format!("v1beta/models/{name}:{}", method.name());
        let mut request = connection.request(&path, request, body)?;
        if method == Method::Stream {
            // Without this the answer comes as one JSON list.
            Arc::make_mut(&mut request.url).set_query(Some("alt=sse"));
        }
        Ok(request)
    }
}

/// What is asked of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Generate,
    Stream,
    Count,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Generate => "generateContent",
            Self::Stream => "streamGenerateContent",
            Self::Count => "countTokens",
        }
    }
}

/// What the API is asked: boxed here, so that it is compiled here and not in the crates of users.
impl Gemini {
    fn whole(&self, request: PreparedRequest) -> ModelFuture<'_, ModelResponse> {
        Box::pin(async move {
            let connection = self.account.connection()?;
            let request = self.http_request(&connection, &request, Method::Generate)?.watched(&request);
            Ok(connection.client.json(request, decode::response).await?)
        })
    }

    fn streamed(&self, request: PreparedRequest) -> ModelFuture<'_, ModelStream> {
        Box::pin(async move {
            let connection = self.account.connection()?;
            let request = self.http_request(&connection, &request, Method::Stream)?.watched(&request);
            Ok(connection.client.events(request, stream::GeminiStream::default()).await?)
        })
    }

    fn counted<'a>(&'a self, request: &'a ModelRequest) -> ModelFuture<'a, Option<u64>> {
        Box::pin(async move {
            let connection = self.account.connection()?;
            let request = self.http_request(&connection, request, Method::Count)?;
            Ok(Some(connection.client.json(request, decode::token_count).await?))
        })
    }
}

impl Model for Gemini {
    fn provider(&self) -> &str {
        PROVIDER
    }

    fn name(&self) -> &str {
        &self.model
    }

    fn capabilities(&self) -> Capabilities {
        self.account.capabilities(models::capabilities(Maker::Gemini, &self.model))
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

/// A model's name as it stands in a path: the API lists models as `models/gemini-2.5-flash`.
fn name(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

/// Whether a model is of a generation that wants a signature with the calls in its history, and that reads media in what
/// a function gave (<https://ai.google.dev/gemini-api/docs/gemini-3>).
fn is_generation_3(model: &str) -> bool {
    let number = name(model).strip_prefix("gemini-").and_then(|rest| rest.chars().next());
    number.is_some_and(|number| number.is_ascii_digit() && !matches!(number, '0'..='2'))
}

fn config(words: &str) -> Failure {
    fail(PROVIDER, Category::Config, words)
}

/// A request that the API has no way to say; nothing was sent.
fn unsayable(words: &str) -> Error {
    fail(PROVIDER, Category::InvalidRequest, words).into()
}

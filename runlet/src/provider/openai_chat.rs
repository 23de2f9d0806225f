//! OpenAI's Chat Completions API, and the many servers that speak it.
//!
//! The wire format is that of `POST /v1/chat/completions` in OpenAI's API reference
//! (<https://platform.openai.com/docs/api-reference/chat>). One assistant [`Message`](crate::Message) is one message on
//! the wire; a message of tool results is one message for each result.
//!
//! What a server keeps with a message beyond Runlet's words stands in [`Extra`](crate::message::Extra) as
//! `{"from": kind, "fields": {..}}`: `from` names the [kind of server](Compatibility) that said it, and to others it is
//! not sent. Where a caller wrote the fields, in a request that was read, there is no `from`, and they are always sent.

mod answer;
mod calls;
mod compat;
mod content;
mod decode;
mod encode;
mod import;
mod stream;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use self::compat::Compatibility;
use super::account::{Account, Connection, Vendor, WrittenTools, account_methods, environment};
use super::http::HttpRequest;
use super::models::{self, Maker};
use crate::error::Result;
use crate::model::{
    Capabilities, Endpoint, Model, ModelFuture, ModelRequest, ModelResponse, ModelStream, PreparedRequest,
};

/// The provider's name in errors and events, and the name under which it keeps things with messages and options.
const PROVIDER: &str = "openai_chat";

static VENDOR: Vendor = Vendor {
    provider: PROVIDER,
    options: PROVIDER,
    key_variables: &["OPENAI_API_KEY"],
    base_url_variable: "OPENAI_BASE_URL",
    base_url: "https://api.openai.com/v1",
    key_header: ("authorization", "Bearer "),
    headers: &[],
};

/// A model behind OpenAI's Chat Completions API, or behind any server that speaks it.
///
/// [`new`](Self::new) reads nothing and cannot fail, so it can stand in an agent's definition; what is missing or wrong
/// is reported, as an error of kind [`Config`](crate::ErrorKind::Config), by the first request.
/// [`from_env`](Self::from_env) reports it at once.
///
/// **Key and address.** Where neither a key nor a base URL was set, the first request takes both from `OPENAI_API_KEY`
/// and `OPENAI_BASE_URL`, as the official clients do. Where one of them was set, the environment is not read: a key is
/// never sent to an address it was not meant for. A base URL without a key sends none, which suits local servers.
///
/// **Other servers** take less than OpenAI's, or say it differently. How they differ is known of Ollama, vLLM,
/// llama.cpp, Groq, Mistral, `DeepSeek`, `OpenRouter`, xAI and others, and chosen by the base URL; see [`Compatibility`].
/// A setting that a server is known to pass over, such as a tool choice that it does not read, is an error before
/// anything is sent.
///
/// **Options** of a request under the name `openai_chat` go into the body as they are, so anything a server takes can be
/// asked for: `.option("openai_chat", "seed", 7)`. Some names are special:
/// * `extra_body` is an object laid over the whole body last, `extra_headers` an object of header texts.
/// * `auto_strict`: with `false`, nothing is said of strict mode where neither the tool nor the output says anything.
///   Else it is on where the [lowering](crate::schema::Dialect::OpenAiStrict) loses nothing, and off where it would, for
///   servers that know it.
/// * `include_usage`: whether a stream is asked for its usage. By default it is, where the server has to be asked.
/// * `max_tokens_field`: the field for the most tokens of an answer, `max_tokens` or `max_completion_tokens`.
///
/// **What comes back.** Reasoning that a server shows stays with the answer and goes back to that kind of server, where
/// it wants to see it again, and to no other. Of several choices (`n`) the first is the answer; the others are billed
/// and not read.
///
/// ```
/// use runlet::Model;
/// use runlet::model::ContextWindow;
/// use runlet::provider::OpenAiChat;
///
/// let hosted = OpenAiChat::new("gpt-5.5");
/// assert_eq!(hosted.capabilities().context_window, ContextWindow::Known(1_050_000));
///
/// let local = OpenAiChat::new("qwen3").base_url("http://localhost:11434/v1").context_window(32_768);
/// assert_eq!(local.capabilities().context_window, ContextWindow::Known(32_768));
/// ```
#[derive(Clone)]
#[must_use]
pub struct OpenAiChat {
    model: String,
    account: Account,
    compatibility: Option<Compatibility>,
    /// By whether strict mode is chosen.
    tools: WrittenTools<bool>,
}

account_methods!(OpenAiChat, "gpt-5.5", "`OPENAI_API_KEY`", "OPENAI_BASE_URL", "https://api.openai.com/v1");

impl OpenAiChat {
    /// A model by its name at the server. Reads nothing; see [above](Self) for where the key comes from.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            account: Account::new(&VENDOR),
            compatibility: None,
            tools: WrittenTools::default(),
        }
    }

    /// Sets what kind of server it is, where its address does not tell.
    ///
    /// ```
    /// use runlet::provider::{Compatibility, OpenAiChat};
    ///
    /// let model = OpenAiChat::new("qwen3")
    ///     .base_url("https://llm.example.com/v1")
    ///     .compatibility(Compatibility::vllm())
    ///     .context_window(131_072);
    /// # let _ = model;
    /// ```
    pub fn compatibility(mut self, compatibility: Compatibility) -> Self {
        self.compatibility = Some(compatibility);
        self
    }

    /// Reads a request body of this API, such as one that was stored or recorded, as a request.
    ///
    /// Building the request again gives equal JSON, but for two ways to write the same: content that is one text is
    /// written as the text, not as a list, and the content of a message that only calls tools is `null`. What a
    /// [`ModelRequest`] has no word for becomes an option of `openai_chat`. Not read are `model` and `stream`, which the
    /// adapter and its methods decide.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the body is not an object, or its `messages` are not a list
    /// of objects.
    ///
    /// ```
    /// use runlet::provider::OpenAiChat;
    ///
    /// let body = serde_json::json!({
    ///     "model": "gpt-5.5",
    ///     "messages": [{ "role": "user", "content": "Where is order 123?" }],
    ///     "reasoning_effort": "low",
    /// });
    /// let request = OpenAiChat::request_from_wire(&body)?;
    /// assert_eq!(request.messages[0].text(), "Where is order 123?");
    /// assert_eq!(request.options.of("openai_chat").unwrap()["reasoning_effort"], "low");
    /// # Ok::<(), runlet::Error>(())
    /// ```
    pub fn request_from_wire(body: &Value) -> Result<ModelRequest> {
        import::request(body)
    }

    /// What kind of server stands at the base URL, where the first request will find it too; OpenAI's where none was set.
    fn known_compatibility(&self, variable: impl Fn(&str) -> Option<String>) -> Compatibility {
        let Account { key, base_url, .. } = &self.account;
        let by_url = || match (key, base_url) {
            (_, Some(url)) => Compatibility::of_url(url),
            (None, None) => {
                variable(VENDOR.base_url_variable).map_or_else(Compatibility::openai, |url| Compatibility::of_url(&url))
            }
            (Some(_), None) => Compatibility::openai(),
        };
        self.compatibility.unwrap_or_else(by_url)
    }

    /// The request, and the kind of the server that it goes to.
    fn http_request(
        &self,
        connection: &Connection,
        request: &ModelRequest,
        how: Delivery,
    ) -> Result<(HttpRequest, Compatibility)> {
        let by_address = || *connection.compatibility.get_or_init(|| Compatibility::of(&connection.base_url));
        let compatibility = self.compatibility.unwrap_or_else(by_address);
        let tools =
            self.tools.get(&request.tools, encode::auto_strict(request, compatibility.row()), |tools, strict| {
                encode::tools(tools, *strict)
            })?;
        let body = encode::body(&self.model, request, &tools, how, compatibility.row())?;
        Ok((connection.request("chat/completions", request, body)?, compatibility))
    }
}

/// How an answer is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    Whole,
    Streamed,
}

/// What the API is asked: boxed here, so that it is compiled here and not in the crates of users.
impl OpenAiChat {
    fn whole(&self, request: PreparedRequest) -> ModelFuture<'_, ModelResponse> {
        Box::pin(async move {
            let connection = self.account.connection()?;
            let (sent, compatibility) = self.http_request(&connection, &request, Delivery::Whole)?;
            let sent = sent.watched(&request);
            Ok(connection.client.json(sent, |json| decode::response(json, compatibility.row())).await?)
        })
    }

    fn streamed(&self, request: PreparedRequest) -> ModelFuture<'_, ModelStream> {
        Box::pin(async move {
            let connection = self.account.connection()?;
            let (sent, compatibility) = self.http_request(&connection, &request, Delivery::Streamed)?;
            let sent = sent.watched(&request);
            Ok(connection.client.events(sent, stream::ChatStream::new(compatibility.row())).await?)
        })
    }
}

impl Model for OpenAiChat {
    fn provider(&self) -> &str {
        PROVIDER
    }

    fn name(&self) -> &str {
        &self.model
    }

    fn capabilities(&self) -> Capabilities {
        let compatibility = self.known_compatibility(environment);
        let mut known = if compatibility == Compatibility::openai() {
            models::capabilities(Maker::OpenAi, &self.model)
        } else {
            Capabilities::new().with_tools().with_structured_output()
        };
        known.structured_output &= compatibility.row().json_schema;
        self.account.capabilities(known)
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
}

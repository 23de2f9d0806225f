//! Errors: one opaque [`Error`] with a stable [`ErrorKind`], and the typed details a caller may want to act on.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a fallible Runlet operation returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Anything that can go wrong in Runlet.
///
/// An error has a [kind](Error::kind), which is stable and meant for matching, a message in words, and often a source.
/// Cloning is cheap: events, results and callers share one error. No error holds a key, a header, a URL with a query
/// or the content of a prompt.
///
/// ```
/// use runlet::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Tool, "the printer is out of paper");
/// assert_eq!(error.kind(), ErrorKind::Tool);
/// assert_eq!(error.kind().code(), "tool_error");
/// assert_eq!(error.to_string(), "the printer is out of paper");
/// ```
#[derive(Clone)]
pub struct Error {
    inner: Arc<Inner>,
}

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kind of an [`Error`], equal to its stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The agent, runtime or provider is set up in a way that cannot work; nothing was sent.
    #[serde(rename = "config_error")]
    Config,
    /// The model or its provider failed, refused, or broke its protocol.
    #[serde(rename = "model_error")]
    Model,
    /// A tool ended the run.
    #[serde(rename = "tool_error")]
    Tool,
    /// The request does not fit the context window: it was not sent, or the provider turned it down.
    #[serde(rename = "context_overflow")]
    ContextOverflow,
    /// A hook failed or vetoed.
    #[serde(rename = "hook_error")]
    Hook,
    /// A limit of the run's policy was reached.
    #[serde(rename = "policy_stop")]
    PolicyStop,
    /// A state store failed.
    #[serde(rename = "state_error")]
    State,
    /// The run was cancelled.
    #[serde(rename = "cancelled")]
    Cancelled,
    /// The run waits for a person and can be resumed.
    #[serde(rename = "interrupted")]
    Interrupted,
    /// Runlet itself is at fault.
    #[serde(rename = "internal_runtime_error")]
    Internal,
}

impl Error {
    /// Makes an error of a kind from a message in words.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { inner: Arc::new(Inner { kind, message: message.into(), source: None }) }
    }

    /// Makes an error of a kind whose cause is `source`; the message should not repeat the source's own.
    pub fn with_source(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { inner: Arc::new(Inner { kind, message: message.into(), source: Some(source.into()) }) }
    }

    /// The kind, for matching.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The first `T` among the sources of the error: for example `error.detail::<ContextOverflow>()`.
    pub fn detail<T: StdError + 'static>(&self) -> Option<&T> {
        let mut next = self.source();
        while let Some(source) = next {
            if let Some(detail) = source.downcast_ref() {
                return Some(detail);
            }
            next = source.source();
        }
        None
    }

    /// What a provider said, where the error came from one.
    pub fn provider(&self) -> Option<&ProviderError> {
        self.detail()
    }

    /// Whether the same operation may succeed when it is tried again later, unchanged.
    pub fn is_retryable(&self) -> bool {
        self.provider().is_some_and(ProviderError::is_retryable)
    }

    /// Whether it came with a status: who answers so has not run the model.
    pub(crate) fn was_turned_away(&self) -> bool {
        self.provider().is_some_and(|provider| provider.status.is_some())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.inner.kind).field("message", &self.inner.message);
        if let Some(source) = &self.inner.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl ErrorKind {
    /// The stable code, such as `model_error`, used in events and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Config => "config_error",
            Self::Model => "model_error",
            Self::Tool => "tool_error",
            Self::ContextOverflow => "context_overflow",
            Self::Hook => "hook_error",
            Self::PolicyStop => "policy_stop",
            Self::State => "state_error",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::Internal => "internal_runtime_error",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What went wrong between Runlet and a model's provider, in types.
///
/// It is the [source](Error::provider) of errors of kind [`ErrorKind::Model`]. It holds what the provider said of the
/// failure (status, code, request id) and never a key, a header, a URL or a body. `Debug` shows how long the partial text
/// is, not what it says.
#[derive(Clone)]
#[non_exhaustive]
pub struct ProviderError {
    /// The provider's name, such as `openai`.
    pub provider: String,
    /// What kind of failure it was.
    pub category: ProviderErrorCategory,
    /// The HTTP status, where an answer came.
    pub status: Option<u16>,
    /// The provider's own code, such as `rate_limit_exceeded`.
    pub code: Option<String>,
    /// The provider's own words, at most 2,048 bytes of them.
    pub message: String,
    /// The provider's id of the request, for its support.
    pub request_id: Option<String>,
    /// How long the provider asked to wait.
    pub retry_after: Option<Duration>,
    /// Whether the provider said, in the header `x-should-retry`, that the same request is worth another try.
    pub should_retry: Option<bool>,
    /// How far the exchange had come, where it was the connection that failed.
    pub phase: Option<TransportPhase>,
    /// Whether a part of the answer had been handed out. Such a request is never tried again.
    pub response_started: bool,
    /// How many tokens the provider says that the model reads, where the request was longer.
    pub reported_limit: Option<u64>,
    /// How often the request was sent. 0 where nothing was sent.
    pub attempts: u32,
    /// The text that had arrived when a stream failed; empty when none had.
    pub partial_text: String,
}

/// How far an exchange had come when its connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportPhase {
    /// No connection was had: nothing was sent.
    Connect,
    /// The request was being sent, or had been and no answer came: the provider may have acted on it.
    Send,
    /// The answer was being read.
    Read,
}

impl ProviderError {
    /// Makes an error of a category with the words that explain it.
    pub fn new(provider: impl Into<String>, category: ProviderErrorCategory, message: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            category,
            status: None,
            code: None,
            message: message.into(),
            request_id: None,
            retry_after: None,
            should_retry: None,
            phase: None,
            response_started: false,
            reported_limit: None,
            attempts: 0,
            partial_text: String::new(),
        }
    }

    /// Whether the same request may succeed when it is sent again later.
    ///
    /// Never where a part of the answer was handed out, where the provider says not to, or where waiting does not help: a
    /// spent quota, a request that is too long, a filter. Else the provider's word counts, then the status of the answer
    /// (408, 409, 425, 429, 500, 502 to 504, 520 to 524 and 529), then the [category](ProviderErrorCategory).
    pub fn is_retryable(&self) -> bool {
        use ProviderErrorCategory::{Config, ContentFilter, ContextOverflow, QuotaExceeded};
        if self.response_started || self.should_retry == Some(false) {
            return false;
        }
        if matches!(self.category, Config | ContentFilter | ContextOverflow | QuotaExceeded) {
            return false;
        }
        match self.status {
            _ if self.should_retry == Some(true) => true,
            Some(status @ 400..) => matches!(status, 408 | 409 | 425 | 429 | 500 | 502..=504 | 520..=524 | 529),
            _ => self.category.is_retryable(),
        }
    }
}

impl fmt::Debug for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderError")
            .field("provider", &self.provider)
            .field("category", &self.category)
            .field("status", &self.status)
            .field("code", &self.code)
            .field("message", &self.message)
            .field("request_id", &self.request_id)
            .field("retry_after", &self.retry_after)
            .field("should_retry", &self.should_retry)
            .field("phase", &self.phase)
            .field("response_started", &self.response_started)
            .field("reported_limit", &self.reported_limit)
            .field("attempts", &self.attempts)
            .field("partial_text_bytes", &self.partial_text.len())
            .finish()
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.provider, self.category)?;
        if let Some(status) = self.status {
            write!(f, " (status {status}")?;
            if let Some(code) = &self.code {
                write!(f, ", code {code}")?;
            }
            f.write_str(")")?;
        } else if let Some(code) = &self.code {
            write!(f, " (code {code})")?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " [request {id}]")?;
        }
        if self.attempts > 1 {
            write!(f, " (after {} attempts)", self.attempts)?;
        }
        Ok(())
    }
}

impl StdError for ProviderError {}

impl From<Box<ProviderError>> for Error {
    fn from(error: Box<ProviderError>) -> Self {
        Self::from(*error)
    }
}

impl From<ProviderError> for Error {
    fn from(error: ProviderError) -> Self {
        let kind = match error.category {
            ProviderErrorCategory::Config => ErrorKind::Config,
            _ => ErrorKind::Model,
        };
        Self::with_source(kind, error.to_string(), error)
    }
}

/// The kind of a [`ProviderError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProviderErrorCategory {
    /// The provider cannot be set up as asked: a bad base URL, a missing key.
    Config,
    /// The key is missing, wrong or revoked (401).
    Authentication,
    /// The key may not do this (403).
    Permission,
    /// No such model or endpoint (404).
    NotFound,
    /// The provider rejects the request as it stands (400, 409, 413, 422 and the like).
    InvalidRequest,
    /// The request is longer than the model's context window.
    ContextOverflow,
    /// Too many requests or tokens for now (429).
    RateLimited,
    /// A quota or spending limit is used up; waiting does not help.
    QuotaExceeded,
    /// The provider has no capacity for now (503, 529).
    Overloaded,
    /// The provider failed (5xx).
    Server,
    /// The provider's filter blocked the prompt or the answer.
    ContentFilter,
    /// No answer could be had: DNS, connect, TLS, reset.
    Transport,
    /// The answer did not come in time.
    Timeout,
    /// The stream ended before the provider's terminal event.
    Truncated,
    /// The answer breaks the provider's own protocol: not JSON, not an event stream, too large, a redirect.
    Protocol,
    /// The model gave neither text nor a tool call.
    EmptyResponse,
    /// The provider reports a failure that fits no other category.
    Other,
}

impl ProviderErrorCategory {
    /// Whether a later try may succeed.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::Overloaded
                | Self::Server
                | Self::Transport
                | Self::Timeout
                | Self::Truncated
                | Self::EmptyResponse
        )
    }
}

impl fmt::Display for ProviderErrorCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Config => "cannot be set up",
            Self::Authentication => "the key was not accepted",
            Self::Permission => "the key may not do this",
            Self::NotFound => "no such model or endpoint",
            Self::InvalidRequest => "the request was rejected",
            Self::ContextOverflow => "the request is longer than the context window",
            Self::RateLimited => "rate limited",
            Self::QuotaExceeded => "the quota is used up",
            Self::Overloaded => "overloaded",
            Self::Server => "the provider failed",
            Self::ContentFilter => "blocked by the content filter",
            Self::Transport => "no answer could be had",
            Self::Timeout => "timed out",
            Self::Truncated => "the stream ended before its terminal event",
            Self::Protocol => "the answer breaks the protocol",
            Self::EmptyResponse => "the model answered nothing",
            Self::Other => "failed",
        })
    }
}

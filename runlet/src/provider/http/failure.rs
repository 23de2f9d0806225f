//! Failures: from HTTP statuses, error objects and transport errors to [`ProviderError`]s.

mod hints;

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::Response;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::error::{ProviderErrorCategory as Category, TransportPhase};
use crate::provider::{Failure, fail};

/// The most that is kept of a provider's own words, in bytes.
const MAX_MESSAGE: usize = 2048;
/// The most that is kept of a code or an id, in bytes.
const MAX_NAME: usize = 200;

/// The codes of errors that waiting does not cure, whatever their status.
const QUOTA_CODES: &[&str] = &[
    "billing_error",
    "billing_hard_limit_reached",
    "billing_not_active",
    "contract_spend_limit_reached",
    "credit_balance_exhausted",
    "enforced_spend_limit_reached",
    "insufficient_quota",
    "organization_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "project_spend_limit_exceeded",
    "quota_exceeded",
];

const OVERFLOW_CODES: &[&str] =
    &["context_length_exceeded", "context_window_exceeded", "model_context_window_exceeded", "prompt_too_long"];

/// What servers without a code of their own write, in lower case. OpenAI and the servers that follow it speak of the
/// context length, Anthropic of the prompt, Gemini of the input token count, llama.cpp of the context size.
const OVERFLOW_PHRASES: &[&str] = &[
    "available context size",
    "context length",
    "context window",
    "exceed context limit",
    "exceeds the maximum number of tokens",
    "input is too long",
    "input length and",
    "input token count",
    "maximum prompt length",
    "prompt is too long",
    "reduce the length of the",
    "too many input tokens",
];

/// The headers that tell something of a failure.
const TELLING: [&str; 5] = ["x-request-id", "request-id", "retry-after-ms", "retry-after", "x-should-retry"];

/// The head of an answer, for the errors of that answer. Most answers have none, so it is read when there is one.
pub(super) struct AnswerHead {
    status: u16,
    headers: HeaderMap,
}

impl AnswerHead {
    /// Takes the head of an answer out of it.
    pub(super) fn take(response: &mut Response) -> Self {
        Self { status: response.status().as_u16(), headers: std::mem::take(response.headers_mut()) }
    }

    /// Leaves what an error needs, in memory of its own: a stream may be open for long, and a header holds on to the bytes
    /// that it was read from.
    pub(super) fn reduced(self) -> Self {
        let copied = |name: &'static str| {
            let value = HeaderValue::from_bytes(self.headers.get(name)?.as_bytes()).ok()?;
            Some((HeaderName::from_static(name), value))
        };
        Self { headers: TELLING.into_iter().filter_map(copied).collect(), ..self }
    }

    /// Adds to an error what the head says and the error does not.
    pub(super) fn complete(&self, mut error: Failure) -> Failure {
        let text = |name: &str| self.text(name);
        error.status = error.status.or(Some(self.status));
        let request_id = || text("x-request-id").or_else(|| text("request-id")).map(str::to_owned);
        error.request_id = error.request_id.or_else(request_id);
        // The header is exact; the words of the body are a hint for where there is none.
        error.retry_after = retry_after(&self.headers, SystemTime::now()).or(error.retry_after);
        let should_retry = || text("x-should-retry").and_then(|text| text.trim().parse().ok());
        error.should_retry = error.should_retry.or_else(should_retry);
        error
    }

    /// The media type in lower case, without parameters.
    pub(super) fn content_type(&self) -> Option<String> {
        let media_type = self.text("content-type")?.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        (!media_type.is_empty()).then_some(media_type)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A provider's own account of a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorObject {
    /// A name: OpenAI's `code`, else its `type`; Gemini's `status`.
    code: Option<String>,
    /// The `type`, which names a wider class.
    class: Option<String>,
    /// What `details` name as the reason, which is the most specific name of all.
    reason: Option<String>,
    /// Whether `details` say that a quota of a whole day is spent.
    day_is_spent: bool,
    message: String,
    /// The status that the object itself names.
    reported_status: Option<u16>,
    /// How long the provider says to wait, in the object itself.
    wait: Option<Duration>,
}

impl ErrorObject {
    /// Finds the error in the body of an answer: `{"error": {..}}`, `{"error": "..", "code": ".."}`,
    /// `{"detail": ".."}` or `{"message": ".."}`.
    pub(crate) fn in_body(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        // Gemini wraps the object of a streaming request into a list.
        let body = body.get(0).unwrap_or(&body);
        match body.get("error") {
            Some(error @ Value::Object(_)) => Some(Self::of(error)),
            Some(Value::String(message)) => Some(Self { message: message.clone(), ..Self::of(body) }),
            _ => ["message", "detail"].iter().any(|name| body.get(name).is_some()).then(|| Self::of(body)),
        }
    }

    /// Reads an error object.
    pub(crate) fn of(error: &Value) -> Self {
        let text = |name: &str| error.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let message = match (text("message"), error.get("detail")) {
            (Some(message), _) => message.to_owned(),
            (None, Some(detail)) => hints::words_of_detail(detail),
            (None, None) => String::new(),
        };
        let class = text("type");
        // Gateways that pass on the error of another server repeat its status as the code.
        let number = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let code = text("code").or(text("status")).map(str::to_owned);
        Self {
            code: code.or_else(|| number.map(|code| code.to_string())).or_else(|| class.map(str::to_owned)),
            reported_status: number.filter(|code| (400..600).contains(code)),
            class: class.map(str::to_owned),
            reason: hints::reason(error).map(str::to_owned),
            day_is_spent: hints::day_is_spent(error),
            wait: hints::retry_info(error).or_else(|| hints::wait_in_words(&message)),
            message,
        }
    }

    /// As an error of a provider. `status` is that of an answer that says it failed: 200 says nothing of an error.
    pub(crate) fn into_error(self, provider: &str, status: Option<u16>) -> Failure {
        let category = self.category(status);
        let overflows = category == Category::ContextOverflow;
        let limit = overflows.then(|| hints::limit_in_words(&self.message)).flatten();
        let mut error = fail(provider, category, self.message);
        // A code of its own stands; one that only repeats the class says less than the reason.
        error.code = if self.code == self.class { self.reason.or(self.code) } else { self.code };
        error.status = status;
        error.reported_limit = limit;
        error.retry_after = self.wait;
        error
    }

    fn category(&self, status: Option<u16>) -> Category {
        let names = [self.reason.as_deref(), self.code.as_deref(), self.class.as_deref()];
        let is_one_of = |codes: &[&str]| names.into_iter().flatten().any(|name| codes.contains(&name));
        if self.day_is_spent || is_one_of(QUOTA_CODES) {
            return Category::QuotaExceeded;
        }
        // A limit on tokens per minute is told in words much like those of a prompt that is too long.
        if is_one_of(OVERFLOW_CODES) || (status != Some(429) && self.speaks_of_overflow()) {
            return Category::ContextOverflow;
        }
        let by_name = names.into_iter().flatten().find_map(|name| match name {
            "content_filter" | "content_policy_violation" | "invalid_prompt" | "cyber_policy" => {
                Some(Category::ContentFilter)
            }
            // Gemini answers a bad key with status 400.
            "invalid_api_key" | "authentication_error" | "UNAUTHENTICATED" | "API_KEY_INVALID" => {
                Some(Category::Authentication)
            }
            "permission_error" | "PERMISSION_DENIED" => Some(Category::Permission),
            "model_not_found" | "not_found_error" | "NOT_FOUND" => Some(Category::NotFound),
            "rate_limit_exceeded" | "rate_limit_error" | "RESOURCE_EXHAUSTED" | "ramp_limit_exceeded" => {
                Some(Category::RateLimited)
            }
            "overloaded_error" | "server_is_overloaded" | "slow_down" | "UNAVAILABLE" => Some(Category::Overloaded),
            "timeout_error" => Some(Category::Timeout),
            "server_error" | "internal_server_error" | "api_error" | "INTERNAL" => Some(Category::Server),
            "invalid_request_error" if status.is_none() => Some(Category::InvalidRequest),
            _ => None,
        });
        by_name.or_else(|| status.or(self.reported_status).map(by_status)).unwrap_or(Category::Other)
    }

    fn speaks_of_overflow(&self) -> bool {
        let message = truncate(&self.message, MAX_MESSAGE).to_ascii_lowercase();
        OVERFLOW_PHRASES.iter().any(|phrase| message.contains(phrase))
    }
}

fn by_status(status: u16) -> Category {
    match status {
        401 => Category::Authentication,
        402 => Category::QuotaExceeded,
        403 => Category::Permission,
        404 => Category::NotFound,
        408 | 504 => Category::Timeout,
        429 => Category::RateLimited,
        503 | 529 => Category::Overloaded,
        400..=499 => Category::InvalidRequest,
        500..=599 => Category::Server,
        _ => Category::Other,
    }
}

/// The error of an answer whose status says that it failed.
pub(super) fn of_status(provider: &str, head: &AnswerHead, body: &[u8]) -> Failure {
    let object = ErrorObject::in_body(body).unwrap_or_else(|| ErrorObject {
        message: format!("the answer, {}, says nothing of the reason", describe(head.content_type().as_deref())),
        ..ErrorObject::default()
    });
    head.complete(object.into_error(provider, Some(head.status)))
}

/// The error of an answer that succeeded and is no event stream where one was asked for.
pub(super) fn of_other_content(provider: &str, content_type: Option<&str>, body: &[u8]) -> Failure {
    let read: Option<Value> = serde_json::from_slice(body).ok();
    // Gemini wraps the object of a streaming request into a list.
    let read = read.as_ref().map(|body| body.get(0).unwrap_or(body));
    match read.and_then(|body| body.get("error")) {
        Some(Value::Null) | None => {
            let words = format!("the answer is {}, not an event stream", describe(content_type));
            fail(provider, Category::Protocol, words)
        }
        Some(_) => ErrorObject::in_body(body).unwrap_or_default().into_error(provider, None),
    }
}

fn describe(content_type: Option<&str>) -> String {
    content_type.map_or_else(|| "of no media type".to_owned(), |name| format!("of type {}", truncate(name, 80)))
}

/// The error of a request that got no answer.
pub(super) fn not_answered(provider: &str, error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let category = match &error {
        error if error.is_timeout() => Category::Timeout,
        error if error.is_builder() => Category::Config,
        _ => Category::Transport,
    };
    let (phase, words) = if error.is_connect() {
        (TransportPhase::Connect, "no connection")
    } else {
        (TransportPhase::Send, "no answer")
    };
    let reason = reason(&error);
    let mut failure = fail(provider, category, format!("{words}: {reason}"));
    failure.phase = Some(phase);
    // A certificate does not become valid by asking again.
    if reason.contains("invalid peer certificate") {
        failure.should_retry = Some(false);
    }
    failure
}

/// The error of an answer that broke off.
pub(super) fn broken_off(provider: &str, error: &reqwest::Error) -> Failure {
    let mut failure = fail(provider, Category::Truncated, format!("the connection broke: {}", reason(error)));
    failure.phase = Some(TransportPhase::Read);
    failure
}

pub(super) fn timeout(provider: &str, what: &str, limit: Duration) -> Failure {
    let mut failure = fail(provider, Category::Timeout, format!("{what} did not come within {limit:?}"));
    failure.phase = Some(TransportPhase::Read);
    failure
}

/// The innermost cause in words: the outer ones only say that there is one. The caller has taken the URL out.
pub(super) fn reason(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(|cause| cause.source()) {
        cause = Some(inner);
    }
    cause.map_or_else(|| error.to_string(), ToString::to_string)
}

/// What must not show in errors.
#[derive(Clone)]
pub(super) struct Secrets {
    key: Option<Arc<SecretString>>,
    headers: Arc<HeaderMap>,
}

impl Secrets {
    /// The key, and the values of all headers that are marked as sensitive: a user's own headers are.
    pub(super) fn new(key: Option<Arc<SecretString>>, headers: Arc<HeaderMap>) -> Self {
        Self { key, headers }
    }

    /// The texts to cut out, the longest first: what is left of it would show where it stands.
    fn texts(&self) -> Vec<&str> {
        let values = self.headers.values();
        let sensitive = values.filter(|value| value.is_sensitive()).filter_map(|value| value.to_str().ok());
        // `Bearer x` is told in errors as `x`.
        let texts = sensitive.flat_map(|value| [value, value.rsplit(' ').next().unwrap_or_default()]);
        let texts = texts.chain(self.key.as_ref().map(|key| key.expose_secret().trim()));
        // A value of three letters is no secret, and cutting it out would garble the words.
        let mut texts: Vec<&str> = texts.filter(|text| text.len() > 3).collect();
        texts.sort_unstable_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        texts
    }

    /// Cuts the secrets out of an error, should the provider have repeated them, and only then cuts it to length, so that
    /// no part of a secret is left at the cut.
    pub(super) fn redact(&self, mut error: Failure) -> Failure {
        self.clean(&mut error.message, MAX_MESSAGE);
        if let Some(code) = &mut error.code {
            self.clean(code, MAX_NAME);
        }
        if let Some(id) = &mut error.request_id {
            self.clean(id, MAX_NAME);
        }
        error
    }

    fn clean(&self, text: &mut String, limit: usize) {
        for secret in self.texts() {
            if text.contains(secret) {
                *text = text.replace(secret, "[redacted]");
            }
        }
        text.truncate(text.floor_char_boundary(limit));
    }
}

/// How long the provider asks to wait: `retry-after-ms` in milliseconds, else `retry-after` in seconds or as a date
/// (RFC 9110, section 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    // More seconds than can be counted are more than anyone waits.
    let seconds = |seconds: f64| {
        let sensible = seconds.is_finite() && seconds >= 0.0;
        sensible.then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    };
    let in_millis = text("retry-after-ms").and_then(|text| seconds(text.parse::<f64>().ok()? / 1000.0));
    if in_millis.is_some() {
        return in_millis;
    }
    let text = text("retry-after")?;
    match text.parse::<f64>() {
        Ok(wait) => seconds(wait),
        Err(_) => Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()),
    }
}

/// The beginning of a text, at most `limit` bytes, whole characters.
fn truncate(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or_default()
}

//! What every HTTP provider needs: a client with limits, one way to send, one way to fail.
//!
//! No error that leaves here holds a URL, a header, a key or a body. The words of a provider's own error object are
//! passed on, with the key cut out should the provider have repeated it.

mod failure;
#[cfg(feature = "_replay")]
pub(crate) mod replay;
mod retry;
mod stream;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tokio::time::Instant;

pub(crate) use self::failure::ErrorObject;
use self::failure::{AnswerHead, Secrets};
#[cfg(feature = "_replay")]
pub use self::replay::Replayed;
use self::retry::Retries;
pub use self::retry::RetryPolicy;
pub(crate) use self::stream::StreamDecoder;
use self::stream::{EventStream, Source};
use super::pieces::RequestBody;
use super::sse::SseLimits;
use super::{Failure, fail};
use crate::error::ProviderErrorCategory as Category;
use crate::model::{ModelStream, PreparedRequest, Watch};

/// The most that is read of an error's body, in bytes.
const MAX_ERROR_BODY: usize = 64 << 10;
/// The headers that a client adds to a request: its name, the host and the length of the body.
const CLIENT_HEADERS: usize = 3;
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// What a user can set of the transport. The figures are those of the official SDKs where they have one.
#[derive(Clone, Debug)]
pub(crate) struct HttpSettings {
    pub(crate) client: Option<reqwest::Client>,
    pub(crate) allow_insecure: bool,
    /// Whether proxies of the environment are passed by.
    pub(crate) no_proxy: bool,
    /// Up to an open connection.
    pub(crate) connect_timeout: Duration,
    /// Up to the end of an answer that is not streamed.
    pub(crate) total_timeout: Duration,
    /// Up to the first event of a stream.
    pub(crate) first_event_timeout: Duration,
    /// Between two pieces of a stream, keep-alive comments included.
    pub(crate) idle_timeout: Duration,
    pub(crate) limits: SseLimits,
    pub(crate) retry: RetryPolicy,
    /// Whether events of a stream that are not JSON are passed over.
    pub(crate) lenient: bool,
    #[cfg(feature = "_replay")]
    pub(crate) replay: Option<replay::Replay>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            client: None,
            allow_insecure: false,
            no_proxy: false,
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_mins(10),
            first_event_timeout: Duration::from_mins(2),
            idle_timeout: Duration::from_mins(5),
            limits: SseLimits::default(),
            retry: RetryPolicy::new(),
            lenient: false,
            #[cfg(feature = "_replay")]
            replay: None,
        }
    }
}

/// A request that can be sent any number of times: its chunks are shared, not copied.
pub(crate) struct HttpRequest {
    pub(crate) url: Arc<Url>,
    pub(crate) headers: Arc<HeaderMap>,
    /// The JSON body, in pieces.
    pub(crate) body: RequestBody,
    watch: Watch,
}

impl HttpRequest {
    pub(crate) fn new(url: Arc<Url>, headers: Arc<HeaderMap>, body: RequestBody) -> Self {
        Self { url, headers, body, watch: Watch::default() }
    }

    /// Tells of retries to whoever listens to `request`.
    pub(crate) fn watched(mut self, request: &PreparedRequest) -> Self {
        self.watch = request.watch();
        self
    }
}

/// What an answer is asked to be.
#[derive(Clone, Copy)]
enum Accept {
    /// As the headers of every request say: JSON.
    Usual,
    Events,
}

/// A connection to one provider under one key.
pub(crate) struct HttpClient {
    provider: &'static str,
    client: reqwest::Client,
    settings: HttpSettings,
    retries: Retries,
    key: Option<Arc<SecretString>>,
}

impl HttpClient {
    /// Makes a client for `base_url`. The key is only kept to be cut out of errors.
    pub(crate) fn new(
        provider: &'static str,
        settings: HttpSettings,
        base_url: &Url,
        key: Option<SecretString>,
    ) -> Result<Self, Failure> {
        let client = if let Some(client) = &settings.client {
            client.clone()
        } else {
            let builder = reqwest::Client::builder()
                .user_agent(concat!("runlet/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                // Who sends again counts it, and says so.
                .retry(reqwest::retry::never().max_retries_per_request(0))
                .connect_timeout(settings.connect_timeout)
                // Load balancers commonly drop idle connections after 60 s; one that is reused later is reset.
                .pool_idle_timeout(Duration::from_secs(30))
                .https_only(base_url.scheme() == "https");
            // A proxy cannot reach this machine's own loopback.
            let direct = settings.no_proxy || is_loopback(base_url);
            let builder = if direct { builder.no_proxy() } else { builder };
            builder.build().map_err(|error| {
                let words = format!("the HTTP client cannot be made: {}", failure::reason(&error.without_url()));
                fail(provider, Category::Config, words)
            })?
        };
        let retries = Retries::new(settings.retry.clone());
        Ok(Self { provider, client, settings, retries, key: key.map(Arc::new) })
    }

    /// Asks for a whole answer, whose body `decode` reads. The time limit is for all tries together.
    pub(crate) async fn json<T>(
        &self,
        request: HttpRequest,
        decode: impl Fn(&str) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let limit = self.settings.total_timeout;
        let deadline = after(limit);
        let attempt = || async {
            let answer = tokio::time::timeout_at(deadline, self.whole(&request, &decode)).await;
            let answer = answer.unwrap_or_else(|_| Err(self.timeout("an answer", limit)));
            answer.map_err(|error| self.secrets(&request).redact(error))
        };
        self.retries.run(&request.watch, Some(deadline), attempt).await
    }

    /// Asks for an answer in events, which `decoder` reads. Gives the stream when its first event has come: until then
    /// the request can be sent again.
    pub(crate) async fn events<D: StreamDecoder>(
        &self,
        request: HttpRequest,
        decoder: D,
    ) -> Result<ModelStream, Failure> {
        let limit = self.settings.first_event_timeout;
        let secrets = self.secrets(&request);
        let attempt = || async {
            let deadline = after(limit);
            let answer = tokio::time::timeout_at(deadline, async {
                let (head, response) = self.send(&request, Accept::Events).await?;
                self.expect_events(head, response).await
            });
            let source = answer.await.unwrap_or_else(|_| Err(self.timeout("an answer", limit)));
            let source = source.map_err(|error| secrets.redact(error))?;
            let settings = &self.settings;
            EventStream::new(self.provider, source, decoder.clone(), settings, deadline, secrets.clone()).begun().await
        };
        let stream = self.retries.run(&request.watch, None, attempt).await?;
        Ok(ModelStream::new(stream))
    }

    async fn whole<T>(&self, request: &HttpRequest, decode: impl Fn(&str) -> Result<T, Failure>) -> Result<T, Failure> {
        let (head, mut response) = self.send(request, Accept::Usual).await?;
        let body = self.read(&mut response, self.settings.limits.stream).await;
        let decoded = body.and_then(|body| match std::str::from_utf8(&body) {
            Ok(json) => decode(json),
            Err(_) => Err(fail(self.provider, Category::Protocol, "the answer is not UTF-8")),
        });
        decoded.map_err(|error| head.complete(error))
    }

    /// Sends a request once and gives an answer whose status says success.
    async fn send(&self, request: &HttpRequest, accept: Accept) -> Result<(AnswerHead, Response), Failure> {
        #[cfg(feature = "_replay")]
        if let Some(replay) = &self.settings.replay {
            let mut response = replay.answer(request);
            return Ok((AnswerHead::take(&mut response), response));
        }
        let response = self.client.execute(self.outgoing(request, accept)).await;
        let mut response = response.map_err(|error| failure::not_answered(self.provider, error))?;
        let head = AnswerHead::take(&mut response);
        if response.status().is_redirection() || response.url() != &*request.url {
            let error = fail(self.provider, Category::Protocol, "unexpected redirect");
            return Err(head.complete(error));
        }
        if response.status().is_success() {
            return Ok((head, response));
        }
        // In a box, as an answer that succeeds would carry it too.
        let body = Box::pin(read_up_to(&mut response, MAX_ERROR_BODY)).await.0;
        Err(failure::of_status(self.provider, &head, &body))
    }

    /// A request as it goes to the client.
    fn outgoing(&self, request: &HttpRequest, accept: Accept) -> Request {
        let mut outgoing = Request::new(Method::POST, Url::clone(&request.url));
        let headers = outgoing.headers_mut();
        // With room for those that the client adds.
        headers.reserve(request.headers.len() + CLIENT_HEADERS);
        for (name, value) in &*request.headers {
            headers.append(name, value.clone());
        }
        if matches!(accept, Accept::Events) {
            headers.insert(ACCEPT, EVENTS);
        }
        *outgoing.body_mut() = Some(match &*request.body {
            // A client of the user's may follow redirects and send again by itself: it shall have nothing to do that with.
            [whole] if self.settings.client.is_none() => whole.clone().into(),
            pieces => reqwest::Body::wrap(Chunks::new(pieces)),
        });
        outgoing
    }

    /// Checks that an answer is an event stream. One that does not say what it is, is looked at.
    async fn expect_events(&self, head: AnswerHead, mut response: Response) -> Result<Source, Failure> {
        let content_type = head.content_type();
        let first = match content_type.as_deref() {
            Some("text/event-stream") => return Ok(Source::new(head, Bytes::new(), response)),
            Some(_) => Bytes::new(),
            None => {
                let first = response
                    .chunk()
                    .await
                    .map_err(|error| head.complete(failure::broken_off(self.provider, &error.without_url())))?;
                let first = first.unwrap_or_default();
                let begins = first.iter().find(|byte| !byte.is_ascii_whitespace());
                if !matches!(begins, None | Some(b'{' | b'[' | b'<')) {
                    return Ok(Source::new(head, first, response));
                }
                first
            }
        };
        let mut body = first.to_vec();
        body.extend_from_slice(&read_up_to(&mut response, MAX_ERROR_BODY).await.0);
        let error = failure::of_other_content(self.provider, content_type.as_deref(), &body);
        Err(head.complete(error))
    }

    /// Reads a whole body.
    async fn read(&self, response: &mut Response, limit: usize) -> Result<Bytes, Failure> {
        match read_up_to(response, limit).await {
            (body, Ended::Whole) => Ok(body),
            (_, Ended::AtLimit) => {
                let words = format!("the answer is longer than {limit} bytes");
                Err(fail(self.provider, Category::Protocol, words))
            }
            (_, Ended::Broken(error)) => Err(failure::broken_off(self.provider, &error)),
        }
    }

    fn timeout(&self, what: &str, limit: Duration) -> Failure {
        failure::timeout(self.provider, what, limit)
    }

    /// What must not show in the errors of a request: the key, and every header that a user gave.
    fn secrets(&self, request: &HttpRequest) -> Secrets {
        Secrets::new(self.key.clone(), request.headers.clone())
    }
}

/// When a time limit from now on ends. One that no clock reaches, such as [`Duration::MAX`], is none.
fn after(limit: Duration) -> Instant {
    const NEVER: Duration = Duration::from_hours(24 * 365 * 30);
    let now = Instant::now();
    now.checked_add(limit.min(NEVER)).unwrap_or(now)
}

/// Reads a base URL: `https`, or `http` to this machine or where the user allows it; no user, password, query or
/// fragment. The error does not repeat the URL, as it may hold a secret.
pub(crate) fn base_url(provider: &'static str, text: &str, allow_insecure: bool) -> Result<Url, Failure> {
    let config = |words: String| Err(fail(provider, Category::Config, words));
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return config(format!("the base URL cannot be read: {error}")),
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return config("the base URL must begin with https:// and a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return config("the base URL must not hold a user name or password; use a header".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return config("the base URL must not have a query or fragment".to_owned());
    }
    if url.scheme() == "http" && !allow_insecure && !is_loopback(&url) {
        return config("the base URL must be https, or allow_insecure_http() must be set".to_owned());
    }
    Ok(url)
}

/// The headers of every request: JSON goes out, and unless something else is asked for JSON comes back.
pub(crate) fn headers() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, JSON), (ACCEPT, JSON)])
}

/// The URL of an endpoint below a base URL.
pub(crate) fn endpoint(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let joined = format!("{}/{path}", base.path().trim_end_matches('/'));
    url.set_path(&joined);
    url
}

/// A header value that is never shown. The error does not repeat it.
pub(crate) fn secret_header(
    provider: &'static str,
    prefix: &str,
    secret: &SecretString,
) -> Result<HeaderValue, Failure> {
    let Ok(mut value) = HeaderValue::try_from(format!("{prefix}{}", secret.expose_secret().trim())) else {
        let words = "the key holds characters that a header cannot";
        return Err(fail(provider, Category::Config, words));
    };
    value.set_sensitive(true);
    Ok(value)
}

/// Lays a user's headers, an object of texts, over others.
pub(crate) fn extend_headers(
    provider: &'static str,
    headers: &mut HeaderMap,
    extra: &Map<String, Value>,
) -> Result<(), Failure> {
    for (name, value) in extra {
        let header = HeaderName::try_from(name.as_str()).ok();
        let value = value.as_str().and_then(|text| HeaderValue::try_from(text).ok());
        let (Some(header), Some(mut value)) = (header, value) else {
            let words = "an extra header is not a header: names are tokens, values are texts of one line";
            return Err(fail(provider, Category::Config, words));
        };
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(())
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let by_name = host == "localhost" || host.ends_with(".localhost");
    by_name || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// How the reading of a body ended.
enum Ended {
    Whole,
    AtLimit,
    Broken(reqwest::Error),
}

/// Reads a body, at most `limit` bytes of it. One that comes in one piece is not copied.
async fn read_up_to(response: &mut Response, limit: usize) -> (Bytes, Ended) {
    let expected = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut first = Bytes::new();
    let mut body = Vec::new();
    let ended = loop {
        match response.chunk().await {
            Ok(Some(mut chunk)) => {
                let room = limit - first.len().max(body.len());
                let fits = chunk.len() <= room;
                chunk.truncate(room);
                if first.is_empty() && body.is_empty() {
                    first = chunk;
                } else {
                    if body.is_empty() {
                        body.reserve(expected.min(1 << 20).max(first.len()));
                        body.extend_from_slice(&std::mem::take(&mut first));
                    }
                    body.extend_from_slice(&chunk);
                }
                if !fits {
                    break Ended::AtLimit;
                }
            }
            Ok(None) => break Ended::Whole,
            Err(error) => break Ended::Broken(error.without_url()),
        }
    };
    (if body.is_empty() { first } else { body.into() }, ended)
}

/// A request body in pieces, of a length known beforehand.
struct Chunks {
    chunks: VecDeque<Bytes>,
    left: u64,
}

impl Chunks {
    fn new(chunks: &[Bytes]) -> Self {
        let left = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Self { chunks: chunks.iter().cloned().collect(), left }
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let chunk = self.chunks.pop_front();
        self.left -= chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

//! Answers without a network, for tests that read very many of them.
//!
//! What an adapter sends goes to a function, and what that gives is read as the answer of a server would be: but for the
//! connection, all of the transport and of the adapter is at work.

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use reqwest::{Body, Response, ResponseBuilderExt, Url};

use super::HttpRequest;

/// The answer of a server that is not there.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// The `content-type`; an answer that is not streamed needs none.
    pub content_type: Option<&'static str>,
    /// The body, in the pieces in which it arrives.
    pub pieces: Vec<Bytes>,
    /// Whether the connection breaks after the last piece; else the body ends there.
    pub reset: bool,
}

/// What stands in for a server.
#[derive(Clone)]
pub(crate) struct Replay(Arc<Answer>);

type Answer = dyn Fn(Vec<u8>) -> Replayed + Send + Sync;

impl Replay {
    pub(crate) fn new(answer: impl Fn(Vec<u8>) -> Replayed + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }

    pub(super) fn answer(&self, request: &HttpRequest) -> Response {
        let Replayed { content_type, pieces, reset } = (self.0)(request.body.concat());
        let broken = || io::Error::new(io::ErrorKind::ConnectionReset, "connection reset");
        let pieces = pieces.into_iter().map(Ok).chain(reset.then(|| Err(broken())));
        let mut response = http::Response::new(Body::wrap_stream(stream::iter(pieces)));
        if let Some(content_type) = content_type {
            let value = http::HeaderValue::from_static(content_type);
            response.headers_mut().insert(http::header::CONTENT_TYPE, value);
        }
        // The address stands among the response's extensions, and only a builder knows how to put it there.
        if let Ok(located) = http::Response::builder().url(Url::clone(&request.url)).body(()) {
            response.extensions_mut().extend(located.into_parts().0.extensions);
        }
        response.into()
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a replay")
    }
}

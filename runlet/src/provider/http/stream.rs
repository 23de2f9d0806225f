//! An answer that comes in events: bytes in, model events out, under time and size limits.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use reqwest::Response;
use secrecy::SecretString;
use tokio::time::{Instant, Sleep};

use super::failure::{self, AnswerHead};
use super::{HttpSettings, SseLimits};
use crate::error::{Error, ProviderErrorCategory as Category, Result};
use crate::model::ModelEvent;
use crate::provider::sse::{SseEvent, SseParser};
use crate::provider::{Failure, fail};

/// Reads one provider's events.
pub(crate) trait StreamDecoder: Send + Unpin + 'static {
    /// Reads an event and adds what it says to `out`. Breaks after [`ModelEvent::Completed`], which ends the stream.
    fn event(&mut self, event: SseEvent<'_>, out: &mut VecDeque<ModelEvent>) -> Result<ControlFlow<()>, Failure>;

    /// The body has ended. Adds [`ModelEvent::Completed`] to `out` and gives true where the answer is complete even
    /// without a last event.
    fn end(&mut self, _out: &mut VecDeque<ModelEvent>) -> bool {
        false
    }

    /// The text that has arrived so far, for the error of a stream that breaks off.
    fn take_partial_text(&mut self) -> String;
}

/// An answer whose head says that events follow.
pub(super) struct Source {
    head: AnswerHead,
    /// What was read of the body already.
    first: Bytes,
    body: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
}

impl Source {
    pub(super) fn new(head: AnswerHead, first: Bytes, response: Response) -> Self {
        Self { head, first, body: Box::pin(response.bytes_stream()) }
    }
}

/// The events of an answer. The last item is [`ModelEvent::Completed`] or an error, never neither.
pub(super) struct EventStream<D> {
    provider: &'static str,
    source: Source,
    parser: SseParser,
    decoder: D,
    /// Events that were read and not yet handed out.
    ready: VecDeque<ModelEvent>,
    state: State,
    timer: Pin<Box<Sleep>>,
    limit: Duration,
    idle_timeout: Duration,
    key: Option<SecretString>,
}

enum State {
    /// No event has come; the timer runs from the request.
    Waiting,
    /// Events come; the timer runs from the last piece.
    Reading,
    Failed(Error),
    Ended,
}

impl<D: StreamDecoder> EventStream<D> {
    pub(super) fn new(
        provider: &'static str,
        mut source: Source,
        decoder: D,
        settings: &HttpSettings,
        first_event_by: Instant,
        key: Option<SecretString>,
    ) -> Self {
        let mut parser = SseParser::new(SseLimits { ..settings.limits });
        parser.push(&std::mem::take(&mut source.first));
        Self {
            provider,
            source,
            parser,
            decoder,
            ready: VecDeque::new(),
            state: State::Waiting,
            timer: Box::pin(tokio::time::sleep_until(first_event_by)),
            limit: settings.first_event_timeout,
            idle_timeout: settings.idle_timeout,
            key,
        }
    }

    /// Reads events out of the bytes at hand, up to one that gives something.
    fn read(&mut self) {
        while self.ready.is_empty() {
            let step = match self.parser.next_event() {
                Ok(None) => return,
                Ok(Some(event)) => {
                    if matches!(self.state, State::Waiting) {
                        self.state = State::Reading;
                        self.limit = self.idle_timeout;
                        self.timer.as_mut().reset(Instant::now() + self.limit);
                    }
                    self.decoder.event(event, &mut self.ready)
                }
                Err(error) => Err(fail(self.provider, Category::Protocol, error.to_string())),
            };
            match step {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => self.state = State::Ended,
                Err(error) => self.fail(error),
            }
            if matches!(self.state, State::Failed(_) | State::Ended) {
                return;
            }
        }
    }

    fn fail(&mut self, mut error: Failure) {
        error.partial_text = self.decoder.take_partial_text();
        let error = failure::redact(self.source.head.complete(error), self.key.as_ref());
        self.state = State::Failed(error.into());
    }
}

impl<D: StreamDecoder> Stream for EventStream<D> {
    type Item = Result<ModelEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            match std::mem::replace(&mut this.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Failed(error) => return Poll::Ready(Some(Err(error))),
                state => this.state = state,
            }
            this.read();
            if !this.ready.is_empty() || matches!(this.state, State::Failed(_) | State::Ended) {
                continue;
            }
            match this.source.body.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => {
                    this.parser.push(&bytes);
                    if matches!(this.state, State::Reading) {
                        this.timer.as_mut().reset(Instant::now() + this.limit);
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    this.fail(failure::broken_off(this.provider, &error.without_url()));
                }
                Poll::Ready(None) if this.decoder.end(&mut this.ready) => this.state = State::Ended,
                Poll::Ready(None) => {
                    let words = "the stream ended before the answer did";
                    this.fail(fail(this.provider, Category::Truncated, words));
                }
                Poll::Pending => {
                    if this.timer.as_mut().poll(context).is_pending() {
                        return Poll::Pending;
                    }
                    let what = if matches!(this.state, State::Waiting) { "the first event" } else { "the next event" };
                    this.fail(failure::timeout(this.provider, what, this.limit));
                }
            }
        }
    }
}

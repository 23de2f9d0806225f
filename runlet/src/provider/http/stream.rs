//! An answer that comes in events: bytes in, model events out, under time and size limits.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use reqwest::Response;
use tokio::time::{Instant, Sleep};

use super::failure::{self, AnswerHead, Secrets};
use super::{HttpSettings, SseLimits};
use crate::error::{ProviderErrorCategory as Category, Result};
use crate::model::ModelEvent;
use crate::provider::sse::{SseEvent, SseParser};
use crate::provider::{Failure, fail};

/// Reads one provider's events. A try begins with a clone of one that has read nothing.
pub(crate) trait StreamDecoder: Clone + Send + Sync + Unpin + 'static {
    /// Reads an event and adds what it says to `out`. Breaks after [`ModelEvent::Completed`], which ends the stream.
    fn event(&mut self, event: SseEvent<'_>, out: &mut VecDeque<ModelEvent>) -> Result<ControlFlow<()>, Failure>;

    /// The stream has ended. Breaks where the answer is complete all the same; else it is truncated.
    fn end(&mut self, _out: &mut VecDeque<ModelEvent>) -> Result<ControlFlow<()>, Failure> {
        Ok(ControlFlow::Continue(()))
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
        Self { head: head.reduced(), first, body: Box::pin(response.bytes_stream()) }
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
    lenient: bool,
    secrets: Secrets,
    /// Whether anything of the answer was.
    handed_out: bool,
}

enum State {
    /// No event has come; the timer runs from the request.
    Waiting,
    /// Events come; the timer runs from the last piece.
    Reading,
    Failed(Failure),
    Ended,
}

impl<D: StreamDecoder> EventStream<D> {
    pub(super) fn new(
        provider: &'static str,
        mut source: Source,
        decoder: D,
        settings: &HttpSettings,
        first_event_by: Instant,
        secrets: Secrets,
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
            lenient: settings.lenient,
            secrets,
            handed_out: false,
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
                        self.timer.as_mut().reset(super::after(self.limit));
                    }
                    let step = self.decoder.event(event, &mut self.ready);
                    if step.is_err() && self.lenient && !is_json(event.data) {
                        tracing::warn!(provider = self.provider, "passed over an event that is not JSON");
                        continue;
                    }
                    step
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
        // What is ready is handed out before the error.
        error.response_started = self.handed_out || !self.ready.is_empty();
        error.attempts = error.attempts.max(1);
        self.state = State::Failed(self.secrets.redact(self.source.head.complete(error)));
    }

    /// Waits for the first thing to hand out. An answer that fails before is an error, and may be asked for again.
    pub(super) async fn begun(mut self) -> Result<Self, Failure> {
        std::future::poll_fn(|context| self.poll_ready(context)).await;
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Failed(error) if self.ready.is_empty() => Err(error),
            state => {
                self.state = state;
                Ok(self)
            }
        }
    }

    /// Reads on until there is something to hand out, or the stream has failed or ended.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.ready.is_empty() && !self.is_over() {
                self.read();
            }
            if !self.ready.is_empty() || self.is_over() {
                return Poll::Ready(());
            }
            match self.source.body.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => {
                    self.parser.push(&bytes);
                    if matches!(self.state, State::Reading) {
                        self.timer.as_mut().reset(super::after(self.limit));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    self.fail(failure::broken_off(self.provider, &error.without_url()));
                }
                Poll::Ready(None) => match self.end() {
                    Ok(ControlFlow::Break(())) => self.state = State::Ended,
                    Ok(ControlFlow::Continue(())) => {
                        let words = "the stream ended before the answer did";
                        self.fail(fail(self.provider, Category::Truncated, words));
                    }
                    Err(error) => self.fail(error),
                },
                Poll::Pending => {
                    if self.timer.as_mut().poll(context).is_pending() {
                        return Poll::Pending;
                    }
                    let what = if matches!(self.state, State::Waiting) { "the first event" } else { "the next event" };
                    self.fail(failure::timeout(self.provider, what, self.limit));
                }
            }
        }
    }

    /// The body has ended. Breaks where the answer is complete.
    fn end(&mut self) -> Result<ControlFlow<()>, Failure> {
        if self.parser.is_within_event() {
            // What broke off within an event has lost something, even if the answer looked complete. But some servers
            // leave out the empty line after the mark of the end.
            self.parser.push(b"\n\n");
            if !matches!(self.parser.next_event(), Ok(Some(event)) if event.data == "[DONE]") {
                return Ok(ControlFlow::Continue(()));
            }
        }
        self.decoder.end(&mut self.ready)
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Failed(_) | State::Ended)
    }
}

impl<D: StreamDecoder> Stream for EventStream<D> {
    type Item = Result<ModelEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        std::task::ready!(self.poll_ready(context));
        if let Some(event) = self.ready.pop_front() {
            self.handed_out = true;
            return Poll::Ready(Some(Ok(event)));
        }
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Failed(error) => Poll::Ready(Some(Err(error.into()))),
            _ => Poll::Ready(None),
        }
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

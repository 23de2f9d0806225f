//! A run as a stream of events.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;

use super::drive::Driver;
use super::report::{RunError, RunReport, RunResult};
use crate::agent::Output;
use crate::event::{Event, EventQueue};

/// A run as a stream of [`Event`]s, ending with exactly one terminal event.
///
/// Nothing runs but what is polled: there is no task and no channel behind it. Dropping it ends the run.
///
/// ```
/// use futures_util::StreamExt;
/// use runlet::event::EventKind;
///
/// # async fn example(runtime: runlet::Runtime, agent: runlet::Agent) -> Result<(), runlet::RunError> {
/// let mut stream = runtime.stream(&agent, (), "Where is order 123?");
/// while let Some(event) = stream.next().await {
///     if let EventKind::ModelTextDelta { text } = &event.kind {
///         print!("{text}");
///     }
/// }
/// let result = stream.finish().await?;
/// # Ok(()) }
/// ```
#[must_use = "a stream does nothing unless it is polled"]
pub struct RunStream<O = String> {
    state: State,
    queue: EventQueue,
    output: PhantomData<fn() -> O>,
}

enum State {
    Running(Pin<Box<dyn Future<Output = RunReport> + Send>>),
    Ended(Box<RunReport>),
}

impl<O: Output> RunStream<O> {
    pub(super) fn new(driver: Driver) -> Self {
        let queue = driver.queue();
        Self { state: State::Running(Box::pin(driver.drive())), queue, output: PhantomData }
    }

    /// Runs to the end, whatever of the stream was read before, and gives what [`Runtime::run`](crate::Runtime::run)
    /// gives.
    ///
    /// # Errors
    /// As [`Runtime::run`](crate::Runtime::run).
    pub async fn finish(mut self) -> Result<RunResult<O>, RunError> {
        loop {
            if let State::Ended(report) = self.state {
                return report.into_result();
            }
            // Events that nobody reads any more.
            self.next().await;
        }
    }
}

impl<O> Stream for RunStream<O> {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        loop {
            if let Some(event) = self.queue.pop() {
                return Poll::Ready(Some(event));
            }
            let State::Running(run) = &mut self.state else { return Poll::Ready(None) };
            match run.as_mut().poll(cx) {
                Poll::Ready(report) => self.state = State::Ended(Box::new(report)),
                // The run may be waiting for its events to be read.
                Poll::Pending => match self.queue.pop_or_wake(cx.waker()) {
                    Some(event) => return Poll::Ready(Some(event)),
                    None => return Poll::Pending,
                },
            }
        }
    }
}

impl<O> fmt::Debug for RunStream<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Running(_) => "running",
            State::Ended(_) => "ended",
        };
        write!(f, "RunStream({state})")
    }
}

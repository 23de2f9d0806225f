//! A run as a stream of events.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::drive::Driver;
use super::report::{RunError, RunReport, RunResult};
use crate::agent::{ANSWER_TOOL, Output, decode_partial};
use crate::event::{Event, EventKind, EventQueue};

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
    answer: Answer,
    output: PhantomData<fn() -> O>,
}

enum State {
    Running(Pin<Box<dyn Future<Output = RunReport> + Send>>),
    Ended(Box<RunReport>),
}

impl<O: Output> RunStream<O> {
    pub(super) fn new(driver: Box<Driver>) -> Self {
        let queue = driver.queue();
        Self { state: State::Running(driver.drive()), queue, answer: Answer::default(), output: PhantomData }
    }

    /// The answer as far as it has been written, for an agent whose output is a type: what is open is closed, a number or
    /// word that may go on is left out. `None` where nothing of it can be read yet, and always where the output is text.
    ///
    /// `P` is what an unfinished answer can be read as: a type whose fields may all be missing, or
    /// [`serde_json::Value`]. It is for showing; the value to act on is that of [`finish`](Self::finish), which was
    /// checked. A text grows, a list gets longer; where the model has to try again, the answer begins anew.
    ///
    /// Every call reads the answer from its beginning: ask when there is something to show, not for each event.
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use runlet::testing::ScriptedModel;
    /// use runlet::{Runtime, agent};
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Report { title: String, lines: Vec<String> }
    ///
    /// /// A report that is being written.
    /// #[derive(Default, Deserialize)]
    /// #[serde(default)]
    /// struct Draft { title: String, lines: Vec<String> }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let model = ScriptedModel::new().text(r#"{"title":"Stock","lines":["12 mugs"]}"#);
    /// let reporter = agent!(<(), Report> { name: "reporter", model: model });
    /// let mut stream = Runtime::new().stream(&reporter, (), "What is in stock?");
    /// while stream.next().await.is_some() {
    ///     if let Some(draft) = stream.partial::<Draft>() {
    ///         println!("{} ({} lines so far)", draft.title, draft.lines.len());
    ///     }
    /// }
    /// assert_eq!(stream.finish().await?.output.lines, ["12 mugs"]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn partial<P: DeserializeOwned>(&self) -> Option<P> {
        decode_partial::<O, P>(&self.answer.text)
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
                self.answer.read(&event);
                return Poll::Ready(Some(event));
            }
            let State::Running(run) = &mut self.state else { return Poll::Ready(None) };
            match run.as_mut().poll(cx) {
                Poll::Ready(report) => self.state = State::Ended(Box::new(report)),
                // The run may be waiting for its events to be read.
                Poll::Pending => match self.queue.pop_or_wake(cx.waker()) {
                    Some(event) => {
                        self.answer.read(&event);
                        return Poll::Ready(Some(event));
                    }
                    None => return Poll::Pending,
                },
            }
        }
    }
}

/// The text of the answer that is being written.
#[derive(Default)]
struct Answer {
    text: String,
    /// The place of the call that gives the answer, among the calls of the model's message.
    call: Option<usize>,
}

impl Answer {
    fn read(&mut self, event: &Event) {
        match &event.kind {
            EventKind::ModelRequested { .. } => *self = Self::default(),
            EventKind::ModelTextDelta { text } if self.call.is_none() => self.text.push_str(text),
            EventKind::ModelToolDelta { index, name, arguments } => {
                if name.as_deref() == Some(ANSWER_TOOL) {
                    *self = Self { text: String::new(), call: Some(*index) };
                }
                if self.call == Some(*index) {
                    self.text.push_str(arguments);
                }
            }
            _ => {}
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

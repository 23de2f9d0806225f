//! Events for those who come late.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use futures_core::Stream;

use super::{Event, EventKind};
use crate::context::RunId;

/// How many events of a run, and how many runs, are kept where nothing else is said.
const EVENTS: usize = 1_024;
const RUNS: usize = 64;

/// Keeps the newest events of each run, for those who begin to look while it goes on or soon after. Clones share it.
///
/// ```
/// use futures_util::StreamExt;
/// use runlet::event::EventReplay;
/// use runlet::testing::ScriptedModel;
/// use runlet::{Input, RunId, Runtime, agent};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let replay = EventReplay::new();
/// let runtime = Runtime::new().event_replay(&replay);
/// let greeter = agent!(greeter { model: ScriptedModel::new().text("Hi"), instructions: "Greet." });
/// runtime.run(&greeter, (), Input::new("Hello").run_id(RunId::new("r1"))).await?;
///
/// let events: Vec<_> = replay.subscribe(&RunId::new("r1"), 2).expect("a known run").collect().await;
/// assert_eq!((events[0].seq, events.last().unwrap().name()), (2, "run.completed"));
/// # Ok::<(), runlet::RunError>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct EventReplay {
    events: usize,
    runs: usize,
    kept: Arc<Mutex<Runs>>,
}

#[derive(Default)]
struct Runs {
    by_id: HashMap<RunId, Arc<Mutex<Buffer>>>,
    /// In the order in which they began.
    order: VecDeque<RunId>,
}

/// The newest events of one run.
#[derive(Default)]
struct Buffer {
    events: VecDeque<Arc<Event>>,
    ended: bool,
    waiting: Vec<Waker>,
}

impl EventReplay {
    /// Keeps 1,024 events of each of 64 runs.
    pub fn new() -> Self {
        Self::with_capacity(EVENTS, RUNS)
    }

    /// Keeps so many events of each of so many runs, at least one of each. Where there are more runs, those that ended
    /// go first, the oldest first.
    pub fn with_capacity(events: usize, runs: usize) -> Self {
        Self { events: events.max(1), runs: runs.max(1), kept: Arc::default() }
    }

    /// The events of a run from a [place](Event::seq) on: what is kept of them at once, the others as they come, up to
    /// and with the terminal one. `None` where nothing is known of the run.
    ///
    /// Whoever comes too late, or reads too slowly, is told how many events are no longer there by an `events.dropped`
    /// in their place.
    pub fn subscribe(&self, run: &RunId, from: u64) -> Option<EventSubscription> {
        let buffer = Arc::clone(lock(&self.kept).by_id.get(run)?);
        Some(EventSubscription { buffer, next: from })
    }

    pub(super) fn keep(&self, event: &Arc<Event>) {
        let buffer = Arc::clone(lock(&self.kept).of(&event.run_id, self.runs));
        let mut buffer = lock(&buffer);
        if event.kind.opens() {
            // A run that goes on has its events numbered anew.
            buffer.events.clear();
            buffer.ended = false;
        }
        if buffer.events.len() >= self.events {
            buffer.events.pop_front();
        }
        buffer.ended |= event.kind.is_terminal();
        buffer.events.push_back(Arc::clone(event));
        let waiting = std::mem::take(&mut buffer.waiting);
        drop(buffer);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Runs {
    /// The buffer of a run; a new one may cost another run its own.
    fn of(&mut self, run: &RunId, most: usize) -> &Arc<Mutex<Buffer>> {
        if !self.by_id.contains_key(run) {
            if self.order.len() >= most {
                let ended = |run: &RunId| self.by_id.get(run).is_none_or(|buffer| lock(buffer).ended);
                let place = self.order.iter().position(ended).unwrap_or(0);
                if let Some(gone) = self.order.remove(place).and_then(|run| self.by_id.remove(&run)) {
                    // Whoever still reads it comes to its end.
                    let mut gone = lock(&gone);
                    gone.ended = true;
                    std::mem::take(&mut gone.waiting).into_iter().for_each(Waker::wake);
                }
            }
            self.order.push_back(run.clone());
        }
        self.by_id.entry(run.clone()).or_default()
    }
}

impl Default for EventReplay {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EventReplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventReplay").field("runs", &lock(&self.kept).order.len()).finish_non_exhaustive()
    }
}

/// The events of a run from some place on, as a stream. See [`EventReplay::subscribe`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct EventSubscription {
    buffer: Arc<Mutex<Buffer>>,
    next: u64,
}

impl Stream for EventSubscription {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let shared = Arc::clone(&self.buffer);
        let mut buffer = lock(&shared);
        let next = self.next;
        // What is kept is without gaps, so the place of an event follows from its number.
        let first = buffer.events.front().map_or(0, |event| event.seq);
        let place = usize::try_from(next.saturating_sub(first)).unwrap_or(usize::MAX);
        match buffer.events.get(place) {
            Some(event) if next < first => {
                let kind = EventKind::EventsDropped { count: first - next };
                self.next = first;
                let seq = first.saturating_sub(1);
                Poll::Ready(Some(Event { seq, time: SystemTime::now(), kind, ..Event::clone(event) }))
            }
            Some(event) => {
                self.next = event.seq.saturating_add(1);
                Poll::Ready(Some(Event::clone(event)))
            }
            None if buffer.ended => Poll::Ready(None),
            None => {
                if !buffer.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    buffer.waiting.push(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for EventSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSubscription").field("next", &self.next).finish_non_exhaustive()
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

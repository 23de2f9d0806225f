//! Giving events their order and handing them on.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::SystemTime;

use super::observer::Observers;
use super::{Event, EventKind};
use crate::context::{RunInfo, Span};
use crate::error::Result;

/// Gives the events of one run their order and hands them to the observers and to the run's stream.
///
/// With neither, nothing is built: the payloads are made by closures.
#[derive(Clone)]
pub(crate) struct Emitter(Arc<Inner>);

struct Inner {
    run: Arc<RunInfo>,
    observers: Observers,
    streams: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next_seq: u64,
    next_span: u64,
    closed: bool,
    queue: VecDeque<Event>,
    /// Whoever reads the stream: a tool's task emits while nobody polls the run.
    reader: Option<Waker>,
}

impl Emitter {
    /// An emitter; with `streams`, events are also queued for the run's stream.
    pub(crate) fn new(run: Arc<RunInfo>, observers: Observers, streams: bool) -> Self {
        Self(Arc::new(Inner { run, observers, streams, state: Mutex::default() }))
    }

    pub(crate) fn run(&self) -> &Arc<RunInfo> {
        &self.0.run
    }

    /// A new span inside `parent`, or the run's own.
    pub(crate) fn span(&self, step: u32, parent: Option<Span>) -> Span {
        let mut state = self.state();
        state.next_span += 1;
        Span { step, id: state.next_span, parent: parent.map(|parent| parent.id) }
    }

    /// Emits an event, unless nobody listens or the run has ended.
    pub(crate) fn emit(&self, span: Span, kind: impl FnOnce() -> EventKind) {
        if !self.0.streams && self.0.observers.is_empty() {
            return;
        }
        let kind = kind();
        // The lock is held over the handing on, so that everyone sees the events in their order. No observer runs
        // under it: handing on means putting into a queue or a list.
        let mut state = self.state();
        if state.closed {
            return;
        }
        state.closed = kind.is_terminal();
        let event = Event {
            seq: state.next_seq,
            run_id: self.0.run.run_id.clone(),
            agent: Arc::clone(&self.0.run.agent),
            step: span.step,
            span: span.id,
            parent_span: span.parent,
            time: SystemTime::now(),
            kind,
        };
        state.next_seq += 1;
        self.0.observers.hand_on(&event);
        if self.0.streams {
            state.queue.push_back(event);
            if let Some(reader) = state.reader.take() {
                drop(state);
                reader.wake();
            }
        }
    }

    /// Waits until the run's stream has been read and every durable observer has room, so that who is slow slows the
    /// run. Ready at once without either.
    ///
    /// # Errors
    /// Where an observer that the run requires has failed on one of its events.
    pub(crate) async fn drained(&self) -> Result<()> {
        if self.0.streams {
            // No waker is kept: whoever empties the queue polls the run next.
            poll_fn(|_| if self.state().queue.is_empty() { Poll::Ready(()) } else { Poll::Pending }).await;
        }
        self.0.observers.room(&self.0.run.run_id).await
    }

    /// Waits until every observer that the run requires has seen all of it so far.
    ///
    /// # Errors
    /// As [`drained`](Self::drained).
    pub(crate) async fn settled(&self) -> Result<()> {
        self.0.observers.settled(&self.0.run.run_id).await
    }

    /// Waits until every durable observer has seen all of the run.
    pub(crate) async fn seen(&self) {
        self.0.observers.seen(&self.0.run.run_id).await;
    }

    pub(crate) fn queue(&self) -> EventQueue {
        EventQueue(self.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reading end of a run's queue of events.
pub(crate) struct EventQueue(Emitter);

impl EventQueue {
    pub(crate) fn pop(&self) -> Option<Event> {
        self.0.state().queue.pop_front()
    }

    /// The next event; without one, `reader` is woken when there is.
    pub(crate) fn pop_or_wake(&self, reader: &Waker) -> Option<Event> {
        let mut state = self.0.state();
        let event = state.queue.pop_front();
        if event.is_none() {
            state.reader = Some(reader.clone());
        }
        event
    }
}

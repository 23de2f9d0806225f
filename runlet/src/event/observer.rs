//! Observers: they see every event and can neither change nor block a run.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::SystemTime;

use super::{Event, EventKind};
use crate::context::RunId;

/// How many events wait for an observer before further ones are dropped for it.
const QUEUE: usize = 1_024;

/// Sees the events of all runs of a runtime.
///
/// An observer runs in a thread of its own behind a queue of 1,024 events. Where it is slower than the runs, the queue
/// fills, further events are dropped for this observer alone, and it is told how many with an `events.dropped` event.
/// A panic in an observer is caught; the observer goes on with the next event.
///
/// ```
/// use runlet::Runtime;
/// use runlet::event::Event;
///
/// let runtime = Runtime::new().observer(|event: &Event| println!("{event:?}"));
/// ```
pub trait Observer: Send + 'static {
    /// Sees one event.
    fn observe(&mut self, event: &Event);
}

impl<F: FnMut(&Event) + Send + 'static> Observer for F {
    fn observe(&mut self, event: &Event) {
        self(event);
    }
}

/// Keeps every event in memory, in order. Clones share the list.
///
/// ```
/// use runlet::Runtime;
/// use runlet::event::EventLog;
///
/// let log = EventLog::new();
/// let runtime = Runtime::new().event_log(&log);
/// assert!(log.events().is_empty());
/// ```
#[derive(Clone, Default)]
pub struct EventLog(Arc<Mutex<Vec<Event>>>);

impl EventLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// The events so far.
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The names of the events so far.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Event::name).collect()
    }
}

impl fmt::Debug for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.events()).finish()
    }
}

/// All observers of a runtime.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observers {
    logs: Vec<EventLog>,
    queued: Vec<Arc<Queued>>,
}

impl Observers {
    pub(crate) fn add_log(&mut self, log: EventLog) {
        self.logs.push(log);
    }

    pub(crate) fn add(&mut self, observer: impl Observer) {
        self.queued.push(Arc::new(Queued::start(observer)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.logs.is_empty() && self.queued.is_empty()
    }

    /// Puts an event into every log and queue. Never waits.
    pub(crate) fn hand_on(&self, event: &Event) {
        for log in &self.logs {
            log.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        }
        for queued in &self.queued {
            queued.offer(event);
        }
    }

    /// Waits until every observer has seen what was handed on so far.
    pub(crate) fn flush(&self) {
        for queued in &self.queued {
            queued.tell_dropped();
            let (done, seen) = sync_channel(1);
            if queued.sender.send(Item::Flush(done)).is_ok() {
                // An error means the thread has gone; then nothing is left to wait for.
                seen.recv().ok();
            }
        }
    }
}

struct Queued {
    sender: SyncSender<Item>,
    dropped: AtomicU64,
    /// The last event that was dropped: what is told of those that were, belongs where it would have been.
    last_dropped: Mutex<Option<Box<Event>>>,
}

enum Item {
    Event(Box<Event>),
    Flush(SyncSender<()>),
}

impl Queued {
    fn start(observer: impl Observer) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        // The thread ends when the runtime and all its runs are gone. Where no thread can be had, the receiver is
        // dropped, and every event counts as dropped for this observer.
        thread::Builder::new().name("runlet-observer".to_owned()).spawn(move || run(observer, &receiver)).ok();
        Self { sender, dropped: AtomicU64::new(0), last_dropped: Mutex::default() }
    }

    fn offer(&self, event: &Event) {
        if !self.dropped_told(|notice| self.sender.try_send(notice).is_ok()) {
            self.drop_event(event);
            return;
        }
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.sender.try_send(Item::Event(Box::new(event.clone())))
        {
            self.drop_event(event);
        }
    }

    /// Tells the observer of events that it missed, waiting until there is room.
    fn tell_dropped(&self) {
        self.dropped_told(|notice| self.sender.send(notice).is_ok());
    }

    /// Whether the observer knows of every event that it missed, after `send` has tried to tell it.
    fn dropped_told(&self, send: impl FnOnce(Item) -> bool) -> bool {
        let mut last = self.last_dropped.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(event) = last.take() else { return true };
        let count = self.dropped.swap(0, Ordering::Relaxed);
        let kind = EventKind::EventsDropped { count };
        if send(Item::Event(Box::new(Event { time: SystemTime::now(), kind, ..Event::clone(&event) }))) {
            return true;
        }
        self.dropped.fetch_add(count, Ordering::Relaxed);
        *last = Some(event);
        false
    }

    fn drop_event(&self, event: &Event) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        *self.last_dropped.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(event.clone()));
    }
}

impl fmt::Debug for Queued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

fn run(mut observer: impl Observer, receiver: &Receiver<Item>) {
    while let Ok(item) = receiver.recv() {
        match item {
            Item::Event(event) => {
                let run: RunId = event.run_id.clone();
                if catch_unwind(AssertUnwindSafe(|| observer.observe(&event))).is_err() {
                    tracing::warn!(run_id = run.as_str(), event = event.name(), "an observer panicked");
                }
            }
            Item::Flush(done) => {
                // Whoever asked may have given up waiting.
                done.send(()).ok();
            }
        }
    }
}

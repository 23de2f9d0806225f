//! Observers: they see every event and can neither change nor block a run, unless they are asked to.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::time::timeout;

use super::replay::EventReplay;
use super::{Event, EventKind};
use crate::context::RunId;
use crate::error::{Error, ErrorKind, Result};

/// How many events wait for an observer where nothing else is said.
const QUEUE: usize = 1_024;
/// How long a run waits for an observer that it waits for at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sees the events of all runs of a runtime.
///
/// An observer runs in a thread of its own behind a bounded queue, as its [`ObserverPolicy`] says. By default the queue
/// holds 1,024 events, and an observer that is slower than the runs loses some: pieces of streams first, the oldest
/// first; others only where none of those is left. It is told how many with an `events.dropped` event in their place.
/// A panic in an observer is caught and counted; the observer goes on with the next event.
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

    /// As [`observe`](Self::observe), where that may fail: this is what is called. A failure is counted, and fails the
    /// run where the observer is [required](ObserverPolicy::required).
    ///
    /// # Errors
    /// Whatever went wrong.
    fn try_observe(&mut self, event: &Event) -> Result<()> {
        self.observe(event);
        Ok(())
    }
}

impl<F: FnMut(&Event) + Send + 'static> Observer for F {
    fn observe(&mut self, event: &Event) {
        self(event);
    }
}

/// What a runtime does for an observer that is slow or fails.
///
/// ```
/// use runlet::Runtime;
/// use runlet::event::{Event, ObserverPolicy};
///
/// let audit = |event: &Event| println!("{event:?}");
/// let runtime = Runtime::new().observer_with(audit, ObserverPolicy::new().durable());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ObserverPolicy {
    queue: usize,
    durable: bool,
    required: bool,
    patience: Duration,
}

impl ObserverPolicy {
    /// A queue of 1,024 events; what does not fit is dropped, and failures are counted.
    pub fn new() -> Self {
        Self { queue: QUEUE, durable: false, required: false, patience: PATIENCE }
    }

    /// Sets how many events may wait for the observer; at least 1.
    pub fn queue(mut self, events: usize) -> Self {
        self.queue = events.max(1);
        self
    }

    /// No event is dropped: runs wait while the queue is full, and at their end until the observer has seen it all.
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// As [`durable`](Self::durable), and a run fails with kind [`ErrorKind::Hook`] where the observer fails on one of
    /// its events, panics, or is given up on. The terminal event is the exception: it says how the run ended, and what
    /// happens to it is only counted.
    pub fn required(mut self) -> Self {
        self.durable = true;
        self.required = true;
        self
    }

    /// Sets how long a run waits for a durable observer before it gives it up: 30 seconds where nothing else is said.
    /// What comes while the observer has no room is then dropped.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

impl Default for ObserverPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// How an observer fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObserverCounts {
    /// How many events it has seen.
    pub seen: u64,
    /// How many were dropped as it was too slow.
    pub dropped: u64,
    /// On how many it failed or panicked.
    pub failed: u64,
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
    replays: Vec<EventReplay>,
    queued: Vec<Arc<Queued>>,
}

impl Observers {
    pub(crate) fn add_log(&mut self, log: EventLog) {
        self.logs.push(log);
    }

    pub(crate) fn add_replay(&mut self, replay: EventReplay) {
        self.replays.push(replay);
    }

    pub(crate) fn add(&mut self, observer: impl Observer, policy: ObserverPolicy) {
        self.queued.push(Arc::new(Queued::start(observer, policy)));
    }

    /// The observers of what happens outside runs: who replays a run from its events has no use for it.
    pub(crate) fn outside_runs(&self) -> Self {
        Self { replays: Vec::new(), ..self.clone() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.logs.is_empty() && self.replays.is_empty() && self.queued.is_empty()
    }

    /// Puts an event into every log, buffer and queue. Never waits. Buffers and queues share one copy.
    pub(crate) fn hand_on(&self, event: &Event) {
        for log in &self.logs {
            log.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        }
        if self.replays.is_empty() && self.queued.is_empty() {
            return;
        }
        let event = Arc::new(event.clone());
        for replay in &self.replays {
            replay.keep(&event);
        }
        for queued in &self.queued {
            queued.offer(&event);
        }
    }

    /// Waits until every durable observer has room.
    ///
    /// # Errors
    /// Where a required observer has failed on an event of the run.
    pub(crate) async fn room(&self, run: &RunId) -> Result<()> {
        for queued in self.queued.iter().filter(|queued| queued.policy.durable) {
            queued.wait(run, |state| state.waiting < queued.policy.queue).await;
            queued.check(run)?;
        }
        Ok(())
    }

    /// Waits until every required observer has seen what was handed on so far.
    ///
    /// # Errors
    /// As [`room`](Self::room).
    pub(crate) async fn settled(&self, run: &RunId) -> Result<()> {
        for queued in self.queued.iter().filter(|queued| queued.policy.required) {
            let offered = queued.state().offered;
            queued.wait(run, |state| state.handled >= offered).await;
            queued.check(run)?;
        }
        Ok(())
    }

    /// Waits until every durable observer has seen what was handed on so far.
    pub(crate) async fn seen(&self, run: &RunId) {
        for queued in self.queued.iter().filter(|queued| queued.policy.durable) {
            let offered = queued.state().offered;
            queued.wait(run, |state| state.handled >= offered).await;
            // Nothing can come of a failure any more.
            queued.check(run).ok();
        }
    }

    /// Waits until every observer has seen what was handed on so far. Blocks the thread.
    pub(crate) fn flush(&self) {
        for queued in &self.queued {
            let mut state = queued.state();
            let offered = state.offered;
            while state.handled < offered && !state.gone {
                state = queued.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    pub(crate) fn counts(&self) -> Vec<ObserverCounts> {
        self.queued.iter().map(|queued| queued.state().counts).collect()
    }
}

/// An observer's queue. Dropping it ends the observer's thread, once that has seen what is in it.
struct Queued {
    shared: Arc<Shared>,
    policy: ObserverPolicy,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// For threads that wait; `moved` is for runs.
    changed: Condvar,
    moved: Notify,
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    /// How many of the items are events.
    waiting: usize,
    /// How many of those are pieces of streams, which go first.
    deltas: usize,
    /// How many events were offered, and how many of them were seen or dropped.
    offered: u64,
    handled: u64,
    /// Whether runs no longer wait for it, until it has caught up.
    given_up: bool,
    closed: bool,
    /// Whether there is no thread.
    gone: bool,
    counts: ObserverCounts,
    /// Runs that are to fail, as the observer failed on an event of theirs.
    failed_runs: HashSet<RunId>,
}

enum Item {
    Event(Arc<Event>),
    /// Events were dropped here: how many, and the last.
    Gap(u64, Arc<Event>),
}

impl Queued {
    fn start(observer: impl Observer, policy: ObserverPolicy) -> Self {
        let shared = Arc::new(Shared::default());
        let (own, required) = (Arc::clone(&shared), policy.required);
        let thread = thread::Builder::new().name("runlet-observer".to_owned());
        if thread.spawn(move || own.run(observer, required)).is_err() {
            // Where no thread can be had, every event is dropped for this observer.
            shared.state().gone = true;
        }
        Self { shared, policy }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    fn offer(&self, event: &Arc<Event>) {
        let mut state = self.state();
        state.offered += 1;
        // Runs wait for a durable observer, so its queue runs over by no more than they emit between two waits.
        let waits = self.policy.durable && !state.given_up;
        let full = !waits && state.waiting >= self.policy.queue;
        if state.gone || (full && (event.kind.is_delta() || !state.drop_delta())) {
            state.drop_event(event);
            if self.policy.required {
                state.failed_runs.insert(event.run_id.clone());
            }
        } else {
            state.waiting += 1;
            state.deltas += usize::from(event.kind.is_delta());
            state.items.push_back(Item::Event(Arc::clone(event)));
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Waits until something holds of the queue, as long as the policy has patience.
    async fn wait(&self, run: &RunId, holds: impl Fn(&State) -> bool) {
        let waited = async {
            loop {
                // Made before the look, so that no change is missed in between.
                let moved = self.shared.moved.notified();
                {
                    let state = self.state();
                    if state.gone || holds(&state) {
                        return;
                    }
                }
                moved.await;
            }
        };
        if timeout(self.policy.patience, waited).await.is_err() {
            let mut state = self.state();
            state.given_up = true;
            if self.policy.required {
                state.failed_runs.insert(run.clone());
            }
        }
    }

    /// Whether the run is to fail for this observer's sake.
    fn check(&self, run: &RunId) -> Result<()> {
        if self.policy.required && self.state().failed_runs.remove(run) {
            let message = "an observer that the runtime requires has failed on an event of the run, or came too late";
            return Err(Error::new(ErrorKind::Hook, message));
        }
        Ok(())
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.state().closed = true;
        self.shared.changed.notify_all();
    }
}

impl State {
    /// Drops the oldest piece of a stream that waits. `false` where there is none.
    fn drop_delta(&mut self) -> bool {
        if self.deltas == 0 {
            return false;
        }
        let is_delta = |item: &Item| matches!(item, Item::Event(event) if event.kind.is_delta());
        let Some(place) = self.items.iter().position(is_delta) else { return false };
        let Some(Item::Event(event)) = self.items.remove(place) else { return false };
        self.waiting -= 1;
        self.deltas -= 1;
        self.count_dropped();
        match place.checked_sub(1).and_then(|before| self.items.get_mut(before)) {
            Some(Item::Gap(count, last)) => (*count, *last) = (*count + 1, event),
            _ => self.items.insert(place, Item::Gap(1, event)),
        }
        true
    }

    /// Drops an event that just came.
    fn drop_event(&mut self, event: &Arc<Event>) {
        self.count_dropped();
        match self.items.back_mut() {
            Some(Item::Gap(count, last)) => (*count, *last) = (*count + 1, Arc::clone(event)),
            _ if self.gone => {}
            _ => self.items.push_back(Item::Gap(1, Arc::clone(event))),
        }
    }

    fn count_dropped(&mut self) {
        self.handled += 1;
        self.counts.dropped += 1;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The observer's thread. It ends when the runtime and all its runs are gone.
    fn run(&self, mut observer: impl Observer, required: bool) {
        while let Some(item) = self.take() {
            let (event, counts) = match item {
                Item::Event(event) => (event, true),
                Item::Gap(count, last) => {
                    let kind = EventKind::EventsDropped { count };
                    (Arc::new(Event { time: SystemTime::now(), kind, ..Event::clone(&last) }), false)
                }
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| observer.try_observe(&event)));
            let failed = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(_)) => Some("an observer failed"),
                Err(_) => Some("an observer panicked"),
            };
            if let Some(message) = failed {
                tracing::warn!(run_id = event.run_id.as_str(), event = event.name(), "{message}");
            }
            let mut state = self.state();
            state.handled += u64::from(counts);
            state.given_up &= state.waiting > 0;
            state.counts.seen += u64::from(counts);
            state.counts.failed += u64::from(failed.is_some());
            if failed.is_some() && required && !event.kind.is_terminal() {
                state.failed_runs.insert(event.run_id.clone());
            }
            drop(state);
            self.changed.notify_all();
            self.moved.notify_waiters();
        }
        // Whatever an observer does when it is dropped is its own thread's business too.
        catch_unwind(AssertUnwindSafe(move || drop(observer))).ok();
        self.state().gone = true;
    }

    /// The next item; `None` when there will be no more.
    fn take(&self) -> Option<Item> {
        let mut state = self.state();
        loop {
            match state.items.pop_front() {
                Some(item) => {
                    if let Item::Event(event) = &item {
                        state.waiting -= 1;
                        state.deltas -= usize::from(event.kind.is_delta());
                    }
                    return Some(item);
                }
                None if state.closed => return None,
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl fmt::Debug for Queued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

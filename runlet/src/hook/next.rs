//! What an `around_` hook surrounds.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::runner::HookFuture;
use crate::error::Result;

/// What an `around_` hook surrounds: the hooks inside it, and the work itself. It can be run once, or not at all.
///
/// ```
/// use std::time::Instant;
///
/// use runlet::Result;
/// use runlet::hook::{Hook, HookContext, Next};
/// use runlet::model::{ModelResponse, PreparedRequest};
///
/// struct Timed;
///
/// impl Hook for Timed {
///     fn name(&self) -> &str {
///         "timed"
///     }
///
///     async fn around_model_call(
///         &self,
///         context: &HookContext,
///         _: &PreparedRequest,
///         next: Next<'_, ModelResponse>,
///     ) -> Result<ModelResponse> {
///         let began = Instant::now();
///         let answered = next.run().await;
///         println!("step {} took {:?}", context.step(), began.elapsed());
///         answered
///     }
/// }
/// ```
#[must_use = "what is not run does not happen"]
pub struct Next<'a, T>(pub(super) Arc<Work<'a, T>>);

impl<T: Clone> Next<'_, T> {
    /// Does the work and gives what came of it.
    ///
    /// # Errors
    /// The work's own.
    pub async fn run(self) -> Result<T> {
        let paused = Pause(&self.0);
        let outcome = poll_fn(|cx| self.0.poll(cx)).await;
        drop(paused);
        outcome
    }
}

/// Stops the clock of work that its hook lets go of, so that the hook's own deadline goes on.
struct Pause<'w, 'a, T: Clone>(&'w Work<'a, T>);

impl<T: Clone> Drop for Pause<'_, '_, T> {
    fn drop(&mut self) {
        self.0.pause();
    }
}

impl<T> fmt::Debug for Next<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next")
    }
}

/// Work that a hook surrounds, kept where it survives the hook: one that breaks and may be skipped leaves it to be
/// finished without it.
pub(super) struct Work<'a, T> {
    state: Mutex<State<'a, T>>,
    /// Whether what came of it is kept for when the hook breaks after.
    keep: bool,
}

struct State<'a, T> {
    /// `None` once it is done.
    work: Option<HookFuture<'a, T>>,
    running_since: Option<Instant>,
    took: Duration,
    failed: bool,
    kept: Option<Result<T>>,
}

impl<'a, T: Clone> Work<'a, T> {
    pub(super) fn new(work: HookFuture<'a, T>, keep: bool) -> Arc<Self> {
        let state = State { work: Some(work), running_since: None, took: Duration::ZERO, failed: false, kept: None };
        Arc::new(Self { state: Mutex::new(state), keep })
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let state = &mut *self.state();
        // It is polled to its end once: by the one `Next`, or after it by whoever finishes.
        let Some(work) = &mut state.work else { return state.kept.take().map_or(Poll::Pending, Poll::Ready) };
        // Its first poll may be all of it, and is not the hook's time either.
        let since = *state.running_since.get_or_insert_with(Instant::now);
        let polled = work.as_mut().poll(cx);
        if let Poll::Ready(outcome) = &polled {
            state.work = None;
            state.running_since = None;
            state.took = state.took.saturating_add(since.elapsed());
            state.failed = outcome.is_err();
            state.kept = self.keep.then(|| outcome.clone());
        }
        polled
    }

    /// Nobody waits for the work any more, for now or for ever.
    fn pause(&self) {
        let mut state = self.state();
        if let Some(since) = state.running_since.take() {
            state.took = state.took.saturating_add(since.elapsed());
        }
    }

    /// How long the work took; `None` while it goes on.
    pub(super) fn took(&self) -> Option<Duration> {
        let state = self.state();
        state.running_since.is_none().then_some(state.took)
    }

    /// Whether the work itself failed.
    pub(super) fn failed(&self) -> bool {
        self.state().failed
    }

    /// Does what is left of the work, and gives what came of it. Only for work that is kept.
    pub(super) async fn finish(&self) -> Result<T> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn state(&self) -> MutexGuard<'_, State<'a, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! One call of a tool: in a task of its own, within its time, again where its tool allows it.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::output::OutputCap;
use super::session::HostedCall;
use crate::agent::ToolPolicy;
use crate::budget::{ContextManager, ContextPolicy};
use crate::context::Context;
use crate::message::Part;
use crate::run::Outputs;
use crate::tool::{Arguments, Effect, Tool, ToolError, ToolErrorKind, ToolOutput, ToolSpec};

/// How long after a call's time and grace its task is taken for stuck: it does not even notice that its time is up.
const WATCHDOG: Duration = Duration::from_secs(1);

/// Runs a call that `begin` makes anew for every try, with the token that cancels it. `unresponsive` hears of a try that
/// goes on after its time and grace.
pub(super) async fn run(
    spec: &ToolSpec,
    policy: &ToolPolicy,
    cancellation: &CancellationToken,
    begin: impl Fn(CancellationToken) -> Result<HostedCall, ToolError>,
    unresponsive: impl Fn(Duration),
) -> Result<ToolOutput, ToolError> {
    let retries = if spec.effect == Effect::Write { 0 } else { spec.retries };
    let (limit, grace) = (spec.timeout.unwrap_or(policy.timeout), policy.grace);
    let mut attempt = 0;
    loop {
        let token = cancellation.child_token();
        let call = begin(token.clone())?;
        let call = if spec.blocking { on_the_blocking_pool(call) } else { call };
        let started = Instant::now();
        let task = CallTask::spawn(call, token, limit, grace);
        let watched = timeout(limit.saturating_add(grace).saturating_add(WATCHDOG), task.finish()).await;
        let stuck = watched.is_err();
        let Ended { output, left_behind } = watched.unwrap_or_else(|_| Ended::left_behind(timed_out(limit)));
        // A call that waits is dropped where it stands; one that blocks its thread goes on.
        if stuck || (left_behind && spec.blocking) {
            unresponsive(started.elapsed());
        }
        let again = matches!(
            &output,
            Err(error) if matches!(error.kind(), ToolErrorKind::Failed | ToolErrorKind::TimedOut | ToolErrorKind::Panicked)
        );
        if !again || attempt >= retries || cancellation.is_cancelled() {
            return output;
        }
        attempt += 1;
    }
}

/// Calls a tool outside any run as a run would under its default policy: arguments read as a model writes them, the
/// tool's time limit and retries, an output no longer than it may be.
pub(crate) async fn call_alone<D: Send + Sync + 'static>(
    tool: Arc<dyn Tool<D>>,
    context: &Context<D>,
    arguments: String,
) -> Result<ToolOutput, ToolError> {
    if Handle::try_current().is_err() {
        return Err(ToolError::failed("a tool is called within a tokio runtime, as `#[tokio::test]` makes one"));
    }
    let policy = ToolPolicy::new();
    let arguments: Arc<str> = arguments.into();
    let begin = |token: CancellationToken| {
        let (tool, context, arguments) = (Arc::clone(&tool), context.for_try(token), Arc::clone(&arguments));
        Ok(Box::pin(async move { tool.call(&context, Arguments::new(&arguments)).await }) as HostedCall)
    };
    let output = run(tool.spec(), &policy, context.info().cancellation(), begin, |_| {}).await;
    let context = Arc::new(ContextManager::new(ContextPolicy::new()));
    let cap = OutputCap::new(&policy, context, None, false, Outputs::default());
    let limit = tool.spec().max_output;
    match output {
        Ok(mut output) => {
            cap.apply((0, 0), limit, &mut output.content);
            Ok(output)
        }
        Err(error) if error.kind() == ToolErrorKind::Deferred => Err(error),
        Err(error) => {
            let mut words = vec![Part::text(error.message())];
            cap.apply((0, 0), limit, &mut words);
            let words = words.into_iter().find_map(|part| match part {
                Part::Text(text) => Some(text.text),
                _ => None,
            });
            Err(error.reworded(words.unwrap_or_default()))
        }
    }
}

/// Runs a call where it may block its thread. Dropping it keeps a call that has not begun from beginning.
fn on_the_blocking_pool(call: HostedCall) -> HostedCall {
    Box::pin(async move {
        let (runtime, span) = (Handle::current(), tracing::Span::current());
        let blocking = tokio::task::spawn_blocking(move || span.in_scope(|| runtime.block_on(call)));
        match AbortOnDropHandle::new(blocking).await {
            Ok(output) => output,
            Err(lost) if lost.is_panic() => Err(panicked()),
            Err(_) => Err(cancelled()),
        }
    })
}

/// How a call ended.
struct Ended {
    output: Result<ToolOutput, ToolError>,
    /// Whether the call was given up while it went on.
    left_behind: bool,
}

impl Ended {
    fn with(output: Result<ToolOutput, ToolError>) -> Self {
        Self { output, left_behind: false }
    }

    fn left_behind(error: ToolError) -> Self {
        Self { output: Err(error), left_behind: true }
    }
}

/// A call in its task. Dropping it cancels the call, which then has its grace to end.
struct CallTask {
    task: JoinHandle<Ended>,
    _cancel_on_drop: DropGuard,
}

impl CallTask {
    fn spawn(call: HostedCall, token: CancellationToken, limit: Duration, grace: Duration) -> Self {
        let task = tokio::spawn(supervise(call, token.clone(), limit, grace).in_current_span());
        Self { task, _cancel_on_drop: token.drop_guard() }
    }

    async fn finish(self) -> Ended {
        let Self { task, _cancel_on_drop } = self;
        task.await.unwrap_or_else(|_| Ended::with(Err(cancelled())))
    }
}

/// Lets a call run for as long as it may, and then for as long as it takes to end in good order, up to its grace.
async fn supervise(call: HostedCall, token: CancellationToken, limit: Duration, grace: Duration) -> Ended {
    if token.is_cancelled() {
        return Ended::with(Err(not_begun()));
    }
    let begun = Instant::now();
    let mut work = pin!(AssertUnwindSafe(call).catch_unwind());
    // A call that does not wait needs no timer, and nobody to listen for its cancellation.
    if let Poll::Ready(ended) = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        return Ended::with(unpanicked(ended));
    }
    // It was polled just now: it has its next turn when it is woken, after those who wait for theirs.
    let mut polled = true;
    let rest = poll_fn(|context| if std::mem::take(&mut polled) { Poll::Pending } else { work.as_mut().poll(context) });
    let left = limit.saturating_sub(begun.elapsed());
    let in_time = timeout(left, token.run_until_cancelled(rest)).await;
    let (stopped, ended) = match in_time {
        Ok(Some(ended)) => return Ended::with(unpanicked(ended)),
        Ok(None) => (cancelled(), timeout(grace, work).await),
        Err(_) => {
            token.cancel();
            (timed_out(limit), timeout(grace, work).await)
        }
    };
    match ended.map(unpanicked) {
        // It was done after all: what it did is what counts.
        Ok(Ok(output)) => Ended::with(Ok(output)),
        Ok(Err(_)) => Ended::with(Err(stopped)),
        Err(_) => Ended::left_behind(stopped),
    }
}

fn unpanicked(
    ended: Result<Result<ToolOutput, ToolError>, Box<dyn std::any::Any + Send>>,
) -> Result<ToolOutput, ToolError> {
    // What a panic says was never meant for a model.
    ended.unwrap_or_else(|_| Err(panicked()))
}

fn panicked() -> ToolError {
    ToolError::new(ToolErrorKind::Panicked, "The tool failed and gave no reason.")
}

fn not_begun() -> ToolError {
    ToolError::new(ToolErrorKind::Cancelled, "This call was not run: the run ended before it began.")
}

fn cancelled() -> ToolError {
    ToolError::new(ToolErrorKind::Cancelled, "The run ended before this call did. Whether it took effect is not known.")
}

fn timed_out(limit: Duration) -> ToolError {
    let message = format!("The call took longer than {} ms. Whether it took effect is not known.", limit.as_millis());
    ToolError::new(ToolErrorKind::TimedOut, message)
}

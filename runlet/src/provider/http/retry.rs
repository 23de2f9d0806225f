//! When a request is sent again: after failures that a later try may cure, in time, and not too often.

use std::future::ready;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures_util::future::Either;
use tokio::time::Instant;
use tower::retry::budget::{Budget, TpsBudget};

use crate::model::{Retrying, Watch};
use crate::provider::Failure;

/// How often and when a model call is sent again after a failure.
///
/// A call is sent again only while nothing of its answer was handed out, and only after
/// [failures that waiting may cure](crate::error::ProviderError::is_retryable). It waits as long as the provider asks for,
/// and up to a tenth longer, so that many callers do not come back at once; where the provider does not say, half of
/// 0.5 s, 1 s, 2 s and so on up to 8 s, and a random part of the other half. Where the provider asks for more than
/// [`longest_wait`](Self::longest_wait), the call fails at once with an error that says for how long. Dropping the call
/// ends it while it waits, too.
///
/// However many calls fail, the retries of one model and its clones stay below a fifth of its calls plus 10 in a second,
/// over the last 10 seconds: what is down is not kept down. The figures are those of the official SDKs and of
/// `reqwest`'s own retries.
///
/// A call that is sent again may be billed twice, as providers do not recognize a request that they have seen.
///
/// ```
/// # #[cfg(feature = "openai")] {
/// use std::time::Duration;
///
/// use runlet::provider::{OpenAiResponses, RetryPolicy};
///
/// let patient = RetryPolicy::new().retries(5).longest_wait(Duration::from_secs(300));
/// let model = OpenAiResponses::new("gpt-5.5").retry(patient);
/// let once = OpenAiResponses::new("gpt-5.5").retry(RetryPolicy::never());
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    retries: u32,
    first_delay: Duration,
    longest_delay: Duration,
    longest_wait: Duration,
}

impl RetryPolicy {
    /// Two retries after the first try, 0.5 s to 8 s apart; the provider may ask for up to 120 s.
    pub fn new() -> Self {
        Self {
            retries: 2,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(8),
            longest_wait: Duration::from_mins(2),
        }
    }

    /// No retries.
    pub fn never() -> Self {
        Self::new().retries(0)
    }

    /// Sets how often a call may be sent after the first time.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets the wait before the first retry and the longest one between two: each is twice the one before, and a random
    /// part of up to half is taken off.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first_delay = first;
        self.longest_delay = longest.max(first);
        self
    }

    /// Sets the longest wait that a provider may ask for. A call that it asks to hold back longer fails.
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// `backon` adds up to the whole delay to it, so half is what it begins with.
    fn delays(&self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_min_delay(self.first_delay / 2)
            .with_max_delay(self.longest_delay / 2)
            .with_factor(2.0)
            .with_max_times(usize::try_from(self.retries).unwrap_or(usize::MAX))
            .with_jitter()
    }

    /// How long to wait before a retry; `None` where it must not be.
    fn wait(&self, asked: Option<Duration>, backoff: Duration) -> Option<Duration> {
        match asked {
            Some(asked) if asked > self.longest_wait => None,
            Some(asked) if !asked.is_zero() => Some(asked.saturating_add(asked.mul_f64(fastrand::f64() / 10.0))),
            _ => Some(backoff),
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// The retries of one model at one address, which its clones share.
pub(super) struct Retries {
    policy: RetryPolicy,
    budget: TpsBudget,
}

impl Retries {
    pub(super) fn new(policy: RetryPolicy) -> Self {
        Self { policy, budget: TpsBudget::new(Duration::from_secs(10), 10, 0.2) }
    }

    /// Tries until it succeeds or another try is of no use. No wait goes beyond `deadline`.
    pub(super) async fn run<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        watch: &Watch,
        deadline: Option<Instant>,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, Failure> {
        self.budget.deposit();
        // By itself, as most calls have no other: what the others need is made for them alone.
        let mut error = match attempt().await {
            Err(error) => error,
            answered => return answered,
        };
        if error.is_retryable() {
            return Box::pin(self.go_on(watch, deadline, error, attempt)).await;
        }
        error.attempts = 1;
        Err(error)
    }

    /// Tries again after a first failure.
    async fn go_on<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        watch: &Watch,
        deadline: Option<Instant>,
        error: Failure,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, Failure> {
        // The first failure goes through the same rules as those after it.
        let mut first = Some(error);
        let attempts = AtomicU32::new(1);
        let tried = (|| first.take().map_or_else(|| Either::Right(attempt()), |error| Either::Left(ready(Err(error)))))
            .retry(self.policy.delays())
            .sleep(tokio::time::sleep)
            .when(|error: &Failure| error.is_retryable())
            .adjust(|error, backoff| {
                let wait = self.policy.wait(error.retry_after, backoff?)?;
                let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
                let in_time = deadline.is_none_or(|deadline| wait < left(deadline));
                (in_time && self.budget.withdraw()).then_some(wait)
            })
            .notify(|error, delay| {
                let made = attempts.fetch_add(1, Ordering::Relaxed);
                let mut error = error.clone();
                error.attempts = made;
                watch.tell(Retrying::new(made + 1, delay, error.into()));
            })
            .await;
        tried.map_err(|mut error| {
            error.attempts = attempts.into_inner();
            error
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::error::{ProviderError, ProviderErrorCategory as Category};
    use crate::model::ModelRequest;

    fn failure(category: Category, change: impl FnOnce(&mut ProviderError)) -> Failure {
        let mut error = ProviderError::new("test", category, "words");
        change(&mut error);
        Box::new(error)
    }

    /// Fails with one error again and again: how often it was tried, and the waits between.
    async fn run(retries: &Retries, deadline: Option<Duration>, error: &Failure) -> (u32, Vec<Duration>) {
        let waits = std::sync::Arc::new(Mutex::new(Vec::new()));
        let told = waits.clone();
        let request = ModelRequest::new("").unbudgeted().on_retry(move |retrying| {
            told.lock().expect("waits").push(retrying.delay);
        });
        let begun = Instant::now();
        let failed = retries
            .run(&request.watch(), deadline.map(|limit| begun + limit), || async { Err::<(), _>(error.clone()) })
            .await
            .expect_err("an error");
        let waits = waits.lock().expect("waits").clone();
        let waited = begun.elapsed();
        let told: Duration = waits.iter().sum();
        // The clock of the tests goes in whole milliseconds.
        let ticks = Duration::from_millis(2) * failed.attempts;
        assert!(waited >= told && waited < told + ticks, "{waited:?} is not {told:?}");
        (failed.attempts, waits)
    }

    #[tokio::test(start_paused = true)]
    async fn waits_double_and_are_shortened_by_up_to_half() {
        for _ in 0..50 {
            let retries = Retries::new(RetryPolicy::new().retries(6));
            let (attempts, waits) = run(&retries, None, &failure(Category::Server, |_| {})).await;
            assert_eq!((attempts, waits.len()), (7, 6));
            for (wait, full) in waits.iter().zip([500, 1000, 2000, 4000, 8000, 8000]) {
                let full = Duration::from_millis(full);
                assert!(*wait >= full / 2 && *wait <= full, "{wait:?} of {full:?}");
            }
        }
    }

    async fn check_wait(asked: Option<Duration>, expected: Option<(u64, u64)>) {
        let error = failure(Category::RateLimited, |error| error.retry_after = asked);
        let (attempts, waits) = run(&Retries::new(RetryPolicy::new().retries(1)), None, &error).await;
        assert_eq!(attempts == 2, expected.is_some(), "{asked:?}");
        if let (Some((least, most)), Some(wait)) = (expected, waits.first()) {
            assert!(wait.as_millis() >= least.into() && wait.as_millis() <= most.into(), "{asked:?} gave {wait:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_is_given_the_wait_it_asks_for_up_to_two_minutes() {
        check_wait(None, Some((250, 500))).await;
        check_wait(Some(Duration::ZERO), Some((250, 500))).await;
        check_wait(Some(Duration::from_millis(20)), Some((20, 22))).await;
        check_wait(Some(Duration::from_mins(2)), Some((120_000, 132_000))).await;
        check_wait(Some(Duration::from_millis(120_001)), None).await;
        check_wait(Some(Duration::MAX), None).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_without_end_is_not_waited_for() {
        let error = failure(Category::RateLimited, |error| error.retry_after = Some(Duration::MAX));
        let retries = Retries::new(RetryPolicy::new().longest_wait(Duration::MAX));
        assert_eq!(run(&retries, Some(Duration::from_mins(10)), &error).await.0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn no_wait_goes_beyond_the_deadline() {
        let error = failure(Category::RateLimited, |error| error.retry_after = Some(Duration::from_secs(2)));
        let (attempts, _) = run(&Retries::new(RetryPolicy::new()), Some(Duration::from_secs(2)), &error).await;
        assert_eq!(attempts, 1);
        let (attempts, _) = run(&Retries::new(RetryPolicy::new()), Some(Duration::from_secs(3)), &error).await;
        assert_eq!(attempts, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_is_down_is_not_kept_down() {
        let retries = Retries::new(RetryPolicy::new().backoff(Duration::ZERO, Duration::ZERO));
        let error = failure(Category::Server, |_| {});
        let mut sent = 0;
        for _ in 0..1000 {
            sent += run(&retries, None, &error).await.0;
        }
        // 10 in each of 10 seconds, and one for each 5 calls.
        assert_eq!(sent, 1000 + 100 + 200);
        tokio::time::advance(Duration::from_secs(11)).await;
        assert_eq!(run(&retries, None, &error).await.0, 3, "the budget fills up again");
    }

    fn check(error: &Failure, expected: bool) {
        assert_eq!(error.is_retryable(), expected, "{error:?}");
    }

    #[test]
    fn only_what_waiting_may_cure_is_tried_again() {
        let status = |status| failure(Category::Other, |error| error.status = Some(status));
        for code in [408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529] {
            check(&status(code), true);
        }
        for code in [400, 401, 402, 403, 404, 405, 413, 415, 422, 501, 505] {
            check(&status(code), false);
            check(&failure(Category::Server, |error| error.status = Some(code)), false);
        }
        let ok = |category| failure(category, |error| error.status = Some(200));
        for category in [Category::Overloaded, Category::RateLimited, Category::Server, Category::Truncated] {
            check(&ok(category), true);
            check(&failure(category, |error| error.response_started = true), false);
            check(&failure(category, |error| error.should_retry = Some(false)), false);
        }
        for category in [Category::QuotaExceeded, Category::ContextOverflow, Category::ContentFilter, Category::Config]
        {
            check(&failure(category, |error| error.status = Some(429)), false);
            check(&failure(category, |error| error.should_retry = Some(true)), false);
        }
        for category in [Category::Protocol, Category::InvalidRequest, Category::Other] {
            check(&ok(category), false);
            check(&failure(category, |error| error.should_retry = Some(true)), true);
        }
    }
}

//! What happens when a hook breaks.

use std::time::Duration;

/// What happens when a hook fails, panics or takes too long.
///
/// What must never be passed by is a [`Guard`](super::Guard), which has no such policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct HookPolicy {
    pub(super) enabled: bool,
    pub(super) on_failure: OnHookFailure,
    pub(super) timeout: Duration,
}

/// Whether a failing hook stops the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnHookFailure {
    /// The run fails. A hook that guards something must not be passed by when it breaks.
    #[default]
    Fail,
    /// The run goes on as if the hook were not there; what the hook had changed until then is undone.
    Skip,
}

impl HookPolicy {
    /// A failing hook fails the run; a hook may take 10 seconds.
    pub fn new() -> Self {
        Self { enabled: true, on_failure: OnHookFailure::Fail, timeout: Duration::from_secs(10) }
    }

    /// A failing hook is passed by.
    pub fn skip_on_failure(mut self) -> Self {
        self.on_failure = OnHookFailure::Skip;
        self
    }

    /// Sets how long one call of the hook may take. The time that an `around_` hook spends in what it surrounds does not
    /// count.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Turns the hook off.
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
}

impl Default for HookPolicy {
    fn default() -> Self {
        Self::new()
    }
}

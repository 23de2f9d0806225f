//! When a conversation is made smaller, and how far.

use crate::budget::ContextPolicy;
use crate::budget::policy::fraction_of;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Bill, ShareUse};

/// How far a conversation is made smaller where nothing else is said. Measured over 200 steps: see `docs/budget.md`.
const LOW_WATER: f64 = 0.7;

/// When compression begins and where it ends, as shares.
#[derive(Clone, Debug)]
pub(crate) struct Trigger {
    /// Of the limit; `None` only where a request does not fit.
    at: Option<f64>,
    /// Of what the trigger leaves to the messages.
    to: f64,
    /// What is wrong with the shares, where something is.
    problem: Option<Error>,
}

impl Trigger {
    pub(crate) fn new() -> Self {
        Self { at: None, to: LOW_WATER, problem: None }
    }

    /// # Errors
    /// [`ErrorKind::Config`] where a share is no share.
    pub(crate) fn check(&self) -> Result<()> {
        self.problem.clone().map_or(Ok(()), Err)
    }

    /// The tokens, reserved output included, above which a request is made smaller.
    pub(crate) fn above(&self, bill: &Bill) -> u64 {
        let above = self.at.map_or(bill.limit, |share| fraction_of(bill.limit, share));
        // Where instructions and tools alone are more than that, every step would begin with compression.
        if above > bill.without_messages() { above } else { bill.limit }
    }

    /// The tokens, reserved output included, down to which it is made smaller: lower than where it began, so that the
    /// messages that are left stay the same for many steps, and with them what the provider has cached.
    pub(crate) fn down_to(&self, bill: &Bill) -> u64 {
        let fixed = bill.without_messages();
        fixed.saturating_add(fraction_of(self.above(bill).saturating_sub(fixed), self.to))
    }

    /// How many tokens of a share have to go: none while it is within what the policy lets it take, else as far down as a
    /// request goes.
    pub(crate) fn above_share(&self, share: &ShareUse, begun: bool) -> u64 {
        let down_to = fraction_of(share.most, self.to);
        if begun || share.tokens > share.most { share.tokens.saturating_sub(down_to) } else { 0 }
    }

    fn take(&mut self, name: &str, share: f64, slot: impl FnOnce(&mut Self)) {
        if share > 0.0 && share <= 1.0 {
            slot(self);
        } else {
            let message = format!("`{name}` takes a share above 0 and up to 1, such as 0.8: it was given {share}");
            self.problem.get_or_insert_with(|| Error::new(ErrorKind::Config, message));
        }
    }
}

impl ContextPolicy {
    /// Makes conversations smaller as soon as a request's upper figure, reserved output included, is above this share of
    /// the limit: above 0 and up to 1. Without it, only a request that does not fit is made smaller.
    ///
    /// A share that is none (NaN, 0, 1.5) is an error of kind [`ErrorKind::Config`] when the agent is built and when a
    /// request is prepared.
    ///
    /// ```
    /// use runlet::budget::{ContextPolicy, DropOldestTurns};
    ///
    /// let policy = ContextPolicy::new().compress_at(0.8).compress(DropOldestTurns::new());
    /// assert!(policy.check().is_ok());
    /// assert!(ContextPolicy::new().compress_at(f64::NAN).check().is_err());
    /// ```
    pub fn compress_at(mut self, share: f64) -> Self {
        self.trigger.take("compress_at", share, |trigger| trigger.at = Some(share));
        self
    }

    /// Says how far a conversation is made smaller once it has to be: down to this share, above 0 and up to 1, of the
    /// room that instructions, tools and reserved output leave to it, or of what
    /// [`max_share`](Self::max_share) lets parts of one kind take. 0.7 where nothing is said.
    ///
    /// A provider's prompt cache holds for requests that begin with the same bytes. A smaller share frees more at once
    /// and so changes the beginning of the requests less often; 1 frees as little as possible, at nearly every step.
    pub fn compress_to(mut self, share: f64) -> Self {
        self.trigger.take("compress_to", share, |trigger| trigger.to = share);
        self
    }
}

//! The finer settings of a [`ContextPolicy`], and whether its settings make sense.

use super::ContextPolicy;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Share;

impl ContextPolicy {
    /// Keeps a fraction of the limit free, from 0 up to but not including 1, beside what is reserved for the answer. None
    /// by default.
    ///
    /// ```
    /// use runlet::budget::ContextPolicy;
    ///
    /// assert!(ContextPolicy::new().margin(0.05).check().is_ok());
    /// assert!(ContextPolicy::new().margin(f64::NAN).check().is_err());
    /// ```
    pub fn margin(mut self, fraction: f64) -> Self {
        self.margin = fraction;
        self
    }

    /// Lets parts of one kind take at most a fraction of the limit together, above 0 and at most 1. What is above it is
    /// compressed or refused as what is above the limit is.
    ///
    /// ```
    /// use runlet::budget::{ContextPolicy, Share};
    ///
    /// let policy = ContextPolicy::new().max_share(Share::ToolResults, 0.3);
    /// assert!(policy.check().is_ok());
    /// ```
    pub fn max_share(mut self, share: Share, fraction: f64) -> Self {
        self.shares.retain(|(known, _)| *known != share);
        self.shares.push((share, fraction));
        self
    }

    /// Asks the provider to count a request that may fit though its upper figure does not, before it is compressed or
    /// refused: one more request for each such step, which generates nothing.
    ///
    /// Providers without a way to count, a count that fails and one that takes longer than 10 seconds leave the estimate
    /// as it is.
    pub fn count_with_provider(mut self) -> Self {
        self.count_with_provider = true;
        self
    }

    /// Counts a file or a sound that stands at an address or under an id, and whose size is unknown here, as so many
    /// tokens. 300,000 by default: 100 pages of 3,000 tokens.
    pub fn unseen_file_tokens(mut self, tokens: u64) -> Self {
        self.unseen_file_tokens = Some(tokens);
        self
    }

    /// Whether the settings make sense. An agent's builder asks, and so does every request.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] naming the setting: a fraction or share that is no number or outside its range, a cap of no
    /// tokens.
    pub fn check(&self) -> Result<()> {
        let wrong = |words: String| Err(Error::new(ErrorKind::Config, words));
        if self.max_context_tokens == Some(0) {
            return wrong("`ContextPolicy::max_context_tokens` is 0: no request fits. Give a number of tokens".into());
        }
        if !(0.0..1.0).contains(&self.margin) {
            return wrong(format!(
                "`ContextPolicy::margin` is {}: it must be a fraction of the limit from 0 up to but not including 1",
                self.margin
            ));
        }
        for (share, fraction) in &self.shares {
            if !(*fraction > 0.0 && *fraction <= 1.0) {
                return wrong(format!(
                    "`ContextPolicy::max_share` of {} is {fraction}: it must be a fraction of the limit above 0 and at \
                     most 1",
                    share.words()
                ));
            }
        }
        self.trigger.check()
    }
}

/// A fraction of a number of tokens, rounded down.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "token counts stand far below 2^53, and fractions are checked to lie between 0 and 1"
)]
pub(super) fn fraction_of(tokens: u64, fraction: f64) -> u64 {
    ((tokens as f64 * fraction).floor() as u64).min(tokens)
}

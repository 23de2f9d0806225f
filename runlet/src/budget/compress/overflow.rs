//! What a provider's refusal of a request that was counted as fitting says about the count.

use crate::error::ProviderError;
use crate::model::Bill;

/// How much more than the figure of the error the request took, where the provider does not say: a tenth.
const MARGIN: f64 = 1.1;

/// How far counts and limit of a model were off, as its provider has shown by turning requests down.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Correction {
    /// What the input's upper figure is to be multiplied by.
    factor: f64,
    /// The window, where the provider named a smaller one than was known.
    limit: Option<u64>,
}

impl Correction {
    pub(crate) fn none() -> Self {
        Self { factor: 1.0, limit: None }
    }

    /// The limit for figures that are not corrected: it is as much lower as they are too low.
    pub(crate) fn limit(&self, limit: u64, reserved: u64) -> u64 {
        let limit = self.limit.map_or(limit, |reported| reported.min(limit));
        let room = limit.saturating_sub(reserved);
        reserved.saturating_add(super::trigger::portion(room, 1.0 / self.factor)).min(limit)
    }

    /// Learns from a refusal of a request with this bill. After it, the same request no longer fits.
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub(crate) fn learn(&mut self, bill: &Bill, error: &ProviderError) {
        let estimate = bill.input().upper.max(1) as f64;
        if let Some(limit) = error.reported_limit.filter(|limit| *limit > 0) {
            self.limit = Some(self.limit.map_or(limit, |known| known.min(limit)));
            if bill.total().upper > limit {
                // The window is smaller than was known: that explains it, and the count may be right.
                let told = reported_tokens(&error.message, limit).map(|tokens| tokens as f64 / estimate);
                self.factor = told.map_or(self.factor, |factor| factor.max(self.factor));
                return;
            }
        }
        // The bill was held against a limit that is lower by the factor already: the room as the provider has it.
        let room = bill.limit.saturating_sub(bill.reserved_output).max(1) as f64 * self.factor;
        let least = room / estimate;
        let told = reported_tokens(&error.message, bill.limit).map(|tokens| tokens as f64 / estimate);
        self.factor = told.filter(|factor| *factor > least).unwrap_or(least * MARGIN);
    }
}

/// The size of the request where the provider's words name it: the largest number above the limit and below sixteen times
/// of it, as no ruler is that wrong. "Your prompt is 10,234 tokens long and the limit is 8192" has one.
fn reported_tokens(words: &str, limit: u64) -> Option<u64> {
    let digits = |character: char| character.is_ascii_digit() || matches!(character, ',' | '_');
    let numbers = words.split(|character| !digits(character));
    let numbers = numbers.filter_map(|number| number.replace([',', '_'], "").parse::<u64>().ok());
    numbers.filter(|number| *number > limit && *number / 16 < limit).max()
}

#[cfg(test)]
mod tests {
    use super::reported_tokens;

    #[test]
    fn the_size_of_a_request_is_read_from_the_words_of_a_refusal() {
        let check = |words: &str, limit, expected| assert_eq!(reported_tokens(words, limit), expected, "{words}");
        check("prompt is too long: 203456 tokens > 200000 maximum", 200_000, Some(203_456));
        check("maximum context length is 8,192 tokens, your messages resulted in 10,234 tokens", 8_192, Some(10_234));
        check("your input exceeds the context window of this model", 8_192, None);
        check("the limit is 8192. Request 20260101093015 failed", 8_192, None);
        check("", 0, None);
    }
}

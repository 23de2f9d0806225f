//! Calibration: what the usage that providers report says of the ruler.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::message::TokenCount;
use crate::model::Calibration;

/// How many usages in a row must have shown that less will do before the factor falls.
const EVIDENCE: usize = 8;
/// How many usages are looked back upon.
const WINDOW: usize = 32;
/// What a factor keeps above the largest usage of the window, as a share of it.
const ROOM: f64 = 0.05;
/// A request of fewer tokens than this, by the ruler's upper figure, is short.
const SHORT: u64 = 1_024;
/// What a short request can say of a tokenizer: no known one takes twice the upper figure. What is above that is text of
/// the server's own, which is as long before a long request.
const SHORT_FACTOR: f64 = 2.0;
/// The longest such text that is believed, in tokens: more is no prompt of a server.
const MOST_ADDED: u64 = 4_096;
/// What part of the way to where it may go the factor falls with each usage.
const STEP: f64 = 1.0 / 8.0;

/// What is known of each model, by the names of its provider and its own.
#[derive(Debug, Default)]
pub(super) struct Calibrations(Mutex<HashMap<(String, String), Record>>);

/// What is known of one model.
#[derive(Debug, Default)]
struct Record {
    calibration: Calibration,
    /// What each reported usage asks for, oldest first.
    recent: VecDeque<Asked>,
    /// How many usages came since the factor was last raised.
    since_raise: usize,
}

/// What one usage asks for: a factor, and tokens beside it.
#[derive(Clone, Copy, Debug)]
struct Asked {
    factor: f64,
    added: u64,
}

impl Asked {
    /// What covers a reported usage; `None` where no tokenizer and no prompt of a server explains it.
    fn of(upper: u64, reported: u64) -> Option<Self> {
        let factor = ratio(reported, upper);
        if upper >= SHORT || factor <= SHORT_FACTOR {
            return (factor <= Calibration::MAX_FACTOR).then_some(Self { factor, added: 0 });
        }
        let added = reported.saturating_sub(upper.saturating_mul(2));
        (added <= MOST_ADDED).then_some(Self { factor: SHORT_FACTOR, added })
    }
}

impl Calibrations {
    /// The calibration of a model.
    pub(super) fn of(&self, provider: &str, model: &str) -> Calibration {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A lookup by borrowed names would need a type of its own; there is one model to an agent.
        let found = records.iter().find(|((of, name), _)| of == provider && name == model);
        found.map_or_else(Calibration::default, |(_, record)| record.calibration)
    }

    /// Takes a reported usage into account, in tokens of input.
    pub(super) fn observe(&self, provider: &str, model: &str, measured: TokenCount, reported: u64) {
        self.change(provider, model, |record| record.observe(measured, reported));
    }

    /// Takes into account that a request took more than `least` tokens of input, nobody knows how many.
    pub(super) fn overflowed(&self, provider: &str, model: &str, measured: TokenCount, least: u64) {
        self.change(provider, model, |record| record.overflowed(measured, least));
    }

    fn change(&self, provider: &str, model: &str, change: impl FnOnce(&mut Record)) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, record)) = records.iter_mut().find(|((of, name), _)| of == provider && name == model) {
            return change(record);
        }
        change(records.entry((provider.to_owned(), model.to_owned())).or_default());
    }
}

impl Record {
    fn observe(&mut self, measured: TokenCount, reported: u64) {
        // So far off is no tokenizer: the provider has counted something that was not in the request.
        let Some(asked) = Asked::of(measured.upper, reported).filter(|_| reported > 0) else { return };
        let covered = reported <= self.calibration.apply(measured).upper;
        let calibration = &mut self.calibration;
        calibration.samples += 1;
        let likely = ratio(reported.saturating_sub(asked.added), measured.expected);
        let weight = if calibration.samples == 1 { 1.0 } else { STEP };
        let expected = calibration.expected_factor + (likely - calibration.expected_factor) * weight;
        calibration.expected_factor = expected.clamp(1.0, Calibration::MAX_FACTOR);

        self.recent.push_back(asked);
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
        if !covered {
            calibration.underestimates += 1;
            let factor = (asked.factor * (1.0 + ROOM)).min(Calibration::MAX_FACTOR);
            calibration.upper_factor = calibration.upper_factor.max(factor);
            calibration.added_tokens = calibration.added_tokens.max(asked.added);
            self.since_raise = 0;
            return;
        }
        self.since_raise += 1;
        if self.since_raise >= EVIDENCE {
            let most = self.recent.iter().map(|asked| asked.factor).fold(0.0, f64::max);
            let target = (most * (1.0 + ROOM)).clamp(1.0, calibration.upper_factor);
            calibration.upper_factor -= (calibration.upper_factor - target) * STEP;
            let most = self.recent.iter().map(|asked| asked.added).max().unwrap_or(0);
            let above = calibration.added_tokens.saturating_sub(most);
            calibration.added_tokens -= above.div_ceil(8);
        }
    }

    fn overflowed(&mut self, measured: TokenCount, least: u64) {
        let calibration = &mut self.calibration;
        let need = ratio(least, measured.upper).max(calibration.upper_factor) * (1.0 + ROOM);
        calibration.underestimates += 1;
        calibration.upper_factor = need.clamp(1.0, Calibration::MAX_FACTOR);
        self.since_raise = 0;
    }
}

#[expect(clippy::cast_precision_loss, reason = "token counts stand far below 2^53")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(usages: impl IntoIterator<Item = u64>) -> Calibration {
        let known = Calibrations::default();
        for reported in usages {
            known.observe("p", "m", TokenCount { expected: 1_000, upper: 1_200 }, reported);
        }
        known.of("p", "m")
    }

    #[test]
    fn an_underestimate_raises_the_factor_at_once() {
        let calibration = after([1_600]);
        assert!((calibration.upper_factor - 1.4).abs() < 1e-9, "{calibration:?}");
        assert!((calibration.expected_factor - 1.6).abs() < 1e-9, "{calibration:?}");
        assert_eq!((calibration.samples, calibration.underestimates), (1, 1));
        assert_eq!(calibration.apply(TokenCount { expected: 1_000, upper: 1_200 }).upper, 1_680);
    }

    #[test]
    fn it_falls_slowly_and_only_on_evidence() {
        let raised = after([1_600]).upper_factor;
        let same = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(same(after([1_600].into_iter().chain([1_200; 7])).upper_factor, raised), "too little evidence");
        let beyond = |n: usize| after([1_600].into_iter().chain(std::iter::repeat_n(1_200, n))).upper_factor;
        assert!(same(beyond(30), raised), "the large usage is still in the window: {}", beyond(30));
        assert!(beyond(33) < raised && beyond(33) > 1.3, "{}", beyond(33));
        assert!(beyond(100) < 1.06, "{}", beyond(100));
        assert!(beyond(10_000) >= 1.0, "never below what the ruler says");
    }

    #[test]
    fn usages_that_no_tokenizer_explains_are_left_out() {
        assert_eq!(after([0, 1_000_000]), Calibration::default());
        assert!(after([4_800; 3]).upper_factor <= Calibration::MAX_FACTOR);
    }

    #[test]
    fn what_a_server_puts_before_short_requests_is_added_and_does_not_multiply_long_ones() {
        let known = Calibrations::default();
        let tokens = |upper| TokenCount { expected: upper * 5 / 6, upper };
        let hidden = 1_500;
        for upper in [72, 40, 300] {
            known.observe("p", "m", tokens(upper), upper + hidden);
            let calibration = known.of("p", "m");
            assert!(calibration.apply(tokens(upper)).upper >= upper + hidden, "{calibration:?}");
        }
        let calibration = known.of("p", "m");
        assert!(calibration.upper_factor <= 2.1 && calibration.added_tokens <= hidden, "{calibration:?}");
        // Long requests show that the tokenizer takes no more; what is added stays while short ones still ask for it.
        for _ in 0..100 {
            known.observe("p", "m", tokens(20_000), 20_000 + hidden);
        }
        let calibration = known.of("p", "m");
        assert!(calibration.upper_factor < 1.15, "{calibration:?}");
        assert!(calibration.apply(tokens(20_000)).upper >= 20_000 + hidden, "{calibration:?}");
    }

    #[test]
    fn an_overflow_raises_the_factor_every_time() {
        let known = Calibrations::default();
        let measured = TokenCount { expected: 900, upper: 1_000 };
        known.overflowed("p", "m", measured, 1_100);
        let once = known.of("p", "m").upper_factor;
        known.overflowed("p", "m", measured, 1_100);
        assert!(once > 1.1 && known.of("p", "m").upper_factor > once);
        assert_eq!(known.of("p", "other"), Calibration::default());
    }
}

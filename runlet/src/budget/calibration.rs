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
/// What part of the way to where it may go the factor falls with each usage.
const STEP: f64 = 1.0 / 8.0;

/// What is known of each model, by the names of its provider and its own.
#[derive(Debug, Default)]
pub(super) struct Calibrations(Mutex<HashMap<(String, String), Record>>);

/// What is known of one model.
#[derive(Debug, Default)]
struct Record {
    calibration: Calibration,
    /// Reported usage over the ruler's upper figure, oldest first.
    recent: VecDeque<f64>,
    /// How many usages came since the factor was last raised.
    since_raise: usize,
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
        let need = ratio(reported, measured.upper);
        // So far off is no tokenizer: the provider has counted something that was not in the request.
        if reported == 0 || need > Calibration::MAX_FACTOR {
            return;
        }
        let calibration = &mut self.calibration;
        calibration.samples += 1;
        let likely = ratio(reported, measured.expected);
        let weight = if calibration.samples == 1 { 1.0 } else { STEP };
        let expected = calibration.expected_factor + (likely - calibration.expected_factor) * weight;
        calibration.expected_factor = expected.clamp(1.0, Calibration::MAX_FACTOR);

        self.recent.push_back(need);
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
        if need > calibration.upper_factor {
            calibration.underestimates += 1;
            calibration.upper_factor = (need * (1.0 + ROOM)).min(Calibration::MAX_FACTOR);
            self.since_raise = 0;
            return;
        }
        self.since_raise += 1;
        if self.since_raise >= EVIDENCE {
            let most = self.recent.iter().copied().fold(0.0, f64::max);
            let target = (most * (1.0 + ROOM)).clamp(1.0, calibration.upper_factor);
            calibration.upper_factor -= (calibration.upper_factor - target) * STEP;
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

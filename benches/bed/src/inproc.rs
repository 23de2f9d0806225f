//! What is measured within one process: figures by row.

use std::collections::BTreeMap;
use std::time::Instant;

use stats_alloc::Region;

use crate::{ALLOCATOR, TOOL};

/// Nanoseconds and allocations of one operation, by row.
pub type Figures = BTreeMap<String, [f64; 2]>;

/// The arguments of a call that is dispatched.
pub const CALL: &str = r#"{"order_id":"123"}"#;

/// Calls in one batch.
pub const CALLS: usize = 100_000;

/// The names of so many tools.
pub fn names(tools: usize) -> Vec<String> {
    (0..tools).map(|tool| format!("{TOOL}_{tool}")).collect()
}

/// The tools that the calls of a batch name. They are named in turn, so that no cache holds the one.
pub fn asked(names: &[String]) -> Vec<&str> {
    (0..CALLS).map(|call| names[call * 7 % names.len()].as_str()).collect()
}

/// Time and allocations of one `operation`: the median of some batches.
pub fn measure(figures: &mut Figures, row: &str, operations: usize, mut batch: impl FnMut(usize)) {
    batch(operations.div_ceil(10));
    let mut times: Vec<f64> = (0..9)
        .map(|_| {
            let began = Instant::now();
            batch(operations);
            began.elapsed().as_nanos() as f64 / operations as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let region = Region::new(ALLOCATOR);
    batch(operations);
    let allocations = region.change().allocations as f64 / operations as f64;
    figures.insert(row.to_owned(), [times[times.len() / 2], allocations]);
}

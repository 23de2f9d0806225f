//! Outputs of tools that the model was shown in part, kept so that it can read the rest.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The outputs that were cut, oldest first, with the handles by which the model reads them. They are part of the run:
/// where it is written down, so are they.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Outputs {
    kept: Vec<(Arc<str>, Arc<str>)>,
}

impl Outputs {
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// A handle that no output has.
    pub(crate) fn next_handle(&self) -> String {
        let number = |handle: &str| handle.strip_prefix("result_").and_then(|number| number.parse::<u64>().ok());
        format!("result_{}", self.handles().filter_map(number).max().map_or(1, |last| last + 1))
    }

    /// Keeps an output under a handle, and drops the oldest where there are more than `limit` bytes. Says whether it is
    /// kept: one that is longer by itself is not.
    pub(crate) fn keep(&mut self, handle: &str, text: String, limit: usize) -> bool {
        if text.len() > limit {
            return false;
        }
        self.kept.retain(|(other, _)| **other != *handle);
        self.kept.push((handle.into(), text.into()));
        let mut total: usize = self.kept.iter().map(|(_, text)| text.len()).sum();
        while total > limit && self.kept.len() > 1 {
            total -= self.kept.remove(0).1.len();
        }
        true
    }

    /// The output of a handle.
    pub(crate) fn get(&self, handle: &str) -> Option<Arc<str>> {
        self.kept.iter().find(|(other, _)| **other == *handle).map(|(_, text)| Arc::clone(text))
    }

    pub(crate) fn handles(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().map(|(handle, _)| &**handle)
    }
}

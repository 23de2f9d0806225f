//! The messages of a bill: a list that shares its beginning with the lists before it.

use std::fmt;
use std::sync::Arc;

use crate::message::{SharedMessage, TokenCount};

/// Messages in order, each with what it takes.
///
/// Who keeps a bill keeps this and not the [`Messages`](crate::message::Messages) of the request: those are copied when
/// they grow while somebody else holds them, and a run that is watched would copy its history at every step. A tally that
/// grows adds a batch to the batches it shares with every earlier one, and so costs what is new.
#[derive(Clone, Default)]
pub(crate) struct Tally(Option<Arc<Batch>>);

struct Batch {
    before: Tally,
    new: Box<[(SharedMessage, TokenCount)]>,
    /// How many messages there are up to the end of this batch.
    len: usize,
}

impl Tally {
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |last| last.len)
    }

    /// Adds messages at the end. Copies made before stay as they are.
    pub(crate) fn extend(&mut self, new: Box<[(SharedMessage, TokenCount)]>) {
        if !new.is_empty() {
            let len = self.len() + new.len();
            let before = Self(self.0.take());
            self.0 = Some(Arc::new(Batch { before, new, len }));
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(SharedMessage, TokenCount)> {
        let mut batches: Vec<&Batch> = self.batches().collect();
        batches.reverse();
        batches.into_iter().flat_map(|batch| &batch.new)
    }

    /// The batches, the last one first.
    fn batches(&self) -> impl Iterator<Item = &Batch> {
        std::iter::successors(self.0.as_deref(), |batch| batch.before.0.as_deref())
    }
}

/// The batches of a long run lie in a chain that is too long to be dropped one inside the other.
impl Drop for Batch {
    fn drop(&mut self) {
        let mut before = self.before.0.take();
        while let Some(mut batch) = before.and_then(Arc::into_inner) {
            before = batch.before.0.take();
        }
    }
}

impl PartialEq for Tally {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        same || self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tally({} messages)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    fn batch(texts: &[&str]) -> Box<[(SharedMessage, TokenCount)]> {
        let counted = |text: &&str| (Message::user(*text).into(), TokenCount::exact(1));
        texts.iter().map(counted).collect()
    }

    fn texts(tally: &Tally) -> Vec<String> {
        tally.iter().map(|(message, _)| message.text()).collect()
    }

    #[test]
    fn a_copy_stays_as_it_is_when_the_tally_grows() {
        let mut tally = Tally::default();
        tally.extend(batch(&["a", "b"]));
        let earlier = tally.clone();
        tally.extend(batch(&[]));
        assert_eq!(tally, earlier);
        tally.extend(batch(&["c"]));
        assert_eq!((texts(&earlier).join(""), texts(&tally).join("")), ("ab".to_owned(), "abc".to_owned()));
        assert_eq!((earlier.len(), tally.len()), (2, 3));
        assert_ne!(tally, earlier);

        let mut at_once = Tally::default();
        at_once.extend(batch(&["a", "b", "c"]));
        assert_eq!(tally, at_once, "how it came about does not matter");
    }

    #[test]
    fn every_message_is_held_once_by_all_copies_together() {
        let mut tally = Tally::default();
        let kept: Vec<Tally> = (0..1_000)
            .map(|_| {
                tally.extend(batch(&["a", "b"]));
                tally.clone()
            })
            .collect();
        for pair in kept.windows(2) {
            let [shorter, longer] = pair else { continue };
            let shared = longer.batches().nth(1).zip(shorter.batches().next());
            assert!(shared.is_some_and(|(a, b)| std::ptr::eq(a, b)));
        }
        assert_eq!(tally.batches().map(|batch| batch.new.len()).sum::<usize>(), 2_000);
    }

    #[test]
    fn a_chain_of_a_million_batches_is_dropped() {
        let mut tally = Tally::default();
        let one = batch(&["a"]);
        for _ in 0..1_000_000 {
            tally.extend(one.clone());
        }
        assert_eq!(tally.len(), 1_000_000);
        drop(tally);
    }
}

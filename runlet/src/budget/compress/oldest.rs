//! Dropping the oldest turns.

use super::{Compressor, Need, units};
use crate::error::Result;
use crate::message::{Mark, Messages, Role, SharedMessage};

/// Drops the oldest turns until enough is free: a turn is a user message and everything up to the next one, so calls and
/// their results go together. System messages and pinned messages stay, and so does the newest turn: the one of the
/// newest message that a user wrote. What Runlet says in the user's place, such as what is wrong with an answer, belongs
/// to the turn it stands in.
///
/// ```
/// use runlet::budget::{ContextPolicy, DropOldestTurns};
///
/// let policy = ContextPolicy::new().compress(DropOldestTurns::new());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DropOldestTurns {}

impl DropOldestTurns {
    /// The compressor.
    pub fn new() -> Self {
        Self {}
    }
}

impl Compressor for DropOldestTurns {
    fn name(&self) -> &'static str {
        "drop_oldest_turns"
    }

    async fn compress(&self, messages: &Messages, need: Need) -> Result<Option<Messages>> {
        let newest = units::newest_user(messages);
        let mut goes = vec![false; messages.len()];
        let mut freed = 0_u64;
        let mut begin = 0;
        while begin < newest && freed < need.excess_tokens {
            let later = messages.iter().enumerate().skip(begin + 1);
            let end = later.clone().find(|(_, message)| units::begins_turn(message)).map_or(newest, |(place, _)| place);
            let end = end.min(newest);
            let places = droppable(messages, begin..end);
            let tokens = places.iter().map(|place| need.at(*place)).sum::<u64>();
            // A turn that has no part in what is too much stays.
            for place in places.into_iter().filter(|_| tokens > 0) {
                if let Some(goes) = goes.get_mut(place) {
                    *goes = true;
                }
            }
            freed = freed.saturating_add(tokens);
            begin = end;
        }
        if !goes.contains(&true) {
            return Ok(None);
        }
        let kept = messages.iter().zip(goes).filter(|(_, goes)| !goes);
        Ok(Some(kept.map(|(message, _)| message.clone()).collect()))
    }
}

/// The places of a turn that may go. Where something of it is pinned, the words that it begins with stay too: a
/// conversation does not begin with an answer.
fn droppable(messages: &Messages, turn: std::ops::Range<usize>) -> Vec<usize> {
    let (start, turn) = (turn.start, messages.get(turn).unwrap_or_default());
    let pinned = turn.iter().any(|message: &SharedMessage| message.mark == Mark::Pinned);
    let units = units::units(turn).into_iter();
    let free = units.filter(|unit| {
        let unit = turn.get(unit.clone()).unwrap_or_default();
        let begins = unit.first().is_some_and(|message| message.role == Role::User && units::begins_turn(message));
        !(units::is_kept(unit) || (pinned && begins))
    });
    free.flatten().map(|place| start + place).collect()
}

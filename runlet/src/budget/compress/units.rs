//! How a conversation falls into pieces that stay or go as one.

use std::ops::Range;

use crate::message::{Mark, Message, Messages, Role, SharedMessage};

/// The places of messages that stay or go as one: a message and the tool results that answer its calls.
pub(super) fn units(messages: &[SharedMessage]) -> Vec<Range<usize>> {
    let mut units: Vec<Range<usize>> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        match units.last_mut() {
            Some(unit) if message.role == Role::Tool => unit.end = place + 1,
            _ => units.push(place..place + 1),
        }
    }
    units
}

/// Whether no compressor may touch any of these messages.
pub(super) fn is_kept(unit: &[SharedMessage]) -> bool {
    unit.iter().any(|message| message.role == Role::System || message.mark == Mark::Pinned)
}

/// Whether a turn begins here: someone speaks in the user's place who is not Runlet.
pub(super) fn begins_turn(message: &Message) -> bool {
    message.role == Role::User && message.mark != Mark::Note
}

/// The place of the newest message of the user; that of the first message where the user said nothing.
pub(super) fn newest_user(messages: &[SharedMessage]) -> usize {
    messages.iter().rposition(|message| message.is_from_user()).unwrap_or(0)
}

/// Where the newest `turns` answers with tool results begin. What stands before is older.
pub(super) fn older_than(messages: &[SharedMessage], turns: usize) -> usize {
    let with_results = messages.iter().enumerate().rev().filter(|(_, message)| message.role == Role::Tool);
    match turns {
        0 => messages.len(),
        turns => with_results.map(|(place, _)| place).nth(turns - 1).unwrap_or(0),
    }
}

/// The conversation with some messages changed: oldest first, and no more once enough was freed. `change` gives a smaller
/// message and how many tokens that frees.
pub(super) fn change_oldest(
    messages: &Messages,
    places: impl IntoIterator<Item = usize>,
    excess: u64,
    change: impl Fn(usize, &Message) -> Option<(Message, u64)>,
) -> Option<Messages> {
    let mut freed = 0_u64;
    let mut changed: Vec<SharedMessage> = Vec::new();
    for place in places {
        if freed >= excess {
            break;
        }
        let Some(message) = messages.get(place) else { continue };
        let Some((smaller, tokens)) = change(place, message).filter(|(_, tokens)| *tokens > 0) else { continue };
        if changed.is_empty() {
            changed = messages.to_vec();
        }
        if let Some(slot) = changed.get_mut(place) {
            *slot = smaller.into();
            freed = freed.saturating_add(tokens);
        }
    }
    (freed > 0).then(|| changed.into())
}

//! What every compressed conversation must still be.

use std::collections::{BTreeMap, BTreeSet};

use super::units;
use crate::message::{Mark, Messages, Role, SharedMessage};

/// Says what is broken in a compressed conversation, if anything is.
pub(crate) fn check_compressed(before: &Messages, after: &Messages) -> Result<(), &'static str> {
    let newest = |messages: &Messages| messages.iter().rfind(|message| message.is_from_user()).cloned();
    if newest(before).is_some_and(|message| newest(after) != Some(message)) {
        return Err("the newest user message is gone or no longer the newest");
    }
    let mut rest = after.iter();
    if !kept(before).all(|message| rest.any(|other| other == message)) {
        return Err("a system message or a pinned message is gone or no longer in its place");
    }
    let first = |messages: &Messages| messages.iter().find(|message| message.role != Role::System).cloned();
    if first(before).is_some_and(|message| message.role == Role::User)
        && first(after).is_none_or(|message| message.role != Role::User)
    {
        return Err("it no longer begins with a user's message");
    }
    check_order(before, after)?;
    check_calls(after)
}

/// How many messages of `before` are not in `after`: they went or were replaced.
pub(crate) fn replaced(before: &Messages, after: &Messages) -> usize {
    let left: BTreeSet<usize> = after.iter().map(SharedMessage::address).collect();
    before.iter().filter(|message| !left.contains(&message.address())).count()
}

/// What must be left as it is: system messages, what was pinned, and what the user said last.
fn kept(messages: &Messages) -> impl Iterator<Item = &SharedMessage> {
    let newest = units::newest_user(messages);
    let stays = move |place: usize, message: &SharedMessage| {
        message.role == Role::System || message.mark == Mark::Pinned || (place == newest && message.is_from_user())
    };
    messages.iter().enumerate().filter(move |(place, message)| stays(*place, message)).map(|(_, message)| message)
}

/// Messages that are the same as before stand in the order they had, and so do calls.
fn check_order(before: &Messages, after: &Messages) -> Result<(), &'static str> {
    let mut places: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, message) in before.iter().enumerate() {
        places.entry(message.address()).or_default().push(place);
    }
    let mut next = 0;
    for known in after.iter().filter_map(|message| places.get(&message.address())) {
        // One message may stand in a conversation twice.
        let Some(place) = known.iter().find(|place| **place >= next) else {
            return Err("its messages are in another order");
        };
        next = place + 1;
    }
    let mut calls = before.iter().flat_map(|message| message.tool_calls());
    let mut left = after.iter().flat_map(|message| message.tool_calls());
    if left.all(|call| calls.any(|other| other.id == call.id)) {
        Ok(())
    } else {
        Err("its tool calls are in another order, or were not there before")
    }
}

/// No call without its result, no result without its call.
fn check_calls(messages: &Messages) -> Result<(), &'static str> {
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        if message.role != Role::Tool && !open.is_empty() {
            return Err("a tool call has no result");
        }
        for result in message.tool_results() {
            let Some(place) = open.iter().position(|id| *id == result.call_id) else {
                return Err("a tool result has no call before it");
            };
            open.remove(place);
        }
        open.extend(message.tool_calls().map(|call| call.id.as_str()));
    }
    if open.is_empty() { Ok(()) } else { Err("a tool call has no result") }
}

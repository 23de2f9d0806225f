//! Dropping what the model thought in turns that are over.

use std::sync::Arc;

use super::{Compressor, Need, units};
use crate::error::Result;
use crate::message::{Message, Messages, Part, Role};

/// Drops what the model thought before the newest user message, oldest first, until enough is free.
///
/// Providers need the reasoning of the turn that is going on, and of no other. Where a provider tells parts apart by ids
/// (OpenAI does), the parts that reasoning led to lose theirs with it: it refuses one that comes without the other.
///
/// ```
/// use runlet::budget::{ContextPolicy, DropReasoning};
///
/// let policy = ContextPolicy::new().compress(DropReasoning::new());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DropReasoning {}

impl DropReasoning {
    /// The compressor.
    pub fn new() -> Self {
        Self {}
    }
}

impl Compressor for DropReasoning {
    fn name(&self) -> &'static str {
        "drop_reasoning"
    }

    async fn compress(&self, messages: &Messages, need: Need) -> Result<Option<Messages>> {
        let newest = units::newest_user(messages);
        let old = units::units(messages)
            .into_iter()
            .filter(|unit| unit.end <= newest && !units::is_kept(messages.get(unit.clone()).unwrap_or_default()));
        Ok(units::change_oldest(messages, old.flatten(), need.excess_tokens, |place, message| {
            let smaller = without_reasoning(message)?;
            let freed = need.at(place).saturating_sub(need.tokens_of(&smaller));
            Some((smaller, freed))
        }))
    }
}

/// The message without its reasoning, if it has any and something else beside it: no provider takes an empty message.
fn without_reasoning(message: &Message) -> Option<Message> {
    let thought = |part: &Part| matches!(part, Part::Reasoning(_));
    if message.role != Role::Assistant || !message.parts.iter().any(thought) || message.parts.iter().all(thought) {
        return None;
    }
    let mut smaller = message.clone();
    smaller.parts.retain(|part| !thought(part));
    for part in &mut smaller.parts {
        match part {
            // The id stands beside the fields of a call, and in the item that a text came in.
            Part::Text(text) => text.extra = text.extra.without("item"),
            Part::Refusal(refusal) => refusal.extra = refusal.extra.without("item"),
            Part::ToolCall(call) => {
                let extra = call.extra.without("id");
                Arc::make_mut(call).extra = extra;
            }
            _ => {}
        }
    }
    Some(smaller)
}

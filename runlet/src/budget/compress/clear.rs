//! Clearing old tool results.

use std::collections::BTreeSet;

use super::{Compressor, Need, units};
use crate::error::Result;
use crate::message::{Extra, Message, Messages, Part, ToolResult};

/// What stands in the place of a result that was cleared.
const NOTE: &str = "[This result was cleared to save room. Call the tool again if it is still needed.]";

/// Replaces old tool results by a short note, oldest first, until enough is free. The calls stay, so the model still
/// knows what it has done; pinned messages stay as they are.
///
/// ```
/// use runlet::budget::{ClearToolResults, ContextPolicy};
///
/// // The results of the newest four answers stay, and so does everything that `read_contract` gave.
/// let policy = ContextPolicy::new().compress(ClearToolResults::older_than(4).except(["read_contract"]));
/// ```
#[derive(Clone, Debug)]
pub struct ClearToolResults {
    turns: usize,
    except: BTreeSet<String>,
}

impl ClearToolResults {
    /// Clears results that are older than the newest `turns` of the model's answers with tool calls.
    pub fn older_than(turns: usize) -> Self {
        Self { turns, except: BTreeSet::new() }
    }

    /// Leaves the results of these tools alone.
    pub fn except(mut self, tools: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.except.extend(tools.into_iter().map(Into::into));
        self
    }

    fn clear(&self, message: &Message) -> Message {
        let mut cleared = message.clone();
        for part in &mut cleared.parts {
            match part {
                Part::ToolResult(result) if !self.except.contains(&result.name) => {
                    *result = ToolResult { content: vec![Part::text(NOTE)], extra: Extra::default(), ..result.clone() };
                }
                _ => {}
            }
        }
        cleared
    }
}

impl Compressor for ClearToolResults {
    fn name(&self) -> &'static str {
        "clear_tool_results"
    }

    async fn compress(&self, messages: &Messages, need: Need) -> Result<Option<Messages>> {
        let end = units::older_than(messages, self.turns);
        let old = units::units(messages)
            .into_iter()
            .filter(|unit| unit.end <= end && !units::is_kept(messages.get(unit.clone()).unwrap_or_default()));
        Ok(units::change_oldest(messages, old.flatten(), need.excess_tokens, |place, message| {
            message.tool_results().next()?;
            let cleared = self.clear(message);
            let freed = need.at(place).saturating_sub(need.tokens_of(&cleared));
            Some((cleared, freed))
        }))
    }
}

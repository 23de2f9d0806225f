//! Cutting long tool results down to their head and tail.

use super::{Compressor, Need, units};
use crate::error::Result;
use crate::message::{Message, Messages, Part, ToolResult};

/// Cuts tool results that are longer than a number of tokens down to their head and tail, oldest first, until enough is
/// free. A notice between the two says how much is missing and, where the run keeps what is cut, how to get it back.
/// Pinned messages stay as they are, and so do images.
///
/// ```
/// use runlet::budget::{ContextPolicy, CutToolResults};
///
/// let policy = ContextPolicy::new().compress(CutToolResults::to(500));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CutToolResults {
    max_tokens: u64,
}

impl CutToolResults {
    /// Cuts each text of a result down to this many tokens of the upper figure, the notice included. A text is never cut
    /// where that would not make it shorter.
    pub fn to(max_tokens: u64) -> Self {
        Self { max_tokens }
    }

    fn cut(self, message: &Message, need: &Need) -> Option<Message> {
        let is_long = |part: &Part| matches!(part, Part::Text(text) if need.text_tokens(&text.text) > self.max_tokens);
        let mut shorter = message.clone();
        let mut changed = false;
        for part in &mut shorter.parts {
            let Part::ToolResult(result) = part else { continue };
            if !result.content.iter().any(is_long) {
                continue;
            }
            let whole = ToolResult::clone(result);
            let mut way_back = None;
            for part in &mut result.content {
                let Part::Text(text) = part else { continue };
                if need.text_tokens(&text.text) <= self.max_tokens {
                    continue;
                }
                // Kept once for the whole result, and only where something is really cut.
                let way_back = way_back
                    .get_or_insert_with(|| need.recall().and_then(|recall| recall.keep(&whole)).unwrap_or_default());
                if let Some(cut) = head_and_tail(&text.text, way_back, self.max_tokens, need) {
                    text.text = cut;
                    changed = true;
                }
            }
        }
        changed.then_some(shorter)
    }
}

impl Compressor for CutToolResults {
    fn name(&self) -> &'static str {
        "cut_tool_results"
    }

    async fn compress(&self, messages: &Messages, need: Need) -> Result<Option<Messages>> {
        let free = units::units(messages)
            .into_iter()
            .filter(|unit| !units::is_kept(messages.get(unit.clone()).unwrap_or_default()));
        Ok(units::change_oldest(messages, free.flatten(), need.excess_tokens, |place, message| {
            let shorter = self.cut(message, &need)?;
            let freed = need.at(place).saturating_sub(need.tokens_of(&shorter));
            Some((shorter, freed))
        }))
    }
}

/// The head and the tail of a text with a notice between them, within so many tokens; two thirds go to the head. `None`
/// where even the notice alone is longer, or the text is short by the bytes.
fn head_and_tail(text: &str, way_back: &str, max_tokens: u64, need: &Need) -> Option<String> {
    let mut keep = text.len() / 2;
    // Halving finds the size: a ruler may count any text as it likes, so nothing is taken from its figure.
    while keep > 0 {
        let head = text.get(..text.floor_char_boundary(keep / 3 * 2))?;
        let tail = text.get(text.ceil_char_boundary(text.len() - keep / 3)..)?;
        let left_out = text.len() - head.len() - tail.len();
        let gap = if way_back.is_empty() { "" } else { " " };
        let cut = format!("{head}\n[{left_out} bytes were cut here to save room.{gap}{way_back}]\n{tail}");
        if need.text_tokens(&cut) <= max_tokens {
            return (cut.len() < text.len()).then_some(cut);
        }
        keep = keep / 4 * 3;
    }
    None
}

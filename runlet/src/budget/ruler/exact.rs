//! Exact counts for OpenAI's models.

use super::{Encoding, Ruler};
use crate::message::TokenCount;

/// A ruler that counts with a real tokenizer, for OpenAI's models: `expected` and `upper` are the exact count.
///
/// The vocabularies are part of the library (1.2 MB); one is unpacked when its first text is measured, which takes about
/// a tenth of a second, and is shared from then on. Text that looks like a special token counts as the text it is.
///
/// Exact for text alone: what a provider puts around messages and tools is counted apart, and stays an estimate.
///
/// ```
/// use runlet::budget::{ContextPolicy, ExactRuler, Ruler};
///
/// let ruler = ExactRuler::for_model("gpt-4o").expect("a model with a published tokenizer");
/// assert_eq!(ruler.measure("The quick brown fox jumps over the lazy dog.").upper, 10);
/// assert!(ExactRuler::for_model("claude-opus-4-8").is_none());
/// let policy = ContextPolicy::new().ruler(ruler);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExactRuler {
    encoding: Encoding,
}

impl ExactRuler {
    /// The ruler of an encoding.
    ///
    /// ```
    /// use runlet::budget::{Encoding, ExactRuler, Ruler};
    ///
    /// assert_eq!(ExactRuler::new(Encoding::Cl100kBase).measure("hello world").expected, 2);
    /// ```
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding }
    }

    /// The ruler of one of OpenAI's models, by its name, also with a date or as a fine-tuned one; `None` for any other
    /// model, whose tokenizer is not known.
    pub fn for_model(model: &str) -> Option<Self> {
        Encoding::of(model).map(Self::new)
    }

    /// The encoding that it counts with.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }
}

impl Ruler for ExactRuler {
    fn name(&self) -> &str {
        match self.encoding {
            Encoding::O200kBase => "o200k_base",
            Encoding::Cl100kBase => "cl100k_base",
        }
    }

    fn measure(&self, text: &str) -> TokenCount {
        // Both vocabularies are compiled in. Should one be missing, no token is shorter than a byte.
        let count = tiktoken::get_encoding(self.name()).map_or(text.len(), |encoding| encoding.count(text));
        TokenCount::exact(u64::try_from(count).unwrap_or(u64::MAX))
    }
}

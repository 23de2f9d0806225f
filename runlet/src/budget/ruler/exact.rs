//! Exact counts for OpenAI's models.

use super::Ruler;
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

/// A published tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// GPT-4o, GPT-4.1, GPT-5 and the o-series.
    O200kBase,
    /// GPT-4 and GPT-3.5.
    Cl100kBase,
}

/// How the names of OpenAI's models begin, and their tokenizers, as <https://github.com/openai/tiktoken> has them in
/// `tiktoken/model.py`. The first that fits holds.
const MODELS: &[(&str, Encoding)] = &[
    ("gpt-4o", Encoding::O200kBase),
    ("gpt-4.1", Encoding::O200kBase),
    ("gpt-4.5", Encoding::O200kBase),
    ("gpt-4", Encoding::Cl100kBase),
    ("gpt-3.5", Encoding::Cl100kBase),
    ("gpt-5", Encoding::O200kBase),
    ("chatgpt-4o", Encoding::O200kBase),
    ("o1", Encoding::O200kBase),
    ("o3", Encoding::O200kBase),
    ("o4", Encoding::O200kBase),
];

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
        let model = model.strip_prefix("ft:").unwrap_or(model);
        MODELS.iter().find(|(name, _)| model.starts_with(name)).map(|(_, encoding)| Self::new(*encoding))
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

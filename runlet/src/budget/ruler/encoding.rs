//! OpenAI's published tokenizers, and which model has which.

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

impl Encoding {
    /// The tokenizer of one of OpenAI's models, by its name, also with a date or as a fine-tuned one; `None` for any other
    /// model.
    ///
    /// ```
    /// use runlet::budget::Encoding;
    ///
    /// assert_eq!(Encoding::of("gpt-4o-2024-08-06"), Some(Encoding::O200kBase));
    /// assert_eq!(Encoding::of("claude-opus-4-8"), None);
    /// ```
    pub fn of(model: &str) -> Option<Self> {
        let model = model.strip_prefix("ft:").unwrap_or(model);
        MODELS.iter().find(|(name, _)| model.starts_with(name)).map(|(_, encoding)| *encoding)
    }
}

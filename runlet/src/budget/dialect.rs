//! What providers put around the parts of a request, and what they take for attachments: every such figure.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Encoding;
use super::media::ImageRule;
use crate::message::TokenCount;

/// The rules of one model at one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Dialect {
    pub(super) provider: Provider,
    pub(super) image: ImageRule,
    /// What a file or a sound takes that stands at an address or under an id, in tokens.
    pub(super) unseen_file: u64,
}

/// The providers with rules of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Provider {
    OpenAi,
    /// OpenAI's models over its older API.
    OpenAiChat,
    Anthropic,
    Gemini,
    Other,
}

/// What a file takes whose size is unknown: the most pages that a provider reads of one, 100
/// (<https://platform.claude.com/docs/en/build-with-claude/pdf-support>), at the most tokens of text that it says a page
/// takes, 3,000. [`ContextPolicy::unseen_file_tokens`](super::ContextPolicy::unseen_file_tokens) says otherwise.
pub(super) const UNSEEN_FILE: u64 = 300_000;

impl Dialect {
    /// What every request takes beside its parts. OpenAI bills 3 tokens to begin the answer; the rest is margin.
    pub(super) const REQUEST: TokenCount = TokenCount { expected: 3, upper: 16 };

    /// What every message takes beside its parts: role and separators. OpenAI bills 3 and the role's own token.
    pub(super) const MESSAGE: TokenCount = TokenCount { expected: 4, upper: 8 };

    /// The rules of a model, by the names of its provider and its own.
    pub(super) fn of(provider: &str, model: &str, unseen_file: Option<u64>) -> Self {
        let provider = match provider {
            "openai" => Provider::OpenAi,
            // Many vendors' servers speak this API; their models have rules of their own.
            "openai_chat" if is_of_openai(model) => Provider::OpenAiChat,
            "anthropic" => Provider::Anthropic,
            "gemini" | "google" => Provider::Gemini,
            _ => Provider::Other,
        };
        Self { provider, image: ImageRule::of(provider, model), unseen_file: unseen_file.unwrap_or(UNSEEN_FILE) }
    }

    /// Names these rules together with a ruler, so that what was counted by others is never taken for theirs.
    pub(super) fn key(&self, ruler: u64) -> u64 {
        let mut hasher = DefaultHasher::new();
        (ruler, self).hash(&mut hasher);
        hasher.finish()
    }

    /// What a tool call or a result takes beside its texts: its frame and its id.
    pub(super) fn call(&self) -> TokenCount {
        match self.provider {
            // Measured on recorded exchanges: a call or its result takes about 35 tokens beside its texts.
            Provider::Anthropic => TokenCount { expected: 24, upper: 48 },
            _ => TokenCount { expected: 8, upper: 24 },
        }
    }

    /// What a tool takes beside its name, description and schema.
    pub(super) fn tool(&self) -> TokenCount {
        match self.provider {
            Provider::Anthropic => TokenCount { expected: 24, upper: 48 },
            _ => TokenCount { expected: 8, upper: 24 },
        }
    }

    /// What a request takes because it has tools at all. Anthropic adds a system prompt of its own, 264 to 530 tokens by
    /// the table of <https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview>; of recorded exchanges with
    /// one small tool, models of 2026 took up to about 690.
    pub(super) fn tools(&self) -> TokenCount {
        match self.provider {
            Provider::Anthropic => TokenCount { expected: 450, upper: 750 },
            Provider::OpenAi | Provider::OpenAiChat => TokenCount { expected: 4, upper: 16 },
            Provider::Gemini | Provider::Other => TokenCount::default(),
        }
    }
}

/// Whether OpenAI made a model, by its name; a later one too, whose tokenizer is not known yet.
fn is_of_openai(model: &str) -> bool {
    Encoding::of(model).is_some() || model.strip_prefix("ft:").unwrap_or(model).starts_with("gpt-")
}

impl Provider {
    /// Whether its models count as OpenAI says.
    pub(super) fn is_openai(self) -> bool {
        matches!(self, Self::OpenAi | Self::OpenAiChat)
    }
}

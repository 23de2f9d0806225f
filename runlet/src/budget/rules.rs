//! How models count: one model's rules, and those of all that may be asked.

use std::sync::Arc;

use super::dialect::Dialect;
use super::{ContextPolicy, DEFAULT_RULER, Encoding, O200K_RULER, Ruler, Utf8Ruler};
use crate::message::TokenCount;

/// How one model counts.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) provider: Arc<str>,
    pub(super) dialect: Dialect,
    ruler: Arc<dyn Ruler>,
    /// Names both.
    pub(super) key: u64,
}

impl Rules {
    /// The rules of a model under a policy.
    pub(super) fn of(policy: &ContextPolicy, provider: &str, model: &str) -> Self {
        let dialect = Dialect::of(provider, model, policy.unseen_file_tokens);
        // The default ruler covers any encoding; a model whose encoding is known need not pay for the others.
        let is_o200k = dialect.provider.is_openai() && Encoding::of(model) == Some(Encoding::O200kBase);
        let (ruler, key): (Arc<dyn Ruler>, _) = match policy.ruler_key {
            DEFAULT_RULER if is_o200k => (Arc::new(Utf8Ruler::o200k()), O200K_RULER),
            key => (Arc::clone(&policy.ruler), key),
        };
        Self { provider: provider.into(), dialect, ruler, key: dialect.key(key) }
    }

    /// Whether they count alike, for models of one provider.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.key == other.key && self.provider == other.provider
    }

    pub(super) fn ruler(&self) -> &dyn Ruler {
        &*self.ruler
    }
}

/// What is expected by the first of some rules, and by all of them the most.
pub(super) fn most<'a>(
    mut rules: impl Iterator<Item = &'a Rules>,
    measure: impl Fn(&Rules) -> TokenCount,
) -> TokenCount {
    let first = rules.next().map(&measure).unwrap_or_default();
    rules.map(measure).fold(first, |most, next| TokenCount { upper: most.upper.max(next.upper), ..most })
}

//! Token rulers: how many tokens a text takes, before any provider has said.
use crate::message::TokenCount;

/// Measures how many tokens a text takes.
pub trait Ruler: Send + Sync + std::fmt::Debug {
    /// Name
    fn name(&self) -> &str;
    /// Measure
    fn measure(&self, text: &str) -> TokenCount;
}

/// The default ruler
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8Ruler;

impl Utf8Ruler {
    pub(crate) const NAME: &'static str = "utf8";
}

impl Ruler for Utf8Ruler {
    fn name(&self) -> &str {
        Self::NAME
    }
    fn measure(&self, text: &str) -> TokenCount {
        TokenCount { expected: text.len() as u64 / 4, upper: text.len() as u64 }
    }
}

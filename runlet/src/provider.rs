//! Providers: models behind HTTP interfaces, each an adapter on shared modules for HTTP and server-sent events.
//!
//! An adapter is a leaf: it turns a [`PreparedRequest`](crate::model::PreparedRequest) into a provider's wire format
//! and the provider's answer into a [`ModelResponse`](crate::model::ModelResponse). What a provider says beyond
//! Runlet's own words stays with the part it came with, goes back to that provider as it came, and to no other.

mod account;
mod http;
mod json;
#[cfg(feature = "openai")]
mod openai;
#[cfg(feature = "openai")]
mod openai_chat;
#[cfg(feature = "openai")]
mod openai_responses;
mod sse;

use crate::error::{ProviderError, ProviderErrorCategory};

#[cfg(feature = "openai")]
pub use self::openai_chat::{Compatibility, OpenAiChat};
#[cfg(feature = "openai")]
pub use self::openai_responses::OpenAiResponses;

/// A provider's error on its way out. Boxed, as it is large and rarely made.
type Failure = Box<ProviderError>;

fn fail(provider: &str, category: ProviderErrorCategory, words: impl Into<String>) -> Failure {
    Box::new(ProviderError::new(provider, category, words))
}

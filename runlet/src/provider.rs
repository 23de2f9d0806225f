//! Providers: models behind HTTP interfaces, each an adapter on shared modules for HTTP and server-sent events.
//!
//! An adapter is a leaf: it turns a [`PreparedRequest`](crate::model::PreparedRequest) into a provider's wire format
//! and the provider's answer into a [`ModelResponse`](crate::model::ModelResponse). What a provider says beyond
//! Runlet's own words stays with the part it came with, goes back to that provider as it came, and to no other.
//!
//! # What every provider here does
//!
//! * **Tries again** what a later try may cure, as its [`RetryPolicy`] says, while nothing of the answer was handed out.
//!   For what another model may cure there is [`Fallback`](crate::model::Fallback).
//! * **Waits so long and no longer**: for the connection, for a whole answer with all its tries, for the first event of a
//!   stream, and between two pieces of it. Each has a method that sets it.
//! * **Reads so much and no more**: 64 KiB of an error, and of events and answers what `size_limits` says.
//! * **Goes where it was told**: over `https` but for this machine or where the user allows it, and never after a
//!   redirect. Proxies of the environment are used, but for this machine and where `no_proxy` says not to.
//! * **Tells what failed** as a [`ProviderError`], without URL, key or header, and no word of what the user's own headers
//!   hold.
//!
//! # Writing a provider
//!
//! A provider of your own is a [`Model`](crate::Model), in any crate:
//!
//! ```
//! use runlet::error::{ProviderError, ProviderErrorCategory};
//! use runlet::message::{Usage, UsageSource};
//! use runlet::model::{Capabilities, Model, ModelEvent, ModelResponse, ModelStream, PreparedRequest, StopReason};
//! use runlet::{Message, Result};
//!
//! /// A model in this process.
//! struct InProcess;
//!
//! /// What stands for the model's own library.
//! async fn infer(prompt: &str) -> std::result::Result<(String, u64), String> {
//!     Ok((format!("You said: {prompt}"), 4))
//! }
//!
//! impl Model for InProcess {
//!     fn provider(&self) -> &str {
//!         "in-process"
//!     }
//!
//!     fn name(&self) -> &str {
//!         "small-1"
//!     }
//!
//!     fn capabilities(&self) -> Capabilities {
//!         Capabilities::new().context_window(8_192)
//!     }
//!
//!     async fn complete(&self, request: PreparedRequest) -> Result<ModelResponse> {
//!         // What the model cannot do is an error, and not left out.
//!         if !request.tools.is_empty() {
//!             let words = "the model calls no tools";
//!             return Err(ProviderError::new("in-process", ProviderErrorCategory::InvalidRequest, words).into());
//!         }
//!         let prompt: Vec<String> = request.messages().iter().map(|message| message.text()).collect();
//!         let (text, tokens) = infer(&prompt.join("\n"))
//!             .await
//!             .map_err(|reason| ProviderError::new("in-process", ProviderErrorCategory::Overloaded, reason))?;
//!         let mut usage = Usage::default();
//!         usage.output_tokens = Some(tokens);
//!         usage.source = UsageSource::Partial;
//!         Ok(ModelResponse::new(Message::assistant(text), StopReason::EndTurn).usage(usage))
//!     }
//!
//!     async fn stream(&self, request: PreparedRequest) -> Result<ModelStream> {
//!         // Where the model gives pieces, a stream of them goes into `ModelStream::new`.
//!         Ok(ModelStream::whole(self.complete(request).await?))
//!     }
//! }
//! ```
//!
//! What holds of every provider, and `runlet::testing::provider_conformance!` (feature `conformance`) tests for those that
//! speak HTTP:
//!
//! * A stream ends with [`ModelEvent::Completed`](crate::model::ModelEvent) or an error. One that breaks off before the
//!   provider said that it was done is an error of category `Truncated`, with the text so far in `partial_text`.
//! * The `Completed` response is what `complete` would have given, and holds all that the deltas showed.
//! * The arguments of a call are the model's text, whatever it is: the run reads and answers them. So are call ids.
//! * A reason for stopping that has no word of its own is `StopReason::Other`; usage that nobody spoke of stays `None`.
//! * What the provider sends with a part and wants to see again goes into the part's `extra`, or is a `Native` part.
//! * An error is a [`ProviderError`] with the category that tells what may be done, and says nothing secret. A provider that
//!   tries again by itself tells of it with [`PreparedRequest::retrying`](crate::model::PreparedRequest::retrying), and
//!   does not once something was handed out.
//! * Dropping the future or the stream ends the request.
//! * A model that asks others in its place names them ([`Model::stand_ins`](crate::Model::stand_ins)), so that a request is
//!   counted by the rules of each.

mod account;
#[cfg(feature = "anthropic")]
mod anthropic;
#[cfg(feature = "openai")]
mod figures;
#[cfg(feature = "gemini")]
mod gemini;
mod http;
mod json;
mod models;
#[cfg(feature = "openai")]
mod openai;
#[cfg(feature = "openai")]
mod openai_chat;
#[cfg(feature = "openai")]
mod openai_responses;
mod pieces;
mod sse;

#[cfg(any(feature = "anthropic", feature = "gemini", feature = "openai"))]
use std::borrow::Cow;

use crate::error::{ProviderError, ProviderErrorCategory};
#[cfg(any(feature = "anthropic", feature = "gemini", feature = "openai"))]
use crate::message::MediaSource;

#[cfg(feature = "anthropic")]
pub use self::anthropic::Anthropic;
#[cfg(feature = "gemini")]
pub use self::gemini::Gemini;
#[cfg(feature = "_replay")]
#[doc(hidden)]
pub use self::http::Replayed;
pub use self::http::RetryPolicy;
#[cfg(feature = "openai")]
pub use self::openai_chat::{Compatibility, OpenAiChat};
#[cfg(feature = "openai")]
pub use self::openai_responses::OpenAiResponses;

/// A provider's error on its way out. Boxed, as it is large and rarely made.
type Failure = Box<ProviderError>;

fn fail(provider: &str, category: ProviderErrorCategory, words: impl Into<String>) -> Failure {
    Box::new(ProviderError::new(provider, category, words))
}

/// A source whose data stands in its address (`data:image/png;base64,iVBO..`) as one that holds the data. Not every API
/// reads such addresses.
#[cfg(any(feature = "anthropic", feature = "gemini", feature = "openai"))]
fn inlined(source: &MediaSource) -> Cow<'_, MediaSource> {
    match source {
        MediaSource::Url { url, .. } => data_url(url).map_or(Cow::Borrowed(source), Cow::Owned),
        source => Cow::Borrowed(source),
    }
}

/// Reads `data:image/png;base64,iVBO..`.
#[cfg(any(feature = "anthropic", feature = "gemini", feature = "openai"))]
fn data_url(url: &str) -> Option<MediaSource> {
    let (media_type, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    Some(MediaSource::Base64 { media_type: media_type.to_owned(), data: data.to_owned() })
}

/// A number that tells apart the call ids of one conversation, which are few, when they are made fit for an API: FNV-1a
/// of 64 bits, the same each time.
#[cfg(any(feature = "anthropic", feature = "openai"))]
fn hash_of_id(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Tells the log of an event that an adapter does not know, by its type. Such events are passed over.
#[cfg(any(feature = "anthropic", feature = "gemini", feature = "openai"))]
fn unknown_event(provider: &str, kind: &str) {
    let kind = kind.get(..kind.floor_char_boundary(80)).unwrap_or_default();
    tracing::debug!(provider, event = kind, "unknown event");
}

//! Compression: making a conversation smaller without breaking it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::message::{Messages, Role, SharedMessage};
use crate::model::Bill;

/// Makes a conversation smaller when it does not fit.
///
/// Whatever it does, the runtime checks what comes back: the newest user message is still there, in its place after
/// what came before it, and no tool call is without its result, nor the reverse. What breaks this is an error of kind
/// [`ErrorKind::Internal`] naming the compressor, and the run keeps its history.
pub trait Compressor: Send + Sync + 'static {
    /// A short name for events and errors.
    fn name(&self) -> &str;

    /// A smaller conversation, or `None` where this compressor can do nothing more.
    fn compress(&self, messages: &Messages, need: Need) -> impl Future<Output = Result<Option<Messages>>> + Send;
}

/// How much too large a request is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Need {
    /// By how many tokens the request's upper figure is above the limit.
    pub excess_tokens: u64,
    /// The upper figure of each message, in tokens, in order.
    pub message_tokens: Vec<u64>,
}

impl Need {
    pub(crate) fn of(bill: &Bill) -> Self {
        let message_tokens = bill.counts.iter().map(|tokens| tokens.upper).collect();
        Self { excess_tokens: bill.excess(), message_tokens }
    }
}

/// Drops the oldest turns until the rest fits: a turn is a user message and everything up to the next one, so calls and
/// their results go together. System messages stay, and so does the newest turn.
///
/// ```
/// use runlet::budget::{ContextPolicy, DropOldestTurns};
///
/// let policy = ContextPolicy::new().compress(DropOldestTurns::new());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DropOldestTurns {}

impl DropOldestTurns {
    /// The compressor.
    pub fn new() -> Self {
        Self {}
    }
}

impl Compressor for DropOldestTurns {
    fn name(&self) -> &'static str {
        "drop_oldest_turns"
    }

    async fn compress(&self, messages: &Messages, need: Need) -> Result<Option<Messages>> {
        let Some(newest) = messages.iter().rposition(|message| message.role == Role::User) else {
            return Ok(None);
        };
        // The end of the oldest turns that free enough, or of all but the newest.
        let mut freed = 0_u64;
        let mut end = 0;
        for (place, message) in messages.iter().enumerate().take(newest + 1) {
            if message.role == Role::User {
                end = place;
                if freed >= need.excess_tokens {
                    break;
                }
            }
            if message.role != Role::System {
                freed = freed.saturating_add(need.message_tokens.get(place).copied().unwrap_or(0));
            }
        }
        let goes = |place: usize, message: &SharedMessage| place < end && message.role != Role::System;
        if !messages.iter().enumerate().any(|(place, message)| goes(place, message)) {
            return Ok(None);
        }
        let kept = messages.iter().enumerate().filter(|(place, message)| !goes(*place, message));
        Ok(Some(kept.map(|(_, message)| message.clone()).collect()))
    }
}

/// What every compressed conversation must still be.
pub(crate) fn check_compressed(name: &str, before: &Messages, after: &Messages) -> Result<()> {
    let broken = |what: &str| {
        Err(Error::new(ErrorKind::Internal, format!("compressor `{name}` broke the conversation: {what}")))
    };
    let newest = |messages: &Messages| messages.iter().rfind(|message| message.role == Role::User).cloned();
    if newest(before).is_some_and(|message| newest(after) != Some(message)) {
        return broken("the newest user message is gone or no longer the newest");
    }
    after.check_calls().or_else(|unpaired| broken(&unpaired.to_string()))
}

/// A [`Compressor`] of any type, shared.
#[derive(Clone)]
pub(crate) struct AnyCompressor(Arc<dyn ErasedCompressor>);

type CompressFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<Messages>>> + Send + 'a>>;

trait ErasedCompressor: Send + Sync {
    fn name(&self) -> &str;
    fn compress<'a>(&'a self, messages: &'a Messages, need: Need) -> CompressFuture<'a>;
}

impl<C: Compressor> ErasedCompressor for C {
    fn name(&self) -> &str {
        Compressor::name(self)
    }

    fn compress<'a>(&'a self, messages: &'a Messages, need: Need) -> CompressFuture<'a> {
        Box::pin(Compressor::compress(self, messages, need))
    }
}

impl AnyCompressor {
    pub(crate) fn new(compressor: impl Compressor) -> Self {
        Self(Arc::new(compressor))
    }

    pub(crate) fn name(&self) -> &str {
        self.0.name()
    }

    pub(crate) async fn compress(&self, messages: &Messages, need: Need) -> Result<Option<Messages>> {
        self.0.compress(messages, need).await
    }
}

impl fmt::Debug for AnyCompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

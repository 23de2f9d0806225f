//! Compression: making a conversation smaller without breaking it.
//!
//! The compressors of a policy are asked in their order, until the conversation is down to where the policy wants it.
//! What one of them gives back is checked before it is taken over, so that none can break a conversation, lose a
//! message that must stay, or take the run down with it.

mod check;
mod clear;
mod cut;
mod oldest;
mod overflow;
mod reasoning;
mod summarize;
mod trigger;
mod units;

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;

pub(crate) use self::check::{check_compressed, replaced};
pub use self::clear::ClearToolResults;
pub use self::cut::CutToolResults;
pub use self::oldest::DropOldestTurns;
pub(crate) use self::overflow::reported_tokens;
pub use self::reasoning::DropReasoning;
pub use self::summarize::Summarize;
pub(crate) use self::trigger::Trigger;

use super::{ContextManager, Share};
use crate::error::{Error, ErrorKind, Result};
use crate::message::{Message, Messages, ToolResult, Usage};
use crate::model::{Model, ModelRequest, ModelResponse, names};

/// Makes a conversation smaller when it does not fit.
///
/// Whatever it does, the runtime checks what comes back: system messages, [pinned](Message::pinned) messages and the
/// newest user message are still there, what is left stands in its old order, and no tool call is without its result,
/// nor the reverse. What breaks this is an error of kind [`ErrorKind::Internal`] naming the compressor; so is a panic.
/// The run keeps its history, and the next compressor is asked.
///
/// ```
/// use runlet::budget::{Compressor, ContextPolicy, Need};
/// use runlet::{Messages, Result, Role};
///
/// /// Drops every answer that has no tool call.
/// struct DropAnswers;
///
/// impl Compressor for DropAnswers {
///     fn name(&self) -> &str {
///         "drop_answers"
///     }
///
///     async fn compress(&self, messages: &Messages, _: Need) -> Result<Option<Messages>> {
///         let kept = messages.iter().filter(|message| {
///             message.role != Role::Assistant || message.tool_calls().next().is_some()
///         });
///         Ok(Some(kept.cloned().collect()))
///     }
/// }
///
/// let policy = ContextPolicy::new().compress(DropAnswers);
/// ```
pub trait Compressor: Send + Sync + 'static {
    /// A short name for events and errors.
    fn name(&self) -> &str;

    /// A smaller conversation, or `None` where this compressor can do nothing more. One that is not smaller is not taken.
    ///
    /// # Errors
    /// Whatever kept it from doing its work. The next compressor is asked then.
    fn compress(&self, messages: &Messages, need: Need) -> impl Future<Output = Result<Option<Messages>>> + Send;
}

/// Keeps what is cut out of tool results, so that the model can ask for it.
pub trait Recall: Send + Sync {
    /// Keeps a result. Gives the words that tell the model how to get it back; `None` where it is not kept.
    fn keep(&self, result: &ToolResult) -> Option<String>;
}

/// How much smaller a conversation has to become, and what a compressor may need for its work.
#[derive(Clone)]
#[non_exhaustive]
pub struct Need {
    /// How many tokens of the upper figure are to go, out of those in `message_tokens`. It is more than the request is over
    /// its limit: see [`ContextPolicy::compress_to`](super::ContextPolicy::compress_to).
    pub excess_tokens: u64,
    /// What each message takes of what is too much, in tokens of the upper figure, in order. That is all of it where the
    /// request is too long; where parts of one kind are above their [share](super::Share), it is what they take, and 0 for
    /// a message without any.
    pub message_tokens: Vec<u64>,
    manager: ContextManager,
    recall: Option<Arc<dyn Recall>>,
    spending: Option<Arc<dyn Spending>>,
    /// What models took that were asked by way of this need.
    asked: Arc<Mutex<Option<Usage>>>,
    spent: Arc<Mutex<Option<Usage>>>,
}

/// The books of a run, for compressors that ask a model.
pub(crate) trait Spending: Send + Sync {
    /// Notes that a request goes to one of these models. How many tokens its answer may have; `None` for as many as it
    /// likes.
    ///
    /// # Errors
    /// The limit that does not allow it.
    fn ask(&self, models: &[String], input_tokens: u64) -> Result<Option<u64>>;

    /// Counts what a request that was noted has taken.
    fn asked(&self, models: &[String], input_tokens: u64, usage: &Usage, answer: Option<&Message>);
}

impl Need {
    /// The need to free so many tokens of a conversation, for trying out a compressor by itself.
    pub fn new(manager: &ContextManager, messages: &Messages, excess_tokens: u64) -> Self {
        let message_tokens = messages.iter().map(|message| manager.measure(message).upper).collect();
        Self {
            excess_tokens,
            message_tokens,
            manager: manager.clone(),
            recall: None,
            spending: None,
            asked: Arc::default(),
            spent: Arc::default(),
        }
    }

    /// The need to free so many tokens of what counts to a share.
    pub(crate) fn of_share(manager: &ContextManager, messages: &Messages, share: Share, excess_tokens: u64) -> Self {
        let message_tokens = messages.iter().map(|message| manager.of_share(share, message)).collect();
        Self { message_tokens, ..Self::new(manager, &Messages::new(), excess_tokens) }
    }

    /// Gives compressors a place to keep what they cut.
    pub fn with_recall(mut self, recall: Arc<dyn Recall>) -> Self {
        self.recall = Some(recall);
        self
    }

    /// Has models paid from the run's books.
    pub(crate) fn with_spending(mut self, spending: Arc<dyn Spending>) -> Self {
        self.spending = Some(spending);
        self
    }

    /// Asks a model for help with the work, on the run's account: where the run's limits do not allow the request it is
    /// not sent, its answer is held to what they leave, and what it took is counted.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::PolicyStop`] where a limit does not allow it; else as [`ContextManager::prepare`] and
    /// [`Model::complete`].
    ///
    /// ```
    /// use runlet::budget::{ContextManager, ContextPolicy, Need};
    /// use runlet::model::{AnyModel, ModelRequest};
    ///
    /// async fn title(need: &Need, model: &AnyModel, words: &str) -> runlet::Result<String> {
    ///     let context = ContextManager::new(ContextPolicy::new());
    ///     let request = ModelRequest::new(words).instructions("Give this a title.");
    ///     Ok(need.ask(model, &context, request).await?.message.text())
    /// }
    /// ```
    pub async fn ask(
        &self,
        model: &impl Model,
        context: &ContextManager,
        request: ModelRequest,
    ) -> Result<ModelResponse> {
        let (capabilities, names) = (model.capabilities(), names(model));
        let mut prepared = context.prepare(request, &capabilities)?;
        let input_tokens = prepared.bill().map_or(0, |bill| bill.input().upper);
        let allowance = self.spending.as_ref().map_or(Ok(None), |books| books.ask(&names, input_tokens))?;
        if let Some(allowance) = allowance {
            context.hold_answer(&mut prepared, allowance, &capabilities);
        }
        let answered = model.complete(prepared).await;
        let (usage, answer) = match &answered {
            Ok(response) => (response.usage, Some(&response.message)),
            Err(_) => (Usage::default(), None),
        };
        let rejected = answered.as_ref().is_err_and(Error::was_turned_away);
        if !rejected {
            count(&self.asked, &usage);
            if let Some(books) = &self.spending {
                books.asked(&names, input_tokens, &usage, answer);
            }
        }
        answered
    }

    /// The upper figure of a message, in tokens, as the budget counts it.
    pub fn tokens_of(&self, message: &Message) -> u64 {
        self.manager.measure_once(message).upper
    }

    /// The upper figure of a text, in tokens.
    pub fn text_tokens(&self, text: &str) -> u64 {
        self.manager.ruler().measure(text).upper
    }

    /// Where to keep what is cut, if the run has such a place.
    pub fn recall(&self) -> Option<&dyn Recall> {
        self.recall.as_deref()
    }

    /// Counts what a model took that helped with the work and was not asked by way of [`ask`](Self::ask). It becomes part of the run's usage, also where the
    /// compressor fails after it.
    pub fn count_usage(&self, usage: &Usage) {
        count(&self.spent, usage);
    }

    /// What was counted so far that is not in the run's books yet.
    pub(crate) fn spent(&self) -> Option<Usage> {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What models took that are in the run's books.
    pub(crate) fn took(&self) -> Option<Usage> {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the message at a place takes of what is too much.
    fn at(&self, place: usize) -> u64 {
        self.message_tokens.get(place).copied().unwrap_or(0)
    }
}

fn count(sum: &Mutex<Option<Usage>>, usage: &Usage) {
    match &mut *sum.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(sum) => sum.add(usage),
        none => *none = Some(*usage),
    }
}

impl fmt::Debug for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Need")
            .field("excess_tokens", &self.excess_tokens)
            .field("messages", &self.message_tokens.len())
            .finish_non_exhaustive()
    }
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

    // The block holds the call itself, so that a panic before the future is there is caught with the others.
    fn compress<'a>(&'a self, messages: &'a Messages, need: Need) -> CompressFuture<'a> {
        Box::pin(async move { Compressor::compress(self, messages, need).await })
    }
}

impl AnyCompressor {
    pub(crate) fn new(compressor: impl Compressor) -> Self {
        Self(Arc::new(compressor))
    }

    pub(crate) fn name(&self) -> &str {
        self.0.name()
    }

    /// A smaller conversation that is whole, or `None`.
    pub(crate) async fn compress(&self, messages: &Messages, need: Need) -> Result<Option<Messages>> {
        let name = self.name();
        match AssertUnwindSafe(self.0.compress(messages, need)).catch_unwind().await {
            Ok(Ok(Some(smaller))) => {
                check_compressed(messages, &smaller).map_err(|what| {
                    let message = format!("compressor `{name}` broke the conversation: {what}");
                    Error::new(ErrorKind::Internal, message)
                })?;
                Ok(Some(smaller))
            }
            Ok(Ok(None)) => Ok(None),
            Ok(Err(error)) => {
                Err(Error::with_source(error.kind(), format!("compressor `{name}` failed: {error}"), error))
            }
            Err(_) => Err(Error::new(ErrorKind::Internal, format!("compressor `{name}` panicked"))),
        }
    }
}

impl fmt::Debug for AnyCompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

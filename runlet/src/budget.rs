//! The context budget: every request is counted before it is sent, and sent only if it fits.
//!
//! A [`ContextManager`] counts a request with a [`Ruler`] and seals it into a
//! [`PreparedRequest`], the only thing a model takes. What does not fit is compressed by
//! the [`Compressor`]s of the [`ContextPolicy`], in order, or refused with a [`ContextOverflow`] and its bill.

mod compress;
mod ledger;
mod ruler;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use self::compress::{AnyCompressor, check_compressed};
pub use self::compress::{Compressor, DropOldestTurns, Need};
pub(crate) use self::ledger::Ledger;
pub use self::ruler::{Ruler, Utf8Ruler};

use crate::error::{Error, ErrorKind, Result};
use crate::message::Messages;
use crate::model::{Bill, BillItem, BillPart, Capabilities, ContextWindow, ModelRequest, PreparedRequest};

/// The key of the ruler that every policy begins with.
const DEFAULT_RULER: u64 = 0;

/// How much of a model's context window a request may take, and what happens when it wants more.
///
/// ```
/// use runlet::budget::{ContextPolicy, DropOldestTurns};
///
/// let policy = ContextPolicy::new()
///     .max_context_tokens(32_000)
///     .reserved_output_tokens(2_048)
///     .compress(DropOldestTurns::new());
/// ```
#[derive(Clone)]
#[must_use]
pub struct ContextPolicy {
    max_context_tokens: Option<u64>,
    reserved_output_tokens: u64,
    compressors: Vec<AnyCompressor>,
    ruler: Arc<dyn Ruler>,
    /// Names the ruler, so that counts kept with messages are never taken for another ruler's. Copies share it, so that
    /// counts outlive a run.
    ruler_key: u64,
}

impl ContextPolicy {
    /// The whole window of the model, 1,024 tokens of it kept for the answer, and a refusal when that is not enough.
    pub fn new() -> Self {
        Self {
            max_context_tokens: None,
            reserved_output_tokens: 1_024,
            compressors: Vec::new(),
            ruler: Arc::new(Utf8Ruler::default()),
            ruler_key: DEFAULT_RULER,
        }
    }

    /// Caps the request, the reserved output included, in tokens. The smaller of the cap and the model's window holds.
    /// A model whose window is unknown needs a cap.
    pub fn max_context_tokens(mut self, tokens: u64) -> Self {
        self.max_context_tokens = Some(tokens);
        self
    }

    /// Keeps room for the answer, in tokens. A request that sets its own `max_output_tokens` keeps that much instead.
    pub fn reserved_output_tokens(mut self, tokens: u64) -> Self {
        self.reserved_output_tokens = tokens;
        self
    }

    /// Adds a way to make a request smaller when it does not fit. They are tried in the order they were added.
    pub fn compress(mut self, compressor: impl Compressor) -> Self {
        self.compressors.push(AnyCompressor::new(compressor));
        self
    }

    /// Counts with another ruler.
    pub fn ruler(mut self, ruler: impl Ruler + 'static) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(DEFAULT_RULER + 1);
        self.ruler = Arc::new(ruler);
        self.ruler_key = NEXT.fetch_add(1, Ordering::Relaxed);
        self
    }

    pub(crate) fn compressors(&self) -> &[AnyCompressor] {
        &self.compressors
    }
}

impl Default for ContextPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ContextPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compressors: Vec<&str> = self.compressors.iter().map(AnyCompressor::name).collect();
        f.debug_struct("ContextPolicy")
            .field("max_context_tokens", &self.max_context_tokens)
            .field("reserved_output_tokens", &self.reserved_output_tokens)
            .field("compressors", &compressors)
            .field("ruler", &self.ruler.name())
            .finish_non_exhaustive()
    }
}

/// Counts requests and seals those that fit.
///
/// A run keeps one, with a ledger of what it has counted: a step costs what is new. Outside a run:
///
/// ```
/// use runlet::budget::{ContextManager, ContextOverflow, ContextPolicy};
/// use runlet::model::{Capabilities, ModelRequest};
///
/// let manager = ContextManager::new(ContextPolicy::new().reserved_output_tokens(16));
/// let model = Capabilities::new().context_window(64);
/// assert!(manager.prepare(ModelRequest::new("Where is my order?"), &model).is_ok());
///
/// let refusal = manager.prepare(ModelRequest::new("order ".repeat(1_000)), &model).unwrap_err();
/// let overflow = refusal.detail::<ContextOverflow>().expect("a typed refusal");
/// assert!(overflow.bill().total().upper > 64);
/// ```
#[derive(Clone, Debug)]
pub struct ContextManager {
    policy: ContextPolicy,
}

impl ContextManager {
    /// A manager with a policy.
    pub fn new(policy: ContextPolicy) -> Self {
        Self { policy }
    }

    /// Counts a request and seals it.
    ///
    /// # Errors
    /// [`ErrorKind::ContextOverflow`] with a [`ContextOverflow`] where it does not fit; [`ErrorKind::Config`] where
    /// the window is unknown and there is no cap, or the reserved output alone fills it.
    pub fn prepare(&self, request: ModelRequest, capabilities: &Capabilities) -> Result<PreparedRequest> {
        self.prepare_with(&mut Ledger::default(), request, capabilities).map_err(|(_, error)| error)
    }

    /// As [`prepare`](Self::prepare), with a ledger that remembers what was counted; a request that is refused comes
    /// back with the refusal.
    pub(crate) fn prepare_with(
        &self,
        ledger: &mut Ledger,
        request: ModelRequest,
        capabilities: &Capabilities,
    ) -> Result<PreparedRequest, (Box<ModelRequest>, Error)> {
        let reserved = request.max_output_tokens.unwrap_or(self.policy.reserved_output_tokens);
        let limit = match self.limit(capabilities, reserved) {
            Ok(limit) => limit,
            Err(error) => return Err((Box::new(request), error)),
        };
        let bill = ledger.bill(&request, self, reserved, limit);
        if bill.excess() > 0 {
            return Err((Box::new(request), ContextOverflow::new(bill).into()));
        }
        Ok(PreparedRequest::seal(request, bill))
    }

    /// The most tokens a request and its answer may take together.
    fn limit(&self, capabilities: &Capabilities, reserved: u64) -> Result<u64> {
        let Some(limit) = self.window(capabilities) else {
            return Err(Error::new(
                ErrorKind::Config,
                "the model's context window is unknown: set the model's `context_window`, or \
                 `ContextPolicy::max_context_tokens`",
            ));
        };
        if reserved >= limit {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "{reserved} tokens are reserved for the answer, but the limit is {limit}: nothing is left for the \
                     request. Lower `reserved_output_tokens` or `max_output_tokens`"
                ),
            ));
        }
        Ok(limit)
    }

    /// The window of a model, or the caller's cap of it where that is smaller; `None` where nobody knows either.
    pub(crate) fn window(&self, capabilities: &Capabilities) -> Option<u64> {
        match (capabilities.context_window, self.policy.max_context_tokens) {
            (ContextWindow::Known(window), cap) => Some(cap.map_or(window, |cap| cap.min(window))),
            (ContextWindow::Unknown, cap) => cap,
        }
    }

    /// By how many tokens of the upper figure one conversation is smaller than another.
    pub(crate) fn freed(&self, before: &Messages, after: &Messages) -> u64 {
        let upper = |messages: &Messages| ledger::measure(messages, self).upper;
        upper(before).saturating_sub(upper(after))
    }

    pub(crate) fn policy(&self) -> &ContextPolicy {
        &self.policy
    }

    pub(crate) fn ruler(&self) -> &dyn Ruler {
        &*self.policy.ruler
    }

    pub(crate) fn ruler_key(&self) -> u64 {
        self.policy.ruler_key
    }
}

/// A request that does not fit, with its itemised bill. Nothing was sent.
///
/// It is the [detail](Error::detail) of errors of kind [`ErrorKind::ContextOverflow`].
#[derive(Clone, Debug)]
pub struct ContextOverflow {
    bill: Bill,
}

impl ContextOverflow {
    fn new(bill: Bill) -> Self {
        Self { bill }
    }

    /// Where the tokens would have gone.
    pub fn bill(&self) -> &Bill {
        &self.bill
    }
}

impl fmt::Display for ContextOverflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, limit) = (self.bill.total(), self.bill.limit());
        write!(
            f,
            "the request takes up to {} tokens (expected: {}) with the reserved output, {} more than the limit of {}",
            total.upper,
            total.expected,
            self.bill.excess(),
            limit
        )?;
        let mut items: Vec<BillItem> = self.bill.items().collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.tokens.upper));
        let mut largest = items.iter().filter(|item| item.part != BillPart::ReservedOutput).take(3);
        if let Some(first) = largest.next() {
            write!(f, "; the largest parts: {} ({})", first.part, first.tokens.upper)?;
        }
        for item in largest {
            write!(f, ", {} ({})", item.part, item.tokens.upper)?;
        }
        Ok(())
    }
}

impl std::error::Error for ContextOverflow {}

impl From<ContextOverflow> for Error {
    fn from(overflow: ContextOverflow) -> Self {
        Self::with_source(ErrorKind::ContextOverflow, overflow.to_string(), overflow)
    }
}

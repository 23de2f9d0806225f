//! The context budget: every request is counted before it is sent, and sent only if it fits.
//!
//! A [`ContextManager`] counts a request with a [`Ruler`] and seals it into a
//! [`PreparedRequest`], the only thing a model takes. What does not fit is compressed by
//! the [`Compressor`]s of the [`ContextPolicy`], in order, or refused with a [`ContextOverflow`] and its bill.

mod calibration;
mod compress;
mod dialect;
mod ledger;
mod media;
mod policy;
mod ruler;
mod rules;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use self::compress::{AnyCompressor, Spending, check_compressed, replaced};
pub use self::compress::{
    ClearToolResults, Compressor, CutToolResults, DropOldestTurns, DropReasoning, Need, Recall, Summarize,
};
use self::compress::{Trigger, reported_tokens};
pub use self::ledger::Ledger;
#[cfg(feature = "bpe")]
pub use self::ruler::ExactRuler;
pub use self::ruler::{Encoding, Ruler, Utf8Ruler};

use self::calibration::Calibrations;
use self::ledger::FixedCounts;
use self::rules::Rules;
use crate::error::{Error, ErrorKind, ProviderError, Result};
use crate::message::{TokenCount, Usage, UsageSource};
pub use crate::model::{Bill, BillItem, BillPart, Calibration, PartKind, Share, ShareUse};
use crate::model::{Capabilities, ContextWindow, Model, ModelRequest, PreparedRequest, ToolDefinition};

/// The key of the ruler that every policy begins with.
const DEFAULT_RULER: u64 = 0;
/// The key of the ruler that stands in its place for models which are known to encode with `o200k_base`.
const O200K_RULER: u64 = 1;

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
    trigger: Trigger,
    ruler: Arc<dyn Ruler>,
    /// Names the ruler, so that counts kept with messages are never taken for another ruler's. Copies share it, so that
    /// counts outlive a run.
    ruler_key: u64,
    margin: f64,
    shares: Vec<(Share, f64)>,
    count_with_provider: bool,
    unseen_file_tokens: Option<u64>,
    /// What was learnt, shared by all copies, so that it outlives a run.
    learnt: Arc<Learnt>,
}

/// What requests have taught a policy and its copies.
#[derive(Debug, Default)]
struct Learnt {
    calibrations: Calibrations,
    /// What was counted last of instructions and tools: every run of an agent begins with the same.
    fixed: FixedCounts,
}

impl ContextPolicy {
    /// The whole window of the model, 1,024 tokens of it kept for the answer, and a refusal when that is not enough.
    pub fn new() -> Self {
        Self {
            max_context_tokens: None,
            reserved_output_tokens: 1_024,
            compressors: Vec::new(),
            trigger: Trigger::new(),
            ruler: Arc::new(Utf8Ruler::default()),
            ruler_key: DEFAULT_RULER,
            margin: 0.0,
            shares: Vec::new(),
            count_with_provider: false,
            unseen_file_tokens: None,
            learnt: Arc::default(),
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

    /// Adds a way to make a request smaller when it does not fit. They are tried in the order they were added, until the
    /// conversation is down to the share of [`compress_to`](Self::compress_to).
    pub fn compress(mut self, compressor: impl Compressor) -> Self {
        self.compressors.push(AnyCompressor::new(compressor));
        self
    }

    /// Counts with another ruler than [`Utf8Ruler`]. That one is [`Utf8Ruler::o200k`] where the model is known to use that
    /// encoding, and [`Utf8Ruler::conservative`] else.
    pub fn ruler(mut self, ruler: impl Ruler + 'static) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(O200K_RULER + 1);
        self.ruler = Arc::new(ruler);
        self.ruler_key = NEXT.fetch_add(1, Ordering::Relaxed);
        // What another ruler's figures were corrected by says nothing of this one's.
        self.learnt = Arc::default();
        self
    }

    /// How the usage reported for a model corrects the ruler, as the policy's requests have taught it.
    ///
    /// ```
    /// use runlet::budget::ContextPolicy;
    ///
    /// assert_eq!(ContextPolicy::new().calibration("openai", "gpt-5.5").samples, 0);
    /// ```
    pub fn calibration(&self, provider: &str, model: &str) -> Calibration {
        self.learnt.calibrations.of(provider, model)
    }

    /// The compressors in the order in which they are asked, each with what it is asked to make smaller: the parts that
    /// are held to a share, then the whole request.
    pub(crate) fn rounds(&self) -> VecDeque<(AnyCompressor, Option<Share>)> {
        if self.compressors.is_empty() {
            return VecDeque::new();
        }
        let of_messages = [Share::ToolResults, Share::Attachments];
        let shares = self.shares.iter().map(|(share, _)| *share).filter(|share| of_messages.contains(share));
        let wanted: Vec<Option<Share>> = shares.map(Some).chain([None]).collect();
        let rounds = self.compressors.iter().flat_map(|one| wanted.iter().map(|of| (one.clone(), *of)));
        rounds.collect()
    }

    pub(crate) fn trigger(&self) -> &Trigger {
        &self.trigger
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
            .field("margin", &self.margin)
            .field("shares", &self.shares)
            .field("count_with_provider", &self.count_with_provider)
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
    /// The model's name; empty where nobody said.
    model: Arc<str>,
    /// How it counts.
    rules: Rules,
    /// How models count that may be asked in this one's place, where they count otherwise.
    others: Arc<[Rules]>,
    /// Names the ruler and the rules, so that counts kept with messages are never taken for those of others.
    key: u64,
    /// The window that the provider named when it turned a request down, where that is smaller than was known.
    reported_window: Option<u64>,
}

impl ContextManager {
    /// A manager with a policy, for a model of which nothing is known.
    pub fn new(policy: ContextPolicy) -> Self {
        Self::for_names(policy, "", "")
    }

    /// A manager for a model: its provider's overheads and its rule for images count, its reported usage corrects the
    /// ruler, and errors name it.
    ///
    /// ```
    /// use runlet::budget::{ContextManager, ContextPolicy};
    /// use runlet::testing::ScriptedModel;
    ///
    /// let manager = ContextManager::new(ContextPolicy::new()).for_model(&ScriptedModel::new());
    /// assert_eq!(manager.calibration().samples, 0);
    /// ```
    pub fn for_model(self, model: &impl Model) -> Self {
        let mut manager = Self::for_names(self.policy, model.provider(), model.name());
        let mut others: Vec<Rules> = Vec::new();
        for other in model.stand_ins() {
            let rules = Rules::of(&manager.policy, other.provider(), other.name());
            if std::iter::once(&manager.rules).chain(&others).all(|known| !known.is_like(&rules)) {
                others.push(rules);
            }
        }
        if !others.is_empty() {
            manager.key = others.iter().fold(manager.key, |key, rules| rules.dialect.key(key ^ rules.key));
            manager.others = others.into();
        }
        manager
    }

    fn for_names(policy: ContextPolicy, provider: &str, model: &str) -> Self {
        let rules = Rules::of(&policy, provider, model);
        let key = rules.key;
        Self { policy, model: model.into(), rules, others: Arc::default(), key, reported_window: None }
    }

    /// Counts a request and seals it.
    ///
    /// # Errors
    /// [`ErrorKind::ContextOverflow`] with a [`ContextOverflow`] where it does not fit; [`ErrorKind::Config`] where
    /// the window is unknown and there is no cap, the reserved output alone fills it, or a setting makes no sense.
    pub fn prepare(&self, request: ModelRequest, capabilities: &Capabilities) -> Result<PreparedRequest> {
        self.prepare_next(&mut Ledger::default(), request, capabilities)
    }

    /// As [`prepare`](Self::prepare), for the next step of a conversation: a [`Ledger`] remembers what was counted of the
    /// steps before, so that only what is new costs anything. A run does this by itself.
    ///
    /// # Errors
    /// As those of [`prepare`](Self::prepare).
    ///
    /// ```
    /// use runlet::Message;
    /// use runlet::budget::{ContextManager, ContextPolicy, Ledger};
    /// use runlet::model::{Capabilities, ModelRequest};
    ///
    /// let (manager, mut ledger) = (ContextManager::new(ContextPolicy::new()), Ledger::default());
    /// let window = Capabilities::new().context_window(8_192);
    /// let mut request = ModelRequest::new("Where is order 123?");
    /// manager.prepare_next(&mut ledger, request.clone(), &window)?;
    /// request.messages.push(Message::assistant("It is on its way."));
    /// manager.prepare_next(&mut ledger, request, &window)?;
    /// # Ok::<(), runlet::Error>(())
    /// ```
    pub fn prepare_next(
        &self,
        ledger: &mut Ledger,
        request: ModelRequest,
        capabilities: &Capabilities,
    ) -> Result<PreparedRequest> {
        self.prepare_with(ledger, request, capabilities).map_err(|(_, error)| error)
    }

    /// The bill of a request, whether or not it fits: [`Bill::excess`] says by how much it does not.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] as [`prepare`](Self::prepare) has it.
    pub fn bill(&self, request: &ModelRequest, capabilities: &Capabilities) -> Result<Bill> {
        self.bill_with(&mut Ledger::default(), request, capabilities)
    }

    /// As [`prepare`](Self::prepare), with a ledger that remembers what was counted; a request that is refused comes
    /// back with the refusal.
    pub(crate) fn prepare_with(
        &self,
        ledger: &mut Ledger,
        request: ModelRequest,
        capabilities: &Capabilities,
    ) -> Result<PreparedRequest, (Box<ModelRequest>, Error)> {
        match self.bill_with(ledger, &request, capabilities) {
            Ok(bill) => sealed(request, bill),
            Err(error) => Err((Box::new(request), error)),
        }
    }

    fn bill_with(&self, ledger: &mut Ledger, request: &ModelRequest, capabilities: &Capabilities) -> Result<Bill> {
        self.policy.check()?;
        let reserved = self.reserved(request);
        let limit = self.limit(capabilities, reserved)?;
        Ok(ledger.bill(request, self, reserved, limit))
    }

    /// The bill to ask the provider about, where a refused request may fit after all and the policy wants to know.
    pub(crate) fn worth_counting(&self, refusal: &Error) -> Option<Bill> {
        let bill = refusal.detail::<ContextOverflow>()?.bill();
        let within = |share: &ShareUse| share.tokens <= share.most;
        let may_fit = bill.total().expected <= bill.limit() && bill.shares().iter().all(within);
        (self.policy.count_with_provider && may_fit).then(|| bill.clone())
    }

    /// Seals a request whose input the provider has counted.
    pub(crate) fn prepare_counted(
        &self,
        request: ModelRequest,
        mut bill: Bill,
        tokens: u64,
    ) -> Result<PreparedRequest, (Box<ModelRequest>, Error)> {
        self.policy.learnt.calibrations.observe(&self.rules.provider, &self.model, bill.measured, tokens);
        bill.counted_input = Some(tokens);
        sealed(request, bill)
    }

    /// Corrects the ruler by what the provider reports of a request that was sent. Only a whole
    /// [report](UsageSource::Reported) of a request that holds all of its input counts: what a provider's own tools read,
    /// and what it keeps of earlier requests, no ruler has seen.
    ///
    /// ```
    /// use runlet::budget::{ContextManager, ContextPolicy};
    /// use runlet::message::{Usage, UsageSource};
    /// use runlet::model::{Capabilities, ModelRequest};
    ///
    /// let manager = ContextManager::new(ContextPolicy::new());
    /// let window = Capabilities::new().context_window(8_192);
    /// let prepared = manager.prepare(ModelRequest::new("Where is order 123? ".repeat(20)), &window)?;
    /// let upper = prepared.bill().expect("a bill").input().upper;
    /// let usage = Usage { input_tokens: Some(upper * 2), source: UsageSource::Reported, ..Usage::default() };
    /// manager.observe(&prepared, &usage);
    /// assert!(manager.calibration().upper_factor > 2.0);
    /// # Ok::<(), runlet::Error>(())
    /// ```
    pub fn observe(&self, request: &PreparedRequest, usage: &Usage) {
        if let Some(sent) = self.sent(request) {
            self.observe_sent(&sent, usage);
        }
    }

    /// What [`observe`](Self::observe) needs of a request, which goes to the model by value.
    pub(crate) fn sent(&self, request: &PreparedRequest) -> Option<Sent> {
        /// Options under which the input is more than the request holds.
        const ELSEWHERE: [&str; 8] = [
            "previous_response_id",
            "conversation",
            "prompt",
            "cachedContent",
            "cached_content",
            "container",
            "mcp_servers",
            "extra_body",
        ];
        let elsewhere = |tool: &ToolDefinition| matches!(tool, ToolDefinition::Native(_));
        // Which of the models answers is not known beforehand.
        let is_elsewhere = |rules: &Rules| {
            let options = request.options.of(&rules.provider);
            options.is_some_and(|options| ELSEWHERE.iter().any(|name| options.contains_key(*name)))
        };
        let whole = !request.tools.iter().any(elsewhere) && !self.all_rules().any(is_elsewhere);
        let bill = request.bill().filter(|_| whole)?;
        Some(Sent { measured: bill.measured })
    }

    pub(crate) fn observe_sent(&self, sent: &Sent, usage: &Usage) {
        if let (Some(tokens), UsageSource::Reported) = (usage.input_tokens, usage.source) {
            self.policy.learnt.calibrations.observe(&self.rules.provider, &self.model, sent.measured, tokens);
        }
    }

    /// How the model's reported usage corrects the ruler.
    pub fn calibration(&self) -> Calibration {
        self.policy.calibration(&self.rules.provider, &self.model)
    }

    /// Whether the policy fits the model, and instructions, tools and the like leave room for a conversation.
    pub(crate) fn check(&self, template: &ModelRequest, capabilities: &Capabilities) -> Result<()> {
        let bill = self.bill(template, capabilities)?;
        if bill.excess() == 0 {
            return Ok(());
        }
        let overflow = ContextOverflow::new(bill);
        Err(Error::with_source(ErrorKind::Config, overflow.to_string(), overflow))
    }

    /// The tokens to keep free for the answer.
    fn reserved(&self, request: &ModelRequest) -> u64 {
        request.max_output_tokens.unwrap_or(self.policy.reserved_output_tokens)
    }

    /// The most tokens a request and its answer may take together.
    fn limit(&self, capabilities: &Capabilities, reserved: u64) -> Result<u64> {
        self.policy.check()?;
        let config = |words: String| Err(Error::new(ErrorKind::Config, words));
        let limit = match self.window(capabilities) {
            Some(limit) if capabilities.context_window != ContextWindow::Known(0) => limit,
            Some(_) => {
                return config(format!("the context window of {} is 0 tokens: give its true size", self.of_model()));
            }
            None => {
                return config(format!(
                    "the context window of {} is unknown: set the model's `context_window`, or \
                     `ContextPolicy::max_context_tokens`",
                    self.of_model()
                ));
            }
        };
        let limit = self.reported_window.map_or(limit, |reported| reported.min(limit));
        let limit = capabilities.max_input_tokens.map_or(limit, |input| input.saturating_add(reserved).min(limit));
        if reserved >= limit {
            return config(format!(
                "{reserved} tokens are reserved for the answer of {}, but the limit is {limit}: nothing is left for the \
                 request. Lower `reserved_output_tokens` or `max_output_tokens`",
                self.of_model()
            ));
        }
        Ok(limit)
    }

    /// Learns that a provider turned a request of this bill down as too long though it fit: the model's calibration rises to
    /// the size that the error names or to what would have filled the limit, and a window that it names holds from now on.
    /// The same request no longer fits.
    pub fn observe_overflow(&mut self, bill: &Bill, error: &ProviderError) {
        let told = reported_tokens(&error.message, bill.limit());
        if let Some(limit) = error.reported_limit.filter(|limit| *limit > 0) {
            self.reported_window = Some(self.reported_window.map_or(limit, |known| known.min(limit)));
            // The window is smaller than was known: that explains it, and the count may be right.
            if told.is_none() && bill.total().upper > limit {
                return;
            }
        }
        let least =
            told.unwrap_or_else(|| bill.limit().saturating_sub(bill.reserved_output()).saturating_sub(bill.margin()));
        self.policy.learnt.calibrations.overflowed(&self.rules.provider, &self.model, bill.measured, least);
    }

    /// The window of a model, or the caller's cap of it where that is smaller; `None` where nobody knows either.
    pub(crate) fn window(&self, capabilities: &Capabilities) -> Option<u64> {
        match (capabilities.context_window, self.policy.max_context_tokens) {
            (ContextWindow::Known(window), cap) => Some(cap.map_or(window, |cap| cap.min(window))),
            (ContextWindow::Unknown, cap) => cap,
        }
    }

    /// Holds the answer to a request to so many tokens, where the model could write more, and to what the input leaves of the
    /// window.
    pub(crate) fn hold_answer(&self, prepared: &mut PreparedRequest, tokens: u64, capabilities: &Capabilities) {
        let window = self.window(capabilities).unwrap_or(u64::MAX);
        let window = self.reported_window.map_or(window, |reported| reported.min(window));
        let own = prepared.max_output_tokens;
        if own.is_none() && tokens >= capabilities.max_output_tokens.unwrap_or(window) {
            return;
        }
        let room = prepared.bill().map_or(window, |bill| {
            window.saturating_sub(bill.input().upper).saturating_sub(bill.margin()).max(bill.reserved_output())
        });
        prepared.hold_answer_to(own.unwrap_or(room).min(tokens));
    }

    /// The model, as messages name it.
    fn of_model(&self) -> String {
        if self.model.is_empty() {
            "the model".to_owned()
        } else {
            format!("model `{}/{}`", self.rules.provider, self.model)
        }
    }

    pub(crate) fn policy(&self) -> &ContextPolicy {
        &self.policy
    }

    /// How each model counts that may be asked, the manager's own first.
    fn all_rules(&self) -> impl Iterator<Item = &Rules> {
        std::iter::once(&self.rules).chain(self.others.iter())
    }
}

/// What the usage of a request that was sent is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    measured: TokenCount,
}

/// Seals a request that fits its bill.
fn sealed(request: ModelRequest, bill: Bill) -> Result<PreparedRequest, (Box<ModelRequest>, Error)> {
    if bill.excess() > 0 {
        return Err((Box::new(request), ContextOverflow::new(bill).into()));
    }
    Ok(PreparedRequest::seal(request, bill))
}

/// A request that does not fit, with its itemised bill. It was not sent, or the provider turned it down.
///
/// It is the [detail](Error::detail) of errors of kind [`ErrorKind::ContextOverflow`].
#[derive(Clone, Debug)]
pub struct ContextOverflow {
    bill: Bill,
    failures: Vec<Error>,
    refusal: Option<Error>,
}

impl ContextOverflow {
    fn new(bill: Bill) -> Self {
        Self { bill, failures: Vec::new(), refusal: None }
    }

    /// A request that fits its bill and that the provider turned down all the same.
    pub(crate) fn refused(bill: Bill, refusal: Error) -> Self {
        Self { refusal: Some(refusal), ..Self::new(bill) }
    }

    /// The same after these compressors failed, and after the provider turned the request down.
    pub(crate) fn after(mut self, failures: Vec<Error>, refusal: Option<Error>) -> Self {
        self.failures.extend(failures);
        self.refusal = self.refusal.or(refusal);
        self
    }

    /// Where the tokens would have gone.
    pub fn bill(&self) -> &Bill {
        &self.bill
    }

    /// Whether what does not change from step to step (instructions, tools, options) is too large alone, so that no
    /// shorter conversation fits either.
    pub fn is_fixed(&self) -> bool {
        let bill = &self.bill;
        let least = bill.without_messages();
        let over =
            |share: &ShareUse| matches!(share.share, Share::Instructions | Share::Tools) && share.tokens > share.most;
        bill.counted_input().is_none() && least > bill.limit() || bill.shares().iter().any(over)
    }

    /// How compressors failed that could have made the request smaller.
    pub fn failures(&self) -> &[Error] {
        &self.failures
    }

    /// How many tokens the provider says that the model reads, where it turned the request down and said so.
    pub fn reported_limit(&self) -> Option<u64> {
        self.refusal.as_ref()?.provider()?.reported_limit
    }
}

impl fmt::Display for ContextOverflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, limit) = (self.bill.total(), self.bill.limit());
        if self.refusal.is_some() {
            f.write_str("the provider turned the request down as too long; ")?;
        }
        if total.upper > limit || self.refusal.is_some() {
            let what =
                if self.is_fixed() { "the request, for its instructions and tools alone," } else { "the request" };
            write!(
                f,
                "{what} takes up to {} tokens (expected: {}) with the reserved output, ",
                total.upper, total.expected,
            )?;
            match total.upper.saturating_sub(limit) {
                0 => write!(f, "and the limit is {limit}")?,
                more => write!(f, "{more} more than the limit of {limit}")?,
            }
        } else {
            f.write_str("the request fits the limit but not its shares")?;
        }
        for share in self.bill.shares().iter().filter(|share| share.tokens > share.most) {
            write!(f, "; {} take up to {} of at most {} tokens", share.share.words(), share.tokens, share.most)?;
        }
        let mut items: Vec<BillItem> = self.bill.items().collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.tokens.upper));
        let own = [BillPart::ReservedOutput, BillPart::Margin, BillPart::Calibration];
        let mut largest = items.iter().filter(|item| !own.contains(&item.part)).take(3);
        if let Some(first) = largest.next() {
            write!(f, "; the largest parts: {} ({})", first.part, first.tokens.upper)?;
        }
        for item in largest {
            write!(f, ", {} ({})", item.part, item.tokens.upper)?;
        }
        for failure in &self.failures {
            write!(f, "; {failure}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ContextOverflow {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.refusal.as_ref().map(|refusal| refusal as &(dyn std::error::Error + 'static))
    }
}

impl From<ContextOverflow> for Error {
    fn from(overflow: ContextOverflow) -> Self {
        Self::with_source(ErrorKind::ContextOverflow, overflow.to_string(), overflow)
    }
}

//! Making a request fit: counting it, and making its conversation smaller as far as the policy goes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::timeout;

use super::Driver;
use super::ask::Answered;
use crate::budget::{AnyCompressor, ContextOverflow, Need, Share, check_compressed, replaced};
use crate::context::Span;
use crate::error::{Error, ErrorKind, ProviderErrorCategory, Result};
use crate::event::EventKind;
use crate::message::Messages;
use crate::model::{Bill, Model, ModelRequest, PreparedRequest};
use crate::run::Outcome;

/// How long a provider may take to count a request. It answers at once or is of no help.
const COUNT_TIMEOUT: Duration = Duration::from_secs(10);

/// A request that fits as it is, or one that is still to be made to fit.
pub(super) type Fits = Result<PreparedRequest, Box<ModelRequest>>;

/// Why a model did not answer.
pub(super) struct Unanswered {
    pub(super) error: Error,
    /// Whether a part of the answer was handed out before it failed.
    pub(super) begun: bool,
}

impl From<Error> for Unanswered {
    fn from(error: Error) -> Self {
        Self { error, begun: false }
    }
}

impl Unanswered {
    /// Whether the provider turned the request down as too long.
    fn is_overflow(&self) -> bool {
        self.error.provider().is_some_and(|error| error.category == ProviderErrorCategory::ContextOverflow)
    }
}

impl Driver {
    /// Counts a request and seals it, as the first round of [`make_fit`](Self::make_fit) does. One that is to be made
    /// smaller, or refused, comes back for it.
    pub(super) fn fits(&mut self, span: Span, request: ModelRequest) -> Fits {
        let counted = self.context.prepare_with(&mut self.ledger, request, &self.capabilities);
        let prepared = counted.map_err(|(request, _)| request)?;
        let rounds = self.context.policy().rounds();
        if let Some(bill) = prepared.bill() {
            if rounds.iter().any(|(_, of)| self.excess(bill, *of, false) > 0) {
                return Err(Box::new(prepared.into_request()));
            }
            self.session.emitter.emit(span, || EventKind::ContextBudgetChecked { bill: bill.clone() });
        }
        Ok(prepared)
    }

    /// Makes a request smaller as far as the policy goes, counts and seals it. What [`fits`](Self::fits) has counted costs
    /// nothing when it is counted again.
    pub(super) async fn make_fit(
        &mut self,
        step: u32,
        span: Span,
        request: Box<ModelRequest>,
        turned_down: Option<&Error>,
    ) -> Result<PreparedRequest> {
        let mut request = *request;
        let mut rounds = self.context.policy().rounds();
        let mut failures: Vec<Error> = Vec::new();
        let mut begun: Vec<Option<Share>> = Vec::new();
        loop {
            let counted = match self.context.prepare_with(&mut self.ledger, request, &self.capabilities) {
                Err((request, refusal)) => self.counted_by_provider(request, refusal).boxed().await,
                fits => fits,
            };
            // No shorter conversation helps where the rest is too large alone.
            if counted.as_ref().is_err_and(|(_, error)| error.detail().is_some_and(ContextOverflow::is_fixed)) {
                rounds.clear();
            }
            let bill = match &counted {
                Ok(prepared) => prepared.bill().cloned(),
                Err((_, error)) => error.detail::<ContextOverflow>().map(|overflow| overflow.bill().clone()),
            };
            let next = bill.as_ref().and_then(|bill| {
                let wanted = |(_, of): &(AnyCompressor, Option<Share>)| self.excess(bill, *of, begun.contains(of));
                let (place, excess) = rounds.iter().map(wanted).enumerate().find(|(_, excess)| *excess > 0)?;
                let (compressor, of) = rounds.drain(..=place).next_back()?;
                Some((compressor, of, excess))
            });
            let Some((compressor, of, excess)) = next else {
                return self.settle(span, counted, bill, begun.contains(&None), failures, turned_down);
            };
            begun.push(of);
            request = counted.map_or_else(|(refused, _)| *refused, PreparedRequest::into_request);
            let need = match of {
                Some(share) => Need::of_share(&self.context, &request.messages, share, excess),
                None => Need::new(&self.context, &request.messages, excess),
            };
            match self.compress(step, span, &compressor, &request.messages, need).boxed().await {
                Ok(Some(smaller)) => {
                    // Only what no hook has touched is the run's own conversation and stays smaller for the steps to come.
                    if request.messages.lineage() == self.run.context().lineage() {
                        self.run.apply(Outcome::Compressed(smaller.clone()))?;
                    }
                    request.messages = smaller;
                }
                Ok(None) => {}
                Err(error) if error.kind() == ErrorKind::Hook => return Err(error),
                Err(error) => {
                    self.session.emitter.emit(span, || EventKind::ContextCompressionFailed {
                        compressor: compressor.name().to_owned(),
                        error: error.clone(),
                    });
                    failures.push(error);
                }
            }
        }
    }

    /// Asks the provider to count a request that was refused, where the policy wants it to have the last word.
    async fn counted_by_provider(
        &self,
        request: Box<ModelRequest>,
        refusal: Error,
    ) -> Result<PreparedRequest, (Box<ModelRequest>, Error)> {
        let Some(bill) = self.context.worth_counting(&refusal) else { return Err((request, refusal)) };
        match timeout(COUNT_TIMEOUT, self.model.count_tokens(&request)).await {
            Ok(Ok(Some(tokens))) => self.context.prepare_counted(*request, bill, tokens),
            _ => Err((request, refusal)),
        }
    }

    /// How many tokens of the ruler's upper figure are to go of a share, or of the whole request: none while it is below the
    /// trigger and within the limit. Once compression has begun it goes down to where the policy wants it.
    fn excess(&self, bill: &Bill, of: Option<Share>, begun: bool) -> u64 {
        let (trigger, total) = (self.context.policy().trigger(), bill.total().upper);
        let excess = if let Some(share) = of {
            let used = bill.shares().iter().filter(|used| used.share == share);
            used.map(|used| trigger.above_share(used, begun)).sum()
        } else {
            let above = trigger.above(bill).max(self.stuck_below).min(bill.limit());
            let least = total.saturating_sub(bill.limit());
            if begun || total > above { total.saturating_sub(trigger.down_to(bill)).max(least) } else { 0 }
        };
        bill.of_ruler(excess)
    }

    /// Says how it ended: with a request that may be sent, or with a refusal.
    fn settle(
        &mut self,
        span: Span,
        counted: Result<PreparedRequest, (Box<ModelRequest>, Error)>,
        bill: Option<Bill>,
        begun: bool,
        failures: Vec<Error>,
        turned_down: Option<&Error>,
    ) -> Result<PreparedRequest> {
        let emitter = &self.session.emitter;
        match counted {
            Ok(prepared) => {
                if let Some(bill) = bill {
                    let trigger = self.context.policy().trigger();
                    if begun && bill.total().upper > trigger.above(&bill) {
                        // No compressor can do more for now. To ask them at every step would change the conversation at
                        // every step, so they wait until there is something new to take away.
                        let step = trigger.above(&bill).saturating_sub(trigger.down_to(&bill));
                        self.stuck_below = bill.total().upper.saturating_add(step);
                    } else if begun {
                        self.stuck_below = 0;
                    }
                    emitter.emit(span, || EventKind::ContextBudgetChecked { bill });
                }
                Ok(prepared)
            }
            Err((_, error)) => {
                let error = match error.detail::<ContextOverflow>() {
                    // A compressor that broke something is at fault, and not what did not fit.
                    Some(overflow) => match failures.iter().find(|failure| failure.kind() == ErrorKind::Internal) {
                        Some(failure) => failure.clone(),
                        None => overflow.clone().after(failures, turned_down.cloned()).into(),
                    },
                    None => error,
                };
                emitter.emit(span, || EventKind::ContextRefused { bill, error: error.clone() });
                Err(error)
            }
        }
    }

    /// Asks one compressor. `None` where the conversation did not become smaller.
    async fn compress(
        &mut self,
        step: u32,
        span: Span,
        compressor: &AnyCompressor,
        messages: &Messages,
        mut need: Need,
    ) -> Result<Option<Messages>> {
        let session = Arc::clone(&self.session);
        let (context, at) = (session.hook_context(step), session.hook_point(span));
        session.hooks.before_compression(&context, at, messages).await?;
        if session.outputs.keeps() {
            need = need.with_recall(session.clone());
        }
        need = need.with_spending(session.lineage.clone());
        let work = compressor.compress(messages, need.clone());
        let compressed = if session.hooks.is_empty() {
            work.await
        } else {
            session.hooks.around_compression(&context, at, messages, work.boxed()).await
        };
        if let Some(usage) = need.spent() {
            self.run.apply(Outcome::Spent(usage))?;
        }
        if let Some(usage) = need.took() {
            self.run.use_up(&usage);
        }
        session.set_usage(self.run.usage());
        self.settle_books();
        let Some(mut smaller) = compressed? else { return Ok(None) };
        session.hooks.after_compression(&context, at, &mut smaller).await?;
        if !session.hooks.is_empty() {
            check_compressed(messages, &smaller).map_err(|what| {
                Error::new(ErrorKind::Hook, format!("a hook broke the conversation in after_compression: {what}"))
            })?;
        }
        let freed = self.context.freed(messages, &smaller);
        if freed == 0 {
            return Ok(None);
        }
        session.emitter.emit(span, || EventKind::ContextCompressed {
            compressor: compressor.name().to_owned(),
            removed_messages: replaced(messages, &smaller),
            freed_tokens: freed,
        });
        Ok(Some(smaller))
    }

    /// Asks the model. Where the provider turns the request down as too long although it was counted as fitting, the count
    /// is corrected, and the request made smaller and sent once more.
    pub(super) async fn ask_once_more(&mut self, step: u32, span: Span, prepared: PreparedRequest) -> Result<Answered> {
        let sent = prepared.clone();
        let unanswered = match self.ask(span, prepared).await {
            Err(unanswered) if unanswered.is_overflow() => unanswered,
            answered => return answered.map_err(|unanswered| unanswered.error),
        };
        let (Some(bill), Some(provider)) = (sent.bill().cloned(), unanswered.error.provider()) else {
            return Err(unanswered.error);
        };
        Arc::make_mut(&mut self.context).observe_overflow(&bill, provider);
        // What was shown cannot be taken back, so it is not begun a second time.
        if unanswered.begun {
            return Err(ContextOverflow::refused(bill, unanswered.error).into());
        }
        let request = Box::new(sent.into_asked());
        let smaller = Box::pin(self.make_fit(step, span, request, Some(&unanswered.error))).await?;
        let smaller = self.allowed(step, span, smaller).await?;
        let bill = smaller.bill().cloned();
        self.ask(span, smaller).boxed().await.map_err(|again| match bill {
            Some(bill) if again.is_overflow() => ContextOverflow::refused(bill, again.error).into(),
            _ => again.error,
        })
    }
}

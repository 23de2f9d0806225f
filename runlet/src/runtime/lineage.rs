//! Runs within runs: a tool may drive a run of its own, which is one deeper and spends from the same limits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::agent::RunPolicy;
use crate::budget::Spending;
use crate::error::Result;
use crate::message::{Message, Usage};
use crate::run::{Asked, Limit, LimitReached, Spent};

tokio::task_local! {
    /// The run whose tool is running. What a tool spawns does not have it: such a run begins a line of its own.
    static ENCLOSING: Arc<Lineage>;
}

/// A run among those that enclose it.
pub(super) struct Lineage {
    depth: u32,
    policy: RunPolicy,
    parent: Option<Arc<Self>>,
    books: Mutex<Books>,
}

/// What was spent.
#[derive(Default)]
struct Books {
    /// By the run, as it last said.
    own: Spent,
    /// By the runs within, since the run last took it over.
    nested: Spent,
}

impl Lineage {
    /// A run within the one whose tool is running here, where there is one.
    pub(super) fn begin(policy: RunPolicy, own: Spent) -> Self {
        let parent = ENCLOSING.try_with(Arc::clone).ok();
        let depth = parent.as_ref().map_or(0, |parent| parent.depth + 1);
        Self { depth, policy, parent, books: Mutex::new(Books { own, nested: Spent::default() }) }
    }

    /// Lends a run that begins here the prices of the runs around it, so that what it spends has its cost there too.
    pub(super) fn lend_prices(policy: &mut RunPolicy) {
        let lent = |parent: &Arc<Self>| {
            for (model, price) in &parent.policy.prices {
                policy.prices.entry(model.clone()).or_insert(*price);
            }
        };
        ENCLOSING.try_with(lent).ok();
    }

    /// How many runs enclose this one.
    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    /// Runs a tool call within the run.
    pub(super) async fn enclose<F: Future>(lineage: Arc<Self>, call: F) -> F::Output {
        ENCLOSING.scope(lineage, call).await
    }

    /// Whether the run is nested deeper than any run around it allows.
    pub(super) fn check_depth(&self) -> Result<(), LimitReached> {
        let allowed = self.line().map(|run| run.policy.max_depth.saturating_add(run.depth)).min().unwrap_or(self.depth);
        if self.depth <= allowed {
            return Ok(());
        }
        Err(LimitReached::new(Limit::Depth, u64::from(self.depth), 0, u64::from(allowed)))
    }

    /// How many tokens an answer may have under the limits of the runs around this one.
    pub(super) fn output_allowance(&self, model: &str, input: u64) -> Result<Option<u64>, LimitReached> {
        let mut allowance = None;
        for run in self.around() {
            if let Some(own) = run.total().output_allowance(&run.policy, model, input)? {
                allowance = Some(allowance.map_or(own, |other: u64| other.min(own)));
            }
        }
        Ok(allowance)
    }

    /// Whether the tool calls that this run is about to run, already counted as spent, are too many for a run around it.
    pub(super) fn check_tool_calls(&self) -> Result<(), LimitReached> {
        for run in self.around() {
            let used = run.total().tool_calls;
            if let Some(allowed) = run.policy.max_tool_calls.filter(|allowed| used > *allowed) {
                return Err(LimitReached::new(Limit::ToolCalls, u64::from(used), 0, u64::from(allowed)));
            }
        }
        Ok(())
    }

    /// Whether this run or one around it has a limit on cost.
    pub(super) fn limits_cost(&self) -> bool {
        self.line().any(|run| run.policy.max_cost.is_some())
    }

    /// Whether a run around this one counts tool calls, so that none may begin before its whole step was counted.
    pub(super) fn limits_tool_calls(&self) -> bool {
        self.around().any(|run| run.policy.max_tool_calls.is_some())
    }

    /// Takes over what the run has spent so far, and tells the runs around it of what is new.
    pub(super) fn tell(&self, spent: Spent) {
        let new = {
            let mut books = self.books();
            let new = spent.since(&books.own);
            books.own = spent;
            new
        };
        for run in self.around() {
            let mut books = run.books();
            books.nested = books.nested.plus(&new);
        }
    }

    /// What runs within this one have spent since this was last asked. The run is then told of it, so it counts as its
    /// own.
    pub(super) fn take_nested(&self) -> Spent {
        let mut books = self.books();
        let nested = std::mem::take(&mut books.nested);
        books.own = books.own.plus(&nested);
        nested
    }

    /// Counts what was spent beside the run's own requests.
    fn spend(&self, spent: &Spent) {
        for run in self.line() {
            let mut books = run.books();
            books.nested = books.nested.plus(spent);
        }
    }

    fn total(&self) -> Spent {
        let books = self.books();
        books.own.plus(&books.nested)
    }

    /// The run and the runs around it, from the inside out.
    fn line(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |run| run.parent.as_deref())
    }

    fn around(&self) -> impl Iterator<Item = &Self> {
        self.line().skip(1)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spending for Lineage {
    fn ask(&self, models: &[String], input_tokens: u64) -> Result<Option<u64>> {
        let mut allowance = None;
        for run in self.line() {
            for model in models {
                let own = run.total().output_allowance(&run.policy, model, input_tokens)?;
                allowance = allowance.into_iter().chain(own).min();
            }
        }
        self.spend(&Spent { model_requests: 1, ..Spent::default() });
        Ok(allowance)
    }

    fn asked(&self, models: &[String], input_tokens: u64, usage: &Usage, answer: Option<&Message>) {
        let model = self.policy.dearest(models).into();
        self.spend(&Asked { model, input_tokens }.spent(&self.policy, usage, answer));
    }
}

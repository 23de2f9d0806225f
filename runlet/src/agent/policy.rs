//! The limits of a run, what its tokens cost, and how its tool calls are run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::message::Usage;

/// The limits of a run, checked before the spending.
///
/// What a limit does not allow is not begun: no request is sent, no call of a batch is run. The run then ends as
/// [`RunStatus::Stopped`](crate::run::RunStatus::Stopped) with a [`LimitReached`](crate::run::LimitReached) that says
/// which limit it was and what was used, and its report keeps all that was done.
///
/// Limits on tokens and cost count what providers report. Where a provider reports nothing, the upper figure of the
/// request's bill and the bytes of the answer stand in for it: unknown is never zero.
///
/// What a run spends that a tool drives, the run around it spends too, and both limits hold. Several such runs at a time
/// see what the others have spent, not what they are about to: each may pass the outer limit by the answer it waits for.
/// Make such a tool sequential where that matters.
///
/// ```
/// use std::time::Duration;
/// use runlet::agent::{Cost, Price};
/// use runlet::RunPolicy;
///
/// let policy = RunPolicy::new()
///     .max_steps(12)
///     .max_tool_calls(40)
///     .max_total_tokens(200_000)
///     .max_duration(Duration::from_secs(300))
///     .price("gpt-5.5", Price::per_million(1.25, 10.0))
///     .max_cost(Cost::from_units(0.50));
/// assert_eq!(policy.max_steps, 12);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RunPolicy {
    /// The most steps: model calls with the tool calls they ask for. 20 by default.
    pub max_steps: u32,
    /// The most tool calls of one step; the model is told that the rest did not run. 32 by default.
    pub max_tool_calls_per_step: usize,
    /// How many steps in a row may consist of nothing but calls that could not run (unknown tool, invalid arguments)
    /// before the run fails. 3 by default.
    pub max_bad_steps: u32,
    /// How often an answer that does not fit the agent's output type goes back to the model. 2 by default.
    pub max_output_retries: u32,
    /// In how many steps in a row the model may ask for one and the same call, tool and arguments alike: the run stops
    /// before the call is run that often. 5 by default; 0 for no limit.
    pub max_identical_calls: u32,
    /// How deep runs may nest: a run that a tool of another run drives is one deeper. 8 by default.
    pub max_depth: u32,
    /// The most model requests, those included that failed or were asked again. No limit by default.
    pub max_model_requests: Option<u32>,
    /// The most tool calls of the whole run. No limit by default.
    pub max_tool_calls: Option<u32>,
    /// The most tokens of all requests together. No limit by default.
    pub max_input_tokens: Option<u64>,
    /// The most tokens of all answers together. No limit by default.
    pub max_output_tokens: Option<u64>,
    /// The most tokens of all requests and answers together. No limit by default.
    pub max_total_tokens: Option<u64>,
    /// The most that all requests and answers together may cost. A model without a [price](Self::price) is not asked.
    /// No limit by default.
    pub max_cost: Option<Cost>,
    /// What the tokens of models cost, by the model's name.
    pub prices: BTreeMap<String, Price>,
    /// How long the run may take, from where it is begun or resumed. No limit by default.
    pub max_duration: Option<Duration>,
}

impl RunPolicy {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            max_steps: 20,
            max_tool_calls_per_step: 32,
            max_bad_steps: 3,
            max_output_retries: 2,
            max_identical_calls: 5,
            max_depth: 8,
            max_model_requests: None,
            max_tool_calls: None,
            max_input_tokens: None,
            max_output_tokens: None,
            max_total_tokens: None,
            max_cost: None,
            prices: BTreeMap::new(),
            max_duration: None,
        }
    }

    /// Sets the most steps.
    pub fn max_steps(mut self, steps: u32) -> Self {
        self.max_steps = steps;
        self
    }

    /// Sets the most tool calls of one step.
    pub fn max_tool_calls_per_step(mut self, calls: usize) -> Self {
        self.max_tool_calls_per_step = calls;
        self
    }

    /// Sets how many steps in a row may consist of nothing but calls that could not run.
    pub fn max_bad_steps(mut self, steps: u32) -> Self {
        self.max_bad_steps = steps;
        self
    }

    /// Sets how often an answer that does not fit the output type goes back to the model.
    pub fn max_output_retries(mut self, retries: u32) -> Self {
        self.max_output_retries = retries;
        self
    }

    /// Sets in how many steps in a row the model may ask for the same call; 0 for no limit.
    pub fn max_identical_calls(mut self, steps: u32) -> Self {
        self.max_identical_calls = steps;
        self
    }

    /// Sets how deep runs may nest.
    pub fn max_depth(mut self, depth: u32) -> Self {
        self.max_depth = depth;
        self
    }

    /// Sets the most model requests.
    pub fn max_model_requests(mut self, requests: u32) -> Self {
        self.max_model_requests = Some(requests);
        self
    }

    /// Sets the most tool calls of the whole run.
    pub fn max_tool_calls(mut self, calls: u32) -> Self {
        self.max_tool_calls = Some(calls);
        self
    }

    /// Sets the most tokens of all requests together.
    pub fn max_input_tokens(mut self, tokens: u64) -> Self {
        self.max_input_tokens = Some(tokens);
        self
    }

    /// Sets the most tokens of all answers together.
    pub fn max_output_tokens(mut self, tokens: u64) -> Self {
        self.max_output_tokens = Some(tokens);
        self
    }

    /// Sets the most tokens of all requests and answers together.
    pub fn max_total_tokens(mut self, tokens: u64) -> Self {
        self.max_total_tokens = Some(tokens);
        self
    }

    /// Sets the most that the run may cost, by the [prices](Self::price) given.
    pub fn max_cost(mut self, cost: Cost) -> Self {
        self.max_cost = Some(cost);
        self
    }

    /// Sets what the tokens of a model cost. The name is the one the model was made with.
    pub fn price(mut self, model: impl Into<String>, price: Price) -> Self {
        self.prices.insert(model.into(), price);
        self
    }

    /// The model among these whose tokens cost the most; the first where none has a price.
    pub(crate) fn dearest<'a>(&self, models: &'a [String]) -> &'a str {
        let price = |model: &&String| self.prices.get(*model).map(|price| price.input.saturating_add(price.output));
        // The first of equals.
        models.iter().rev().max_by_key(price).map_or("", String::as_str)
    }

    /// Sets how long the run may take.
    pub fn max_duration(mut self, duration: Duration) -> Self {
        self.max_duration = Some(duration);
        self
    }
}

impl Default for RunPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// An amount of money, in the currency that the caller's prices are in.
///
/// It is kept as a whole number of 10⁻¹² units, so that sums are exact and a saved run has the same one.
///
/// ```
/// use runlet::agent::Cost;
///
/// assert_eq!(Cost::from_units(1.5).to_string(), "1.500000");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cost(u64);

impl Cost {
    /// An amount in units of the currency. What is no number from 0 up counts as the greatest amount.
    pub fn from_units(units: f64) -> Self {
        Self(whole(units * 1e12))
    }

    /// The amount in units of the currency.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people; the sums are whole numbers")]
    pub fn units(self) -> f64 {
        self.0 as f64 / 1e12
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) fn picos(self) -> u64 {
        self.0
    }

    pub(crate) fn from_picos(picos: u64) -> Self {
        Self(picos)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000_000_000, self.0 / 1_000_000 % 1_000_000)
    }
}

/// What the tokens of a model cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Of a token of input, in 10⁻¹² units.
    input: u64,
    output: u64,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
}

impl Price {
    /// The price of a million tokens of input and of output, in units of the caller's currency: providers' price lists
    /// are written so. What is no number from 0 up counts as the highest price.
    pub fn per_million(input: f64, output: f64) -> Self {
        Self { input: whole(input * 1e6), output: whole(output * 1e6), cache_read: None, cache_write: None }
    }

    /// Sets the price of a million input tokens that are read from the provider's cache and written to it. Otherwise
    /// both cost what other input does.
    pub fn cached_per_million(mut self, read: f64, write: f64) -> Self {
        (self.cache_read, self.cache_write) = (Some(whole(read * 1e6)), Some(whole(write * 1e6)));
        self
    }

    /// What a request and its answer cost.
    pub(crate) fn of(&self, input: u64, output: u64, usage: &Usage) -> Cost {
        let read = usage.cache_read_tokens.unwrap_or(0).min(input);
        let write = usage.cache_write_tokens.unwrap_or(0).min(input - read);
        let parts = [
            (input - read - write, self.input),
            (read, self.cache_read.unwrap_or(self.input)),
            (write, self.cache_write.unwrap_or(self.input)),
            (output, self.output),
        ];
        parts.iter().fold(Cost::default(), |sum, (tokens, price)| sum.plus(Cost(tokens.saturating_mul(*price))))
    }

    /// The most that a request of so many tokens may cost, before its answer.
    pub(crate) fn of_request(&self, input: u64) -> Cost {
        let dearest = self.input.max(self.cache_read.unwrap_or(0)).max(self.cache_write.unwrap_or(0));
        Cost(input.saturating_mul(dearest))
    }

    /// How many tokens of output an amount buys; `None` where they cost nothing.
    pub(crate) fn output_for(&self, cost: u64) -> Option<u64> {
        cost.checked_div(self.output)
    }
}

/// A number as a whole one, rounded up.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast stops at the ends")]
fn whole(number: f64) -> u64 {
    if number.is_finite() && number >= 0.0 { number.ceil() as u64 } else { u64::MAX }
}

/// How tool calls are run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolPolicy {
    /// The most calls of one step that run at a time. 8 by default.
    pub concurrency: usize,
    /// How long a call may take where its tool does not say. 60 seconds by default.
    pub timeout: Duration,
    /// How long a call may go on after it was cancelled, before it is dropped. 2 seconds by default.
    pub grace: Duration,
    /// The longest output the model is shown where the tool does not say, in bytes of text. 256 KiB by default.
    pub max_output_bytes: usize,
    /// The largest share of the model's context window that one output may take, in percent. 25 by default. It holds
    /// where the window, or the caller's cap of it, is known.
    pub max_output_window_percent: u8,
    /// How many bytes of outputs that were cut a run keeps whole, for the model to read the rest of them with the tool
    /// `recall`. The oldest go first. 4 MiB by default; with 0 nothing is kept and there is no such tool.
    pub max_recall_bytes: usize,
}

impl ToolPolicy {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            concurrency: 8,
            timeout: Duration::from_mins(1),
            grace: Duration::from_secs(2),
            max_output_bytes: 256 * 1024,
            max_output_window_percent: 25,
            max_recall_bytes: 4 * 1024 * 1024,
        }
    }

    /// Sets the most calls of one step that run at a time; 0 counts as 1.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Sets how long a call may take.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long a cancelled call may go on.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets the longest output the model is shown, in bytes.
    pub fn max_output_bytes(mut self, bytes: usize) -> Self {
        self.max_output_bytes = bytes;
        self
    }

    /// Sets the largest share of the context window that one output may take, in percent.
    pub fn max_output_window_percent(mut self, percent: u8) -> Self {
        self.max_output_window_percent = percent;
        self
    }

    /// Sets how many bytes of cut outputs a run keeps whole.
    pub fn max_recall_bytes(mut self, bytes: usize) -> Self {
        self.max_recall_bytes = bytes;
        self
    }
}

impl Default for ToolPolicy {
    fn default() -> Self {
        Self::new()
    }
}

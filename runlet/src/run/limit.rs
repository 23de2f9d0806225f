//! What a run has spent, and whether it may spend more.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::agent::{Cost, RunPolicy};
use crate::error::{Error, ErrorKind};
use crate::message::{Message, Part, Usage};

/// The fewest output tokens a request is worth sending for: what OpenAI's Responses API takes as the least
/// `max_output_tokens`.
const LEAST_OUTPUT: u64 = 16;

/// A limit of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Limit {
    /// [`RunPolicy::max_steps`].
    Steps,
    /// [`RunPolicy::max_model_requests`].
    ModelRequests,
    /// [`RunPolicy::max_tool_calls`].
    ToolCalls,
    /// [`RunPolicy::max_input_tokens`].
    InputTokens,
    /// [`RunPolicy::max_output_tokens`].
    OutputTokens,
    /// [`RunPolicy::max_total_tokens`].
    TotalTokens,
    /// [`RunPolicy::max_cost`], in 10⁻¹² units of the caller's currency.
    Cost,
    /// [`RunPolicy::max_duration`], in milliseconds.
    Duration,
    /// [`RunPolicy::max_identical_calls`].
    IdenticalCalls,
    /// [`RunPolicy::max_depth`].
    Depth,
}

impl Limit {
    /// The setting of [`RunPolicy`] behind it.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Steps => "max_steps",
            Self::ModelRequests => "max_model_requests",
            Self::ToolCalls => "max_tool_calls",
            Self::InputTokens => "max_input_tokens",
            Self::OutputTokens => "max_output_tokens",
            Self::TotalTokens => "max_total_tokens",
            Self::Cost => "max_cost",
            Self::Duration => "max_duration",
            Self::IdenticalCalls => "max_identical_calls",
            Self::Depth => "max_depth",
        }
    }
}

/// A limit that a run came to. It is the [detail](Error::detail) of errors of kind [`ErrorKind::PolicyStop`].
///
/// ```
/// # fn example(error: &runlet::Error) {
/// use runlet::run::{Limit, LimitReached};
///
/// if let Some(reached) = error.detail::<LimitReached>() {
///     println!("{} of {} used", reached.used, reached.allowed);
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LimitReached {
    /// Which one.
    pub limit: Limit,
    /// What was used of it, in the unit of the limit.
    pub used: u64,
    /// What the next step would have used on top; 0 where that is not known beforehand.
    pub needed: u64,
    /// What the policy allows.
    pub allowed: u64,
}

impl LimitReached {
    pub(crate) fn new(limit: Limit, used: u64, needed: u64, allowed: u64) -> Self {
        Self { limit, used, needed, allowed }
    }
}

impl fmt::Display for LimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, used, needed, allowed } = self;
        let setting = limit.setting();
        match limit {
            Limit::Steps => {
                write!(f, "the run has not come to an end, and `{setting}` is {allowed}")
            }
            Limit::IdenticalCalls => write!(
                f,
                "the model asked for the same tool call in {used} steps in a row, and `{setting}` is {allowed}: it was \
                 not run again"
            ),
            Limit::Depth => write!(f, "runs are nested {used} deep, and `{setting}` is {allowed}"),
            Limit::Duration => write!(f, "the run took {used} ms, and `{setting}` is {allowed} ms"),
            Limit::Cost => write!(
                f,
                "the run has cost {}, its next request may cost {} before its answer, and `{setting}` is {}",
                cost(*used),
                cost(*needed),
                cost(*allowed)
            ),
            _ => write!(f, "the run has used {used}, needs {needed} more to go on, and `{setting}` is {allowed}"),
        }
    }
}

fn cost(picos: u64) -> Cost {
    Cost::from_picos(picos)
}

impl std::error::Error for LimitReached {}

impl From<LimitReached> for Error {
    fn from(reached: LimitReached) -> Self {
        Self::with_source(ErrorKind::PolicyStop, reached.to_string(), reached)
    }
}

/// What a run has spent, as its limits count it.
///
/// Beside [`Usage`], which holds what providers reported and nothing else: here, what a provider did not report is
/// counted by the upper figure of the request's bill and the bytes of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Spent {
    /// Model requests that were sent, answered or not.
    pub model_requests: u32,
    /// Tool calls that were given to be run.
    pub tool_calls: u32,
    /// Tokens of all requests.
    pub input_tokens: u64,
    /// Tokens of all answers.
    pub output_tokens: u64,
    /// What they cost, for models that have a price.
    pub cost: Cost,
}

impl Spent {
    /// Tokens of all requests and answers.
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// What another model reports of a request that helped with the run's own.
    pub(crate) fn reported(usage: &Usage) -> Self {
        let (input_tokens, output_tokens) = (usage.input_tokens.unwrap_or(0), usage.output_tokens.unwrap_or(0));
        Self { model_requests: 1, tool_calls: 0, input_tokens, output_tokens, cost: Cost::default() }
    }

    /// What was spent beyond an earlier figure of the same run.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            model_requests: self.model_requests.saturating_sub(earlier.model_requests),
            tool_calls: self.tool_calls.saturating_sub(earlier.tool_calls),
            input_tokens: self.input_tokens.saturating_sub(earlier.input_tokens),
            output_tokens: self.output_tokens.saturating_sub(earlier.output_tokens),
            cost: Cost::from_picos(self.cost.picos().saturating_sub(earlier.cost.picos())),
        }
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self {
            model_requests: self.model_requests.saturating_add(other.model_requests),
            tool_calls: self.tool_calls.saturating_add(other.tool_calls),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cost: self.cost.plus(other.cost),
        }
    }

    /// How many tokens an answer may have under a policy, for a request of `input` tokens to `model`; `None` for as many
    /// as it likes.
    ///
    /// # Errors
    /// The limit that does not allow the request itself, or leaves no room for an answer.
    pub(crate) fn output_allowance(
        &self,
        policy: &RunPolicy,
        model: &str,
        input: u64,
    ) -> Result<Option<u64>, LimitReached> {
        let mut allowance: Option<u64> = None;
        let mut allow = |limit, used: u64, needed: u64, allowed: Option<u64>, answer: bool| {
            let Some(allowed) = allowed else { return Ok(()) };
            let left = allowed.saturating_sub(used.saturating_add(needed));
            let least = if answer { LEAST_OUTPUT } else { 0 };
            if used.saturating_add(needed) > allowed || left < least {
                return Err(LimitReached::new(limit, used, needed.saturating_add(least), allowed));
            }
            if answer {
                allowance = Some(allowance.map_or(left, |other| other.min(left)));
            }
            Ok(())
        };
        allow(
            Limit::ModelRequests,
            u64::from(self.model_requests),
            1,
            policy.max_model_requests.map(u64::from),
            false,
        )?;
        allow(Limit::InputTokens, self.input_tokens, input, policy.max_input_tokens, false)?;
        allow(Limit::OutputTokens, self.output_tokens, 0, policy.max_output_tokens, true)?;
        allow(Limit::TotalTokens, self.total_tokens(), input, policy.max_total_tokens, true)?;
        if let Some(allowed) = policy.max_cost {
            // A model whose price is not known may cost anything.
            let (used, most) = (self.cost.picos(), allowed.picos());
            let price = policy.prices.get(model);
            let needed = price.map_or(u64::MAX, |price| price.of_request(input).picos());
            let reached = || LimitReached::new(Limit::Cost, used, needed, most);
            let left = most.checked_sub(used.saturating_add(needed)).ok_or_else(reached)?;
            if let Some(affordable) = price.and_then(|price| price.output_for(left)) {
                if affordable < LEAST_OUTPUT {
                    return Err(reached());
                }
                allowance = Some(allowance.map_or(affordable, |other| other.min(affordable)));
            }
        }
        Ok(allowance)
    }
}

/// A request that was sent and has no answer yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) model: Arc<str>,
    /// The upper figure of its tokens.
    pub(crate) input_tokens: u64,
}

impl Asked {
    /// What the request and its answer count for, where `usage` says and where it does not.
    pub(crate) fn spent(&self, policy: &RunPolicy, usage: &Usage, answer: Option<&Message>) -> Spent {
        let input_tokens = usage.input_tokens.unwrap_or(self.input_tokens);
        let output_tokens = usage.output_tokens.unwrap_or_else(|| answer.map_or(0, bytes));
        let price = policy.prices.get(&*self.model);
        let cost = price.map(|price| price.of(input_tokens, output_tokens, usage)).unwrap_or_default();
        Spent { model_requests: 0, tool_calls: 0, input_tokens, output_tokens, cost }
    }
}

/// The bytes of what a model said: no encoder makes more tokens of them.
fn bytes(message: &Message) -> u64 {
    let of = |part: &Part| match part {
        Part::Text(text) => text.text.len(),
        Part::Reasoning(reasoning) => reasoning.text.len(),
        Part::Refusal(refusal) => refusal.text.len(),
        Part::ToolCall(call) => call.name.len() + call.arguments.len(),
        Part::Native(native) => native.item.len(),
        Part::ToolResult(_) | Part::Media(_) => 0,
    };
    u64::try_from(message.parts.iter().map(of).sum::<usize>()).unwrap_or(u64::MAX)
}

//! What the budget's figures are of the input that providers billed, over all recorded exchanges of text.

use std::collections::BTreeMap;

use runlet::budget::{ContextManager, ContextPolicy, Encoding};
use runlet::message::UsageSource;
use runlet::model::{AnyModel, Capabilities, Model, ModelRequest, ModelResponse, ToolDefinition};
use runlet::{Message, Part};

/// The figures of one API, by whether the request has tools or a schema, and whose model it asked.
#[derive(Debug, Default)]
pub(crate) struct Figures(BTreeMap<(String, &'static str), Vec<Figure>>);

/// The expected and the upper figure over the reported one.
#[derive(Clone, Copy, Debug)]
struct Figure {
    expected: f64,
    upper: f64,
}

impl Figures {
    /// Adds an exchange, if all of its input is text that stands in the request, and the provider said what it billed.
    pub(crate) fn add(&mut self, api: &str, model: &AnyModel, request: &ModelRequest, response: &ModelResponse) {
        let reported = response.usage.input_tokens.filter(|tokens| *tokens > 0);
        let (Some(reported), UsageSource::Reported) = (reported, response.usage.source) else { return };
        if !is_text(request) || response.message.parts.iter().any(|part| matches!(part, Part::Native(_))) {
            return;
        }
        let window = Capabilities::new().context_window(u64::MAX / 2);
        let manager = ContextManager::new(ContextPolicy::new()).for_model(model);
        let Ok(bill) = manager.bill(request, &window) else { return };
        // Other vendors' servers that speak OpenAI's API put prompts of their own before a request.
        let foreign = api.starts_with("openai") && Encoding::of(model.name()).is_none();
        let kind = match (request.tools.is_empty() && request.output.is_none(), foreign) {
            (true, false) => "text",
            (false, false) => "tools or schema",
            (true, true) => "text, other vendors",
            (false, true) => "tools, other vendors",
        };
        let figure = |tokens: u64| ratio(tokens, reported);
        let figure = Figure { expected: figure(bill.input().expected), upper: figure(bill.input().upper) };
        self.0.entry((api.to_owned(), kind)).or_default().push(figure);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (kind, figures) in other.0 {
            self.0.entry(kind).or_default().extend(figures);
        }
    }

    pub(crate) fn print(&self) {
        println!("\nthe budget's figures over the reported input, text only, uncalibrated:");
        println!(
            "{:<18} {:<22} {:>9} {:>9} | upper {:>6} {:>6} {:>6} {:>6} {:>6} | expected {:>6} {:>6} {:>6}",
            "api", "kind", "exchanges", "upper>=1", "min", "p1", "median", "p99", "max", "p1", "median", "p99"
        );
        for ((api, kind), figures) in &self.0 {
            let upper = sorted(figures.iter().map(|figure| figure.upper));
            let expected = sorted(figures.iter().map(|figure| figure.expected));
            let covered = upper.iter().filter(|upper| **upper >= 1.0).count();
            println!(
                "{api:<18} {kind:<22} {:>9} {covered:>9} | upper {:>6.2} {:>6.2} {:>6.2} {:>6.2} {:>6.2} | expected {:>6.2} {:>6.2} {:>6.2}",
                figures.len(),
                quantile(&upper, 0.0),
                quantile(&upper, 0.01),
                quantile(&upper, 0.5),
                quantile(&upper, 0.99),
                quantile(&upper, 1.0),
                quantile(&expected, 0.01),
                quantile(&expected, 0.5),
                quantile(&expected, 0.99),
            );
        }
    }
}

/// Whether the request holds all of its input, as text: no attachments, no items or tools of the provider's own, nothing
/// that the provider kept.
fn is_text(request: &ModelRequest) -> bool {
    let elsewhere = ["previous_response_id", "conversation", "prompt", "cachedContent", "container", "mcp_servers"];
    let options = ["openai", "anthropic", "gemini"].into_iter().filter_map(|name| request.options.of(name));
    !options.into_iter().any(|options| elsewhere.iter().any(|name| options.contains_key(*name)))
        && !request.tools.iter().any(|tool| matches!(tool, ToolDefinition::Native(_)))
        && request.messages.iter().all(|message| is_text_message(message))
}

fn is_text_message(message: &Message) -> bool {
    let is_text = |part: &Part| matches!(part, Part::Text(_) | Part::Refusal(_) | Part::ToolCall(_));
    message.parts.iter().all(|part| match part {
        Part::ToolResult(result) => result.content.iter().all(is_text),
        part => is_text(part),
    })
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

#[expect(clippy::cast_precision_loss, reason = "counts of tests are small")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

/// The value that `share` of the values, which are sorted, do not exceed.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of tests are small"
)]
fn quantile(values: &[f64], share: f64) -> f64 {
    let place = (values.len().saturating_sub(1) as f64 * share).round() as usize;
    values.get(place).copied().unwrap_or(0.0)
}

//! The ledger: what each part of a request takes, counted once.

use std::sync::{Arc, Mutex, PoisonError};

use super::dialect::Dialect;
use super::policy::fraction_of;
use super::rules::{Rules, most};
use super::{ContextManager, Ruler, media};
use crate::message::{Message, Messages, Part, Role, SharedMessage, TokenCount};
use crate::model::{
    Bill, BillItem, BillPart, ModelRequest, OutputFormat, PartMeter, ProviderOptions, Share, ShareUse, Tally,
    ToolDefinition,
};

/// Remembers what was counted of the requests of one conversation, so that a step counts only what is new:
/// [`ContextManager::prepare_next`] has an example.
#[derive(Debug, Default)]
pub struct Ledger {
    fixed: Option<Arc<Fixed>>,
    messages: Tally,
    messages_total: TokenCount,
    /// The upper figures of the messages' parts that a policy can hold to a share.
    tool_results: u64,
    attachments: u64,
    lineage: Option<u64>,
    meter: Option<PartMeter>,
}

/// What does not change from step to step, with what it was counted from.
#[derive(Debug)]
struct Fixed {
    key: u64,
    instructions: Option<Arc<str>>,
    tools: Arc<Vec<ToolDefinition>>,
    output: Option<OutputFormat>,
    options: ProviderOptions,
    items: Arc<Vec<BillItem>>,
    total: TokenCount,
}

/// What was counted last of what does not change: the runs of one agent share it.
#[derive(Debug, Default)]
pub(super) struct FixedCounts(Mutex<Option<Arc<Fixed>>>);

impl FixedCounts {
    fn get(&self, request: &ModelRequest, manager: &ContextManager) -> Arc<Fixed> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fixed) = kept.as_ref().filter(|fixed| fixed.is_of(request, manager.key)) {
            return Arc::clone(fixed);
        }
        let fixed = Arc::new(Fixed::count(request, manager));
        *kept = Some(Arc::clone(&fixed));
        fixed
    }
}

impl Ledger {
    /// The bill of a request.
    pub(super) fn bill(
        &mut self,
        request: &ModelRequest,
        manager: &ContextManager,
        reserved_output: u64,
        limit: u64,
    ) -> Bill {
        // What another manager counted is not this one's.
        if self.meter.as_ref().is_some_and(|meter| meter.key != manager.key) {
            *self = Self::default();
        }
        let calibration = manager.calibration();
        let fixed = match self.fixed.take().filter(|fixed| fixed.is_of(request, manager.key)) {
            Some(fixed) => fixed,
            None => manager.policy.learnt.fixed.get(request, manager),
        };
        self.count_messages(request, manager);
        let meter = self.meter.get_or_insert_with(|| meter(manager)).clone();
        let shares = manager.policy.shares.iter().map(|(share, fraction)| {
            let most = fraction_of(limit, *fraction);
            ShareUse { share: *share, tokens: calibration.scale_upper(self.of_share(*share, &fixed)), most }
        });
        let bill = Bill {
            fixed: Arc::clone(&fixed.items),
            messages: self.messages.clone(),
            meter,
            measured: fixed.total + self.messages_total,
            calibration,
            counted_input: None,
            reserved_output,
            margin: fraction_of(limit, manager.policy.margin),
            limit,
            shares: shares.collect(),
        };
        self.fixed = Some(fixed);
        bill
    }

    /// What parts of one kind take, as the upper figure.
    fn of_share(&self, share: Share, fixed: &Fixed) -> u64 {
        let of = |wanted: fn(&BillPart) -> bool| {
            fixed.items.iter().filter(|item| wanted(&item.part)).map(|item| item.tokens.upper).sum()
        };
        match share {
            Share::Instructions => of(|part| *part == BillPart::Instructions),
            Share::Tools => of(|part| matches!(part, BillPart::Tool { .. })),
            Share::ToolResults => self.tool_results,
            Share::Attachments => self.attachments,
        }
    }

    fn count_messages(&mut self, request: &ModelRequest, manager: &ContextManager) {
        let messages = &request.messages;
        if self.lineage != Some(messages.lineage()) || self.messages.len() > messages.len() {
            self.lineage = Some(messages.lineage());
            self.messages = Tally::default();
            self.messages_total = TokenCount::default();
            (self.tool_results, self.attachments) = (0, 0);
        }
        let attachments = manager.policy.shares.iter().any(|(share, _)| *share == Share::Attachments);
        let new = messages.get(self.messages.len()..).unwrap_or_default();
        let counted: Box<[_]> = new.iter().map(|message| (message.clone(), manager.measure(message))).collect();
        for (message, tokens) in &counted {
            let tokens = *tokens;
            self.messages_total += tokens;
            let of = |share| manager.of_share(share, message);
            self.tool_results = self.tool_results.saturating_add(of(Share::ToolResults));
            if attachments {
                self.attachments = self.attachments.saturating_add(of(Share::Attachments));
            }
        }
        self.messages.extend(counted);
    }
}

impl Fixed {
    fn count(request: &ModelRequest, manager: &ContextManager) -> Self {
        let measure = |texts: &[&str]| -> TokenCount {
            manager.most(|rules| texts.iter().map(|text| rules.ruler().measure(text)).sum())
        };
        let has_tools = !request.tools.is_empty();
        let tools = manager.most(|rules| if has_tools { rules.dialect.tools() } else { TokenCount::default() });
        let mut items = vec![BillItem { part: BillPart::Overhead, tokens: Dialect::REQUEST + tools }];
        if let Some(instructions) = &request.instructions {
            let tokens = Dialect::MESSAGE + measure(&[instructions]);
            items.push(BillItem { part: BillPart::Instructions, tokens });
        }
        for tool in request.tools.iter() {
            let (name, tokens) = match tool {
                ToolDefinition::Function(spec) => {
                    let texts = [spec.name.as_ref(), spec.description.as_ref(), spec.parameters.json()];
                    (spec.name.to_string(), measure(&texts))
                }
                ToolDefinition::Native(native) => (native.kind.clone(), measure(&[&native.item])),
            };
            let frame = manager.most(|rules| rules.dialect.tool());
            items.push(BillItem { part: BillPart::Tool { name }, tokens: frame + tokens });
        }
        if let Some(OutputFormat::Schema { name, description, schema, .. }) = &request.output {
            let texts = [name.as_str(), description.as_deref().unwrap_or_default(), schema.json()];
            items.push(BillItem { part: BillPart::OutputSchema, tokens: measure(&texts) });
        }
        if !request.options.is_empty() {
            // Which of them the model reads is the provider's business: all count.
            let json = serde_json::to_string(&request.options).unwrap_or_default();
            items.push(BillItem { part: BillPart::Options, tokens: measure(&[&json]) });
        }
        let total = items.iter().map(|item| item.tokens).sum();
        Self {
            key: manager.key,
            instructions: request.instructions.clone(),
            tools: Arc::clone(&request.tools),
            output: request.output.clone(),
            options: request.options.clone(),
            items: Arc::new(items),
            total,
        }
    }

    /// Whether this was counted from the same instructions, tools and output, by the same rules: shared ones are told by
    /// their address.
    fn is_of(&self, request: &ModelRequest, key: u64) -> bool {
        let instructions = match (&self.instructions, &request.instructions) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
            (None, None) => true,
            _ => false,
        };
        let tools = Arc::ptr_eq(&self.tools, &request.tools) || self.tools == request.tools;
        self.key == key && instructions && tools && self.output == request.output && self.options == request.options
    }
}

impl ContextManager {
    /// By how many tokens of the upper figure one conversation is smaller than another.
    pub(crate) fn freed(&self, before: &Messages, after: &Messages) -> u64 {
        let upper = |messages: &Messages| messages.iter().map(|message| self.measure(message).upper).sum::<u64>();
        upper(before).saturating_sub(upper(after))
    }

    /// What a message takes, counted once in its life.
    pub(super) fn measure(&self, message: &SharedMessage) -> TokenCount {
        message.tokens(self.key, |message| self.measure_once(message))
    }

    /// What a message takes that is not shared yet.
    pub(super) fn measure_once(&self, message: &Message) -> TokenCount {
        Dialect::MESSAGE + message.parts.iter().map(|part| self.measure_part(part)).sum()
    }

    fn measure_part(&self, part: &Part) -> TokenCount {
        self.most(|rules| measure_part(part, &rules.dialect, rules.ruler()))
    }

    /// What of a message counts to a share, as the upper figure.
    pub(super) fn of_share(&self, share: Share, message: &SharedMessage) -> u64 {
        let is_result = message.role == Role::Tool;
        match share {
            Share::ToolResults if is_result => self.measure(message).upper,
            Share::Attachments if !is_result => {
                let media = message.parts.iter().filter(|part| matches!(part, Part::Media(_)));
                media.map(|part| self.measure_part(part).upper).sum()
            }
            _ => 0,
        }
    }

    pub(crate) fn ruler(&self) -> &dyn Ruler {
        self.rules.ruler()
    }

    /// What is measured by the rules of each model that may be asked: the most of it.
    fn most(&self, measure: impl Fn(&Rules) -> TokenCount) -> TokenCount {
        most(self.all_rules(), measure)
    }
}

/// Measures parts for the lines of a bill.
fn meter(manager: &ContextManager) -> PartMeter {
    let (first, others) = (manager.rules.clone(), Arc::clone(&manager.others));
    let measure = move |message: &Message| {
        let rules = || std::iter::once(&first).chain(others.iter());
        let parts = message.parts.iter();
        parts.map(|part| most(rules(), |rules| measure_part(part, &rules.dialect, rules.ruler()))).collect()
    };
    PartMeter { key: manager.key, measure: Arc::new(measure) }
}

fn measure_part(part: &Part, dialect: &Dialect, ruler: &dyn Ruler) -> TokenCount {
    match part {
        Part::Text(text) => ruler.measure(&text.text),
        Part::Refusal(refusal) => ruler.measure(&refusal.text),
        Part::Reasoning(reasoning) => ruler.measure(&reasoning.text) + hidden(reasoning.extra.text_len()),
        Part::ToolCall(call) => dialect.call() + ruler.measure(&call.name) + ruler.measure(&call.arguments),
        Part::ToolResult(result) => {
            dialect.call() + result.content.iter().map(|part| measure_part(part, dialect, ruler)).sum()
        }
        Part::Media(media) => media::measure(media, dialect, ruler),
        Part::Native(native) => ruler.measure(&native.item),
    }
}

/// What text hidden in base64 or encryption takes. Three bytes stand behind four characters, and text has about four
/// bytes a token; the upper figure takes two.
fn hidden(characters: usize) -> TokenCount {
    let bytes = u64::try_from(characters).unwrap_or(u64::MAX) / 4 * 3;
    TokenCount { expected: bytes / 4, upper: bytes / 2 }
}

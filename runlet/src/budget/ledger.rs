//! The ledger: what each part of a request takes, counted once.

use std::sync::Arc;

use super::{ContextManager, Ruler};
use crate::message::{Message, Messages, Part, SharedMessage, TokenCount};
use crate::model::{Bill, BillItem, BillPart, ModelRequest, OutputFormat, ProviderOptions, ToolDefinition};

/// What every request takes beside its parts. OpenAI bills 3 tokens to begin the answer; the rest is margin.
const REQUEST: TokenCount = TokenCount { expected: 3, upper: 16 };
/// What every message takes beside its parts: role and separators. OpenAI bills 3 and the role's own token.
const MESSAGE: TokenCount = TokenCount { expected: 4, upper: 8 };
/// What a tool call or a result takes beside its texts: its frame and its id.
const CALL: TokenCount = TokenCount { expected: 8, upper: 24 };
/// What a tool takes beside its name, description and schema.
const TOOL: TokenCount = TokenCount { expected: 8, upper: 24 };
/// What an image takes: OpenAI bills 765 tokens for 1,024 pixels square and at most 1,445 for the largest it reads at
/// full detail (85 + 170 for each of at most 8 tiles), Anthropic about 1,600 at most.
const IMAGE: TokenCount = TokenCount { expected: 765, upper: 1_600 };

/// Remembers what was counted of a run's requests, so that a step counts only what is new.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    fixed: Option<Fixed>,
    counts: Arc<Vec<TokenCount>>,
    messages_total: TokenCount,
    lineage: Option<u64>,
}

/// What does not change from step to step, with what it was counted from.
#[derive(Debug)]
struct Fixed {
    instructions: Option<Arc<str>>,
    tools: Arc<Vec<ToolDefinition>>,
    output: Option<OutputFormat>,
    options: ProviderOptions,
    items: Arc<Vec<BillItem>>,
    total: TokenCount,
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
        let (fixed, fixed_total) = self.fixed(request, manager.ruler());
        self.count_messages(request, manager);
        Bill {
            fixed,
            messages: request.messages.clone(),
            counts: Arc::clone(&self.counts),
            total: fixed_total + self.messages_total,
            reserved_output,
            limit,
        }
    }

    fn fixed(&mut self, request: &ModelRequest, ruler: &dyn Ruler) -> (Arc<Vec<BillItem>>, TokenCount) {
        if let Some(fixed) = self.fixed.as_ref().filter(|fixed| fixed.is_of(request)) {
            return (Arc::clone(&fixed.items), fixed.total);
        }
        let fixed = Fixed::count(request, ruler);
        let counted = (Arc::clone(&fixed.items), fixed.total);
        self.fixed = Some(fixed);
        counted
    }

    fn count_messages(&mut self, request: &ModelRequest, manager: &ContextManager) {
        let messages = &request.messages;
        if self.lineage != Some(messages.lineage()) || self.counts.len() > messages.len() {
            self.lineage = Some(messages.lineage());
            self.counts = Arc::default();
            self.messages_total = TokenCount::default();
        }
        let new = messages.get(self.counts.len()..).unwrap_or_default();
        let counts = Arc::make_mut(&mut self.counts);
        for message in new {
            let tokens = measure_shared(message, manager);
            counts.push(tokens);
            self.messages_total += tokens;
        }
    }
}

impl Fixed {
    fn count(request: &ModelRequest, ruler: &dyn Ruler) -> Self {
        let mut items = vec![BillItem { part: BillPart::Overhead, tokens: REQUEST }];
        if let Some(instructions) = &request.instructions {
            let tokens = MESSAGE + ruler.measure(instructions);
            items.push(BillItem { part: BillPart::Instructions, tokens });
        }
        for tool in request.tools.iter() {
            let (name, tokens) = match tool {
                ToolDefinition::Function(spec) => {
                    let texts = [spec.name.as_ref(), spec.description.as_ref(), spec.parameters.json()];
                    (spec.name.to_string(), texts.map(|text| ruler.measure(text)).into_iter().sum::<TokenCount>())
                }
                ToolDefinition::Native(native) => (native.kind.clone(), ruler.measure(&native.item)),
            };
            items.push(BillItem { part: BillPart::Tool { name }, tokens: TOOL + tokens });
        }
        if let Some(OutputFormat::Schema { name, description, schema, .. }) = &request.output {
            let texts = [name.as_str(), description.as_deref().unwrap_or_default(), schema.json()];
            let tokens = texts.map(|text| ruler.measure(text)).into_iter().sum();
            items.push(BillItem { part: BillPart::OutputSchema, tokens });
        }
        if !request.options.is_empty() {
            // Which of them the model reads is the provider's business: all count.
            let json = serde_json::to_string(&request.options).unwrap_or_default();
            items.push(BillItem { part: BillPart::Options, tokens: ruler.measure(&json) });
        }
        let total = items.iter().map(|item| item.tokens).sum();
        Self {
            instructions: request.instructions.clone(),
            tools: Arc::clone(&request.tools),
            output: request.output.clone(),
            options: request.options.clone(),
            items: Arc::new(items),
            total,
        }
    }

    /// Whether this was counted from the same instructions, tools and output: shared ones are told by their address.
    fn is_of(&self, request: &ModelRequest) -> bool {
        let instructions = match (&self.instructions, &request.instructions) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
            (None, None) => true,
            _ => false,
        };
        let tools = Arc::ptr_eq(&self.tools, &request.tools) || self.tools == request.tools;
        instructions && tools && self.output == request.output && self.options == request.options
    }
}

/// What a conversation takes.
pub(super) fn measure(messages: &Messages, manager: &ContextManager) -> TokenCount {
    messages.iter().map(|message| measure_shared(message, manager)).sum()
}

/// What a message takes, as it was counted the first time.
pub(super) fn measure_shared(message: &SharedMessage, manager: &ContextManager) -> TokenCount {
    message.tokens(manager.ruler_key(), |message| measure_message(message, manager.ruler()))
}

/// What a message takes.
pub(super) fn measure_message(message: &Message, ruler: &dyn Ruler) -> TokenCount {
    MESSAGE + message.parts.iter().map(|part| measure_part(part, ruler)).sum()
}

fn measure_part(part: &Part, ruler: &dyn Ruler) -> TokenCount {
    match part {
        Part::Text(text) => ruler.measure(&text.text),
        Part::Refusal(refusal) => ruler.measure(&refusal.text),
        Part::Reasoning(reasoning) => ruler.measure(&reasoning.text) + hidden(reasoning.extra.text_len()),
        Part::ToolCall(call) => CALL + ruler.measure(&call.name) + ruler.measure(&call.arguments),
        Part::ToolResult(result) => CALL + result.content.iter().map(|part| measure_part(part, ruler)).sum(),
        Part::Media(media) => match media.base64_len() {
            Some(bytes) if media.kind != crate::message::MediaKind::Image => hidden(bytes),
            _ => IMAGE,
        },
        Part::Native(native) => ruler.measure(&native.item),
    }
}

/// What text hidden in base64 or encryption takes. Three bytes stand behind four characters, and text has about four
/// bytes a token; the upper figure takes two.
fn hidden(characters: usize) -> TokenCount {
    let bytes = u64::try_from(characters).unwrap_or(u64::MAX) / 4 * 3;
    TokenCount { expected: bytes / 4, upper: bytes / 2 }
}

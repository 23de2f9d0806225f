//! The bill of a request: where its tokens go, line by line.

use std::fmt;
use std::sync::Arc;

use serde::ser::{SerializeSeq, SerializeStruct};
use serde::{Deserialize, Serialize};

use super::tally::Tally;
use crate::message::{MediaKind, Message, Part, Role, SharedMessage, TokenCount};

/// What a request costs, item by item, in tokens: as a table with `Display`, as JSON with `serde`.
///
/// Making one costs nothing but what is new in the conversation, and so does keeping one: the bills of a run share what
/// they have in common. The lines are made when they are read.
///
/// ```
/// use runlet::budget::{ContextManager, ContextPolicy};
/// use runlet::model::{Capabilities, ModelRequest};
///
/// let manager = ContextManager::new(ContextPolicy::default());
/// let request = ModelRequest::new("Where is order 123?").instructions("Help users with orders.");
/// let prepared = manager.prepare(request, &Capabilities::new().context_window(8_192))?;
/// let bill = prepared.bill().expect("a prepared request has a bill");
/// assert!(bill.total().upper <= bill.limit());
/// println!("{bill}");
/// # Ok::<(), runlet::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
    pub(crate) fixed: Arc<Vec<BillItem>>,
    /// Each message with what it takes as a whole.
    pub(crate) messages: Tally,
    pub(crate) meter: PartMeter,
    /// The input as the ruler has it.
    pub(crate) measured: TokenCount,
    pub(crate) calibration: Calibration,
    pub(crate) counted_input: Option<u64>,
    pub(crate) reserved_output: u64,
    pub(crate) margin: u64,
    pub(crate) limit: u64,
    pub(crate) shares: Vec<ShareUse>,
}

/// One line of a [`Bill`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillItem {
    /// What takes the tokens.
    pub part: BillPart,
    /// How many.
    pub tokens: TokenCount,
}

/// What takes tokens in a request.
///
/// A message of one text is one line. Any other message has a line of its own for its frame (who speaks, and what sets
/// it apart from its neighbours) and one for each of its parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "part")]
#[non_exhaustive]
pub enum BillPart {
    /// The instructions.
    Instructions,
    /// The name, description and schema of a tool.
    Tool {
        /// The tool's name.
        name: String,
    },
    /// The schema of the answer.
    OutputSchema,
    /// A message: its frame, and its text where that is all it holds.
    Message {
        /// Its place in the conversation, from 0.
        index: usize,
        /// Who speaks.
        role: Role,
    },
    /// A part of a message.
    MessagePart {
        /// The message's place in the conversation, from 0.
        index: usize,
        /// The part's place in the message, from 0.
        place: usize,
        /// What it is.
        kind: PartKind,
        /// The tool that is called or answers, or the item's own name for its type.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// What the caller adds for one provider.
    Options,
    /// What every request costs beside its parts.
    Overhead,
    /// What the usage that the provider reported adds to the figures above: see [`Calibration`].
    Calibration,
    /// The room kept for the answer.
    ReservedOutput,
    /// The room that the policy keeps free.
    Margin,
}

/// What a part of a message is, as a [`Bill`] has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PartKind {
    /// Plain text.
    Text,
    /// What the model thought.
    Reasoning,
    /// The words in which the model declined.
    Refusal,
    /// The call of a tool.
    ToolCall,
    /// The result of a call, with the media in it.
    ToolResult,
    /// A picture.
    Image,
    /// A document.
    File,
    /// A sound.
    Audio,
    /// A film.
    Video,
    /// An item that only one provider understands.
    Native,
}

/// A share of the limit that the parts of one kind may take together, and what they take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ShareUse {
    /// What the parts are.
    pub share: Share,
    /// Their upper figure, in tokens.
    pub tokens: u64,
    /// The most they may take, in tokens.
    pub most: u64,
}

/// The parts of a request that a policy can hold to a share of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Share {
    /// The instructions.
    Instructions,
    /// The definitions of all tools.
    Tools,
    /// The results of all tool calls in the conversation.
    ToolResults,
    /// Images, files, sounds and films that stand in messages; those in tool results count as tool results.
    Attachments,
}

impl Share {
    /// What its parts are called in messages.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Tools => "tool definitions",
            Self::ToolResults => "tool results",
            Self::Attachments => "attachments",
        }
    }
}

/// How a model's reported usage corrects what the ruler says of it.
///
/// A factor is never below 1, so that the upper figure stays at or above the ruler's own, and never above
/// [`MAX_FACTOR`](Self::MAX_FACTOR). One usage above the upper figure raises the factor at once; it falls slowly, and only
/// once enough usages in a row have shown that less will do.
///
/// A short request that took more than twice its upper figure speaks of text that the server puts before every request,
/// and not of its tokenizer: what is above twice becomes a number of tokens that is added to every request.
///
/// ```
/// use runlet::model::Calibration;
///
/// let none = Calibration::default();
/// assert_eq!((none.expected_factor, none.upper_factor, none.samples), (1.0, 1.0, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Calibration {
    /// What the expected figure of the input is multiplied by.
    pub expected_factor: f64,
    /// What the upper figure of the input is multiplied by.
    pub upper_factor: f64,
    /// What is added to both figures of the input then, in tokens.
    #[serde(default)]
    pub added_tokens: u64,
    /// How many usages of the model it rests on.
    pub samples: u64,
    /// How many of them were above the upper figure of their request.
    pub underestimates: u64,
}

impl Calibration {
    /// The highest factor. A tokenizer that needs more than this is none that the ruler was made for: choose another
    /// ruler.
    pub const MAX_FACTOR: f64 = 4.0;

    /// The upper figure of a part of the input corrected.
    pub(crate) fn scale_upper(&self, tokens: u64) -> u64 {
        scale(tokens, self.upper_factor).max(tokens)
    }

    /// The figures corrected.
    pub(crate) fn apply(&self, tokens: TokenCount) -> TokenCount {
        let upper = self.scale_upper(tokens.upper).saturating_add(self.added_tokens);
        let expected = scale(tokens.expected, self.expected_factor).max(tokens.expected);
        let expected = expected.saturating_add(self.added_tokens);
        TokenCount { expected: expected.min(upper), upper }
    }
}

impl Default for Calibration {
    fn default() -> Self {
        Self { expected_factor: 1.0, upper_factor: 1.0, added_tokens: 0, samples: 0, underestimates: 0 }
    }
}

/// A number of tokens times a factor, rounded up.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "token counts stand far below 2^53, and a float beyond the range of u64 becomes its end"
)]
fn scale(tokens: u64, factor: f64) -> u64 {
    (tokens as f64 * factor).ceil() as u64
}

/// Measures the parts of a message when the lines of a bill are read.
#[derive(Clone)]
pub(crate) struct PartMeter {
    /// Names the ruler and the rules, as the counts kept with messages do.
    pub(crate) key: u64,
    pub(crate) measure: Arc<MeasureParts>,
}

/// What each part of a message takes.
pub(crate) type MeasureParts = dyn Fn(&Message) -> Box<[TokenCount]> + Send + Sync;

impl PartMeter {
    fn of(&self, message: &SharedMessage) -> Arc<[TokenCount]> {
        message.part_tokens(self.key, |message| (self.measure)(message))
    }
}

impl fmt::Debug for PartMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartMeter({})", self.key)
    }
}

impl PartialEq for PartMeter {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Bill {
    /// Every line: first what does not change from step to step, then the messages in order with their parts, then what
    /// calibration adds, the reserved output and the margin.
    pub fn items(&self) -> impl Iterator<Item = BillItem> + '_ {
        let messages = self.messages.iter().enumerate();
        let messages = messages.flat_map(|(index, (message, tokens))| self.lines(index, message, *tokens));
        let corrected = self.calibration.apply(self.measured);
        let added = TokenCount {
            expected: corrected.expected.saturating_sub(self.measured.expected),
            upper: corrected.upper.saturating_sub(self.measured.upper),
        };
        let rest = [
            (BillPart::Calibration, added),
            (BillPart::ReservedOutput, TokenCount::exact(self.reserved_output)),
            (BillPart::Margin, TokenCount::exact(self.margin)),
        ];
        let rest = rest
            .into_iter()
            .filter(|(part, tokens)| *part == BillPart::ReservedOutput || *tokens != TokenCount::default());
        self.fixed.iter().cloned().chain(messages).chain(rest.map(|(part, tokens)| BillItem { part, tokens }))
    }

    /// The lines of a message.
    fn lines(&self, index: usize, message: &SharedMessage, tokens: TokenCount) -> Vec<BillItem> {
        let whole = BillItem { part: BillPart::Message { index, role: message.role }, tokens };
        if matches!(message.parts.as_slice(), [] | [Part::Text(_)]) {
            return vec![whole];
        }
        let parts = self.meter.of(message);
        let of_parts: TokenCount = parts.iter().copied().sum();
        let frame = TokenCount {
            expected: tokens.expected.saturating_sub(of_parts.expected),
            upper: tokens.upper.saturating_sub(of_parts.upper),
        };
        let lines = message.parts.iter().zip(parts.iter()).enumerate().map(|(place, (part, tokens))| {
            let (kind, name) = kind_and_name(part);
            BillItem { part: BillPart::MessagePart { index, place, kind, name }, tokens: *tokens }
        });
        std::iter::once(BillItem { tokens: frame, ..whole }).chain(lines).collect()
    }

    /// All items together, the reserved output and the margin included. Where the provider has counted the input, its
    /// figure stands in place of the items'.
    pub fn total(&self) -> TokenCount {
        self.input() + TokenCount::exact(self.reserved_output) + TokenCount::exact(self.margin)
    }

    /// The input alone: what the provider has counted, or what the ruler measured as the [calibration](Self::calibration)
    /// corrects it.
    pub fn input(&self) -> TokenCount {
        self.counted_input.map_or_else(|| self.estimate(), TokenCount::exact)
    }

    /// The input as it was estimated, whether or not the provider has counted it.
    pub(crate) fn estimate(&self) -> TokenCount {
        self.calibration.apply(self.measured)
    }

    /// How many tokens of the ruler's upper figure have to go for so many of the input to be gone: the total is corrected,
    /// what a message takes is not.
    pub(crate) fn of_ruler(&self, tokens: u64) -> u64 {
        let (ruler, input) = (u128::from(self.measured.upper), u128::from(self.input().upper));
        let needed = (u128::from(tokens) * ruler).div_ceil(input.max(1));
        u64::try_from(needed).unwrap_or(u64::MAX)
    }

    /// How many tokens the provider says that the input takes, where it was asked before the request was sent.
    pub fn counted_input(&self) -> Option<u64> {
        self.counted_input
    }

    /// How the model's reported usage corrects the figures.
    pub fn calibration(&self) -> Calibration {
        self.calibration
    }

    /// The tokens kept free for the answer.
    pub fn reserved_output(&self) -> u64 {
        self.reserved_output
    }

    /// The tokens kept free by the policy, beside those for the answer.
    pub fn margin(&self) -> u64 {
        self.margin
    }

    /// What a request takes beside its messages, the upper figure: instructions, tools and the like, the reserved output
    /// and the margin.
    pub(crate) fn without_messages(&self) -> u64 {
        let fixed = self.fixed.iter().map(|item| item.tokens).sum();
        self.calibration().apply(fixed).upper.saturating_add(self.reserved_output).saturating_add(self.margin())
    }

    /// The most the total's upper figure may come to: the smaller of the model's window and the caller's cap.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The parts that the policy holds to a share of the limit, with what they take of it.
    pub fn shares(&self) -> &[ShareUse] {
        &self.shares
    }

    /// By how many tokens the upper figure is above the limit, or parts are above their share, whichever is more; 0
    /// where the request fits.
    pub fn excess(&self) -> u64 {
        let over = self.shares.iter().map(|share| share.tokens.saturating_sub(share.most)).max();
        self.total().upper.saturating_sub(self.limit).max(over.unwrap_or(0))
    }
}

/// What a part is, and the name it goes by.
fn kind_and_name(part: &Part) -> (PartKind, Option<String>) {
    match part {
        Part::Text(_) => (PartKind::Text, None),
        Part::Reasoning(_) => (PartKind::Reasoning, None),
        Part::Refusal(_) => (PartKind::Refusal, None),
        Part::ToolCall(call) => (PartKind::ToolCall, Some(call.name.clone())),
        Part::ToolResult(result) => (PartKind::ToolResult, Some(result.name.clone())),
        Part::Media(media) => match media.kind {
            MediaKind::Image => (PartKind::Image, None),
            MediaKind::File => (PartKind::File, None),
            MediaKind::Audio => (PartKind::Audio, None),
            MediaKind::Video => (PartKind::Video, None),
        },
        Part::Native(native) => (PartKind::Native, Some(native.kind.clone())),
    }
}

impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<40} {:>12} {:>12}", "part", "expected", "upper")?;
        for item in self.items() {
            writeln!(f, "{:<40} {:>12} {:>12}", item.part.to_string(), item.tokens.expected, item.tokens.upper)?;
        }
        if let Some(counted) = self.counted_input {
            writeln!(f, "{:<40} {counted:>12} {counted:>12}", "input, counted by the provider")?;
        }
        let total = self.total();
        writeln!(f, "{:<40} {:>12} {:>12}", "total", total.expected, total.upper)?;
        write!(f, "{:<40} {:>12} {:>12}", "limit", "", self.limit)?;
        for share in &self.shares {
            let name = format!("share of {}, at most", share.share.words());
            write!(f, "\n{name:<40} {:>12} {:>12}", share.tokens, share.most)?;
        }
        if self.calibration.samples > 0 {
            let Calibration { expected_factor, upper_factor, samples, .. } = self.calibration;
            let name = format!("calibrated by {samples} reported usages");
            write!(f, "\n{name:<40} {expected_factor:>12.3} {upper_factor:>12.3}")?;
        }
        Ok(())
    }
}

impl fmt::Display for BillPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instructions => f.write_str("instructions"),
            Self::Tool { name } => write!(f, "tool {name}"),
            Self::OutputSchema => f.write_str("output schema"),
            Self::Message { index, role } => {
                let role = match role {
                    Role::System => "system",
                    Role::User => "user",
                    Role::Assistant => "assistant",
                    Role::Tool => "tool results",
                };
                write!(f, "message {index} ({role})")
            }
            Self::MessagePart { index, place, kind, name } => {
                write!(f, "message {index} part {place} ({kind}")?;
                name.as_ref().map_or(Ok(()), |name| write!(f, " {name}"))?;
                f.write_str(")")
            }
            Self::Options => f.write_str("provider options"),
            Self::Overhead => f.write_str("request overhead"),
            Self::Calibration => f.write_str("calibration"),
            Self::ReservedOutput => f.write_str("reserved output"),
            Self::Margin => f.write_str("margin"),
        }
    }
}

impl fmt::Display for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Reasoning => "reasoning",
            Self::Refusal => "refusal",
            Self::ToolCall => "call of",
            Self::ToolResult => "result of",
            Self::Image => "image",
            Self::File => "file",
            Self::Audio => "sound",
            Self::Video => "film",
            Self::Native => "item",
        })
    }
}

impl Serialize for Bill {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Items<'a>(&'a Bill);

        impl Serialize for Items<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut items = serializer.serialize_seq(None)?;
                for item in self.0.items() {
                    items.serialize_element(&item)?;
                }
                items.end()
            }
        }

        let mut bill = serializer.serialize_struct("Bill", 6)?;
        bill.serialize_field("items", &Items(self))?;
        bill.serialize_field("total", &self.total())?;
        bill.serialize_field("limit", &self.limit)?;
        bill.serialize_field("counted_input", &self.counted_input)?;
        bill.serialize_field("shares", &self.shares)?;
        bill.serialize_field("calibration", &self.calibration)?;
        bill.end()
    }
}

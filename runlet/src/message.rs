//! Messages: what a user, a model and its tools say to each other, as plain data that every provider shares.
//!
//! A [`Message`] is a role and an ordered list of [`Part`]s. What a provider says beyond these (item ids, signatures,
//! encrypted reasoning) stays with the part it came with as [`Extra`], is sent back to that provider unchanged, and
//! never to another one. [`Messages`] is a history: messages shared by reference, so that a step costs what is new.

mod history;
mod turns;

use std::fmt;
use std::ops::{Add, AddAssign};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::history::{Messages, SharedMessage, Unpaired};

/// One message of a conversation.
///
/// ```
/// use runlet::Message;
///
/// let message = Message::user("Where is order 123?");
/// assert_eq!(message.text(), "Where is order 123?");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
    /// What the provider keeps with the message as a whole.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
    /// What it is when the conversation has to become smaller. It is saved with the message and never sent.
    #[serde(default, skip_serializing_if = "Mark::is_plain")]
    pub mark: Mark,
}

/// What a [`Message`] is when the conversation has to become smaller, beside what its role says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mark {
    /// What its role says.
    #[default]
    Plain,
    /// It stays as it is, whatever else goes. The messages of its step stay with it, so that no call loses its result.
    Pinned,
    /// Written by Runlet itself, such as what is wrong with an answer: no user said it, and it may go as any other.
    Note,
    /// Stands for earlier messages that went. No user said it.
    Summary,
}

impl Mark {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

/// Who speaks in a [`Message`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The developer: rules that stand above what users say.
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// A tool, answering a call of the assistant message before it.
    Tool,
}

/// One part of a [`Message`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// Plain text.
    Text(Text),
    /// What the model thought before it answered.
    Reasoning(Reasoning),
    /// The model declines, in words.
    Refusal(Refusal),
    /// The model asks for a tool to be run.
    ToolCall(Arc<ToolCall>),
    /// The answer to a tool call.
    ToolResult(ToolResult),
    /// An image, a file or a sound.
    Media(Media),
    /// An item that only one provider understands, kept as it came.
    Native(Native),
}

/// Plain text.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// The text.
    pub text: String,
    /// What the provider keeps with it.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

/// What the model thought before it answered: a summary or the thinking itself, and whatever the provider needs to see
/// again (a signature, encrypted content) in `extra`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Reasoning {
    /// The readable text; empty where the provider shows none.
    pub text: String,
    /// What the provider keeps with it.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

/// The model declines, in words.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// The model's words.
    pub text: String,
    /// What the provider keeps with it.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

/// The model asks for a tool to be run.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call; its result carries the same.
    pub id: String,
    /// The tool's name, as the model wrote it.
    pub name: String,
    /// The arguments, as the JSON text the model wrote. It may be malformed: it is the model's.
    pub arguments: String,
    /// What the provider keeps with it.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

/// The answer to a [`ToolCall`].
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The id of the call it answers.
    pub call_id: String,
    /// The name of the tool.
    pub name: String,
    /// What the tool gave: text, and media where the provider takes them.
    pub content: Vec<Part>,
    /// Whether the call failed; `content` then says what went wrong.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
    /// What the provider keeps with it.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

/// An image, a file or a sound.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Where its bytes are.
    pub source: MediaSource,
    /// A file name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the provider keeps with it.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

/// What a [`Media`] part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A document, such as a PDF.
    File,
    /// A sound.
    Audio,
    /// A film.
    Video,
}

/// Where the bytes of a [`Media`] part are.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaSource {
    /// At an address that the provider reads itself. Runlet never fetches it.
    Url {
        /// The address.
        url: String,
        /// The media type, such as `image/png`, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media_type: Option<String>,
    },
    /// Here, in base64.
    Base64 {
        /// The media type, such as `image/png`.
        media_type: String,
        /// The bytes in standard base64.
        data: String,
    },
    /// At the provider, under an id it gave.
    FileId {
        /// The id.
        id: String,
    },
}

/// An item that only one provider understands (a web search it ran, a compaction), kept and sent back as it came.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Native {
    /// The wire format it belongs to, such as `openai`.
    pub provider: String,
    /// The item's own `type`, for reading.
    pub kind: String,
    /// The item, as the JSON text that came.
    pub item: Arc<str>,
}

/// What one provider keeps with a part: opaque to everything else, sent back unchanged, never sent elsewhere.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extra(Option<Arc<ExtraFields>>);

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct ExtraFields {
    provider: String,
    fields: Map<String, Value>,
}

impl Message {
    /// A message of a role with the given parts.
    pub fn new(role: Role, parts: Vec<Part>) -> Self {
        Self { role, parts, extra: Extra::default(), mark: Mark::Plain }
    }

    /// A system message of one text.
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, vec![Part::text(text)])
    }

    /// A user message of one text.
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, vec![Part::text(text)])
    }

    /// An assistant message of one text.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::new(Role::Assistant, vec![Part::text(text)])
    }

    /// A tool message holding the results of one turn, in call order.
    pub fn tool(results: Vec<ToolResult>) -> Self {
        Self::new(Role::Tool, results.into_iter().map(Part::ToolResult).collect())
    }

    /// A message that Runlet itself writes in the user's place.
    pub(crate) fn note(text: impl Into<String>) -> Self {
        Self { mark: Mark::Note, ..Self::user(text) }
    }

    /// Pins the message: no compression drops or changes it. What does not fit with it is refused.
    ///
    /// ```
    /// use runlet::Message;
    /// use runlet::message::Mark;
    ///
    /// let order = Message::user("My order is number 123.").pinned();
    /// assert_eq!(order.mark, Mark::Pinned);
    /// let saved = serde_json::to_string(&order)?;
    /// assert_eq!(serde_json::from_str::<Message>(&saved)?, order);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn pinned(mut self) -> Self {
        self.mark = Mark::Pinned;
        self
    }

    /// Whether a user said it: not Runlet in the user's place, and no summary.
    pub fn is_from_user(&self) -> bool {
        self.role == Role::User && !matches!(self.mark, Mark::Note | Mark::Summary)
    }

    /// All text parts joined; reasoning, refusals and results are not text.
    pub fn text(&self) -> String {
        join(self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.text.as_str()),
            _ => None,
        }))
    }

    /// All readable reasoning joined by blank lines.
    pub fn reasoning(&self) -> String {
        let texts: Vec<&str> = self
            .parts
            .iter()
            .filter_map(|part| match part {
                Part::Reasoning(reasoning) if !reasoning.text.is_empty() => Some(reasoning.text.as_str()),
                _ => None,
            })
            .collect();
        texts.join("\n\n")
    }

    /// The tool calls, in the model's order.
    pub fn tool_calls(&self) -> impl Iterator<Item = &Arc<ToolCall>> {
        self.parts.iter().filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            _ => None,
        })
    }

    /// The tool results, in order.
    pub fn tool_results(&self) -> impl Iterator<Item = &ToolResult> {
        self.parts.iter().filter_map(|part| match part {
            Part::ToolResult(result) => Some(result),
            _ => None,
        })
    }

    /// The refusal, where the model declined.
    pub fn refusal(&self) -> Option<String> {
        let text = join(self.parts.iter().filter_map(|part| match part {
            Part::Refusal(refusal) => Some(refusal.text.as_str()),
            _ => None,
        }));
        (!text.is_empty()).then_some(text)
    }
}

fn join<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.collect()
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::user(text)
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::user(text)
    }
}

impl Part {
    /// A text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text { text: text.into(), extra: Extra::default() })
    }

    /// A tool call of the model's. Who runs it, hooks and the history share it.
    ///
    /// ```
    /// use runlet::message::{Message, Part, Role, ToolCall};
    ///
    /// let call = ToolCall::new("call_1", "lookup_order", r#"{"order_id":"123"}"#);
    /// let asked = Message::new(Role::Assistant, vec![Part::tool_call(call)]);
    /// assert_eq!(asked.tool_calls().next().unwrap().name, "lookup_order");
    /// ```
    pub fn tool_call(call: impl Into<Arc<ToolCall>>) -> Self {
        Self::ToolCall(call.into())
    }
}

impl ToolCall {
    /// A call with the given id, tool name and JSON arguments.
    pub fn new(id: impl Into<String>, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), arguments: arguments.into(), extra: Extra::default() }
    }
}

impl ToolResult {
    /// A successful result of one text.
    pub fn text(call: &ToolCall, text: impl Into<String>) -> Self {
        Self {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content: vec![Part::text(text)],
            is_error: false,
            extra: Extra::default(),
        }
    }

    /// A failed result; the text tells the model what went wrong.
    pub fn error(call: &ToolCall, text: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::text(call, text) }
    }

    /// All text of the result joined.
    pub fn as_text(&self) -> String {
        join(self.content.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.text.as_str()),
            _ => None,
        }))
    }
}

// What people and models say does not belong into logs: `Debug` shows sizes. `serde` shows everything.

macro_rules! debug_as_size {
    ($($type:ident)*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($type), "({} bytes)"), self.text.len())
            }
        }
    )*};
}

debug_as_size! { Text Reasoning Refusal }

impl fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolCall({} {}, {} bytes of arguments)", self.id, self.name, self.arguments.len())
    }
}

impl fmt::Debug for ToolResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = if self.is_error { "error" } else { "ok" };
        write!(f, "ToolResult({} {}, {outcome}, {:?})", self.call_id, self.name, self.content)
    }
}

impl Media {
    /// An image at an address that the provider reads itself.
    pub fn image_url(url: impl Into<String>) -> Self {
        Self {
            kind: MediaKind::Image,
            source: MediaSource::Url { url: url.into(), media_type: None },
            name: None,
            extra: Extra::default(),
        }
    }

    /// An image given as base64 text with its media type.
    pub fn image_base64(media_type: impl Into<String>, data: impl Into<String>) -> Self {
        Self {
            kind: MediaKind::Image,
            source: MediaSource::Base64 { media_type: media_type.into(), data: data.into() },
            name: None,
            extra: Extra::default(),
        }
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media")
            .field("kind", &self.kind)
            .field("source", &self.source)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MediaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url { url, .. } => f.debug_tuple("Url").field(&url.split(['?', '#']).next().unwrap_or("")).finish(),
            Self::Base64 { media_type, data } => {
                write!(f, "Base64({media_type}, {} bytes of base64)", data.len())
            }
            Self::FileId { id } => f.debug_tuple("FileId").field(id).finish(),
        }
    }
}

impl Native {
    /// An item of a provider, from its JSON text.
    pub fn new(provider: impl Into<String>, kind: impl Into<String>, item: impl Into<Arc<str>>) -> Self {
        Self { provider: provider.into(), kind: kind.into(), item: item.into() }
    }

    /// Whether it is a call that its provider leaves to the caller, by the names that the providers' APIs have for such
    /// calls: OpenAI's Responses API (2026-01) lists them among its output items.
    pub(crate) fn is_open_call(&self) -> bool {
        matches!(
            self.kind.as_str(),
            "computer_call"
                | "local_shell_call"
                | "shell_call"
                | "apply_patch_call"
                | "custom_tool_call"
                | "mcp_approval_request"
                | "function_call"
                | "tool_use"
                | "functionCall"
        )
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Native({} {}, {} bytes)", self.provider, self.kind, self.item.len())
    }
}

impl Extra {
    /// What `provider` keeps: the fields, to be given back to it as they are.
    pub fn new(provider: impl Into<String>, fields: Map<String, Value>) -> Self {
        if fields.is_empty() {
            return Self(None);
        }
        Self(Some(Arc::new(ExtraFields { provider: provider.into(), fields })))
    }

    /// The fields that `provider` left here; `None` where they are another provider's or there are none.
    pub fn of(&self, provider: &str) -> Option<&Map<String, Value>> {
        self.0.as_ref().filter(|inner| inner.provider == provider).map(|inner| &inner.fields)
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The same without one field.
    pub(crate) fn without(&self, field: &str) -> Self {
        match &self.0 {
            Some(inner) if inner.fields.contains_key(field) => {
                let fields = inner.fields.iter().filter(|(name, _)| *name != field);
                Self::new(&*inner.provider, fields.map(|(name, value)| (name.clone(), value.clone())).collect())
            }
            _ => self.clone(),
        }
    }

    /// The bytes of all texts in the fields.
    pub(crate) fn text_len(&self) -> usize {
        fn len(value: &Value) -> usize {
            match value {
                Value::String(text) => text.len(),
                Value::Array(values) => values.iter().map(len).sum(),
                Value::Object(fields) => fields.values().map(len).sum(),
                _ => 0,
            }
        }
        self.0.as_ref().map_or(0, |inner| inner.fields.values().map(len).sum())
    }
}

impl fmt::Debug for Extra {
    /// Shows names only: signatures and encrypted reasoning have no place in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("Extra"),
            Some(inner) => write!(f, "Extra({}: {:?})", inner.provider, inner.fields.keys().collect::<Vec<_>>()),
        }
    }
}

/// A number of tokens, measured twice: what is expected, and what it will not exceed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCount {
    /// The best estimate, in tokens.
    pub expected: u64,
    /// The figure that budgets hold, in tokens: the true count is at or below it.
    pub upper: u64,
}

impl TokenCount {
    /// A count that is known exactly.
    pub fn exact(tokens: u64) -> Self {
        Self { expected: tokens, upper: tokens }
    }
}

impl Add for TokenCount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { expected: self.expected.saturating_add(other.expected), upper: self.upper.saturating_add(other.upper) }
    }
}

impl AddAssign for TokenCount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for TokenCount {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

/// The tokens a provider says it billed.
///
/// A figure that a provider did not give is `None`, never zero. `input_tokens` includes what was read from a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All tokens of the prompt, cached ones included.
    pub input_tokens: Option<u64>,
    /// All tokens of the answer, reasoning included.
    pub output_tokens: Option<u64>,
    /// Of the input: tokens read from the provider's prompt cache.
    pub cache_read_tokens: Option<u64>,
    /// Of the input: tokens written to the provider's prompt cache.
    pub cache_write_tokens: Option<u64>,
    /// Of the output: tokens spent on reasoning.
    pub reasoning_tokens: Option<u64>,
    /// How far the figures can be relied on.
    pub source: UsageSource,
}

/// How far a [`Usage`] can be relied on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageSource {
    /// The provider reported it, in full.
    Reported,
    /// The provider reported some of it, or only for some of the requests.
    Partial,
    /// Runlet estimated it.
    Estimated,
    /// Nobody knows.
    #[default]
    Unknown,
}

impl UsageSource {
    /// How far a provider's report can be relied on that has these figures.
    #[cfg_attr(not(feature = "_http"), allow(dead_code, reason = "only the HTTP providers read reports"))]
    pub(crate) fn of(input_tokens: Option<u64>, output_tokens: Option<u64>) -> Self {
        match (input_tokens, output_tokens) {
            (Some(_), Some(_)) => Self::Reported,
            (None, None) => Self::Unknown,
            _ => Self::Partial,
        }
    }
}

impl Usage {
    /// Input and output together, where both are known.
    pub fn total_tokens(&self) -> Option<u64> {
        Some(self.input_tokens?.saturating_add(self.output_tokens?))
    }

    /// Adds the usage of one more request. A known figure never decreases; a sum with an unknown part is
    /// [`UsageSource::Partial`].
    pub fn add(&mut self, other: &Self) {
        fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
            match (a, b) {
                (Some(a), Some(b)) => Some(a.saturating_add(b)),
                (known, None) | (None, known) => known,
            }
        }
        self.input_tokens = sum(self.input_tokens, other.input_tokens);
        self.output_tokens = sum(self.output_tokens, other.output_tokens);
        self.cache_read_tokens = sum(self.cache_read_tokens, other.cache_read_tokens);
        self.cache_write_tokens = sum(self.cache_write_tokens, other.cache_write_tokens);
        self.reasoning_tokens = sum(self.reasoning_tokens, other.reasoning_tokens);
        self.source = if self.source == other.source { self.source } else { UsageSource::Partial };
    }
}

//! A request that may be sent, and the bill that says why.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::ser::{SerializeSeq, SerializeStruct};
use serde::{Deserialize, Serialize};

use super::request::ModelRequest;
use super::retrying::{Retrying, Watch};
use crate::message::{Messages, Role, TokenCount};

/// A request that was counted and fits: the only thing a [`Model`](super::Model) takes.
///
/// Only the context manager makes one, or a caller who says [`ModelRequest::unbudgeted`]. It reads like the request and
/// cannot be changed.
#[derive(Clone, Debug)]
pub struct PreparedRequest {
    request: ModelRequest,
    bill: Option<Bill>,
    watch: Watch,
}

impl PreparedRequest {
    /// Seals a request with its bill. Only `budget` calls this; a test reads the sources and asserts it.
    pub(crate) fn seal(request: ModelRequest, bill: Bill) -> Self {
        Self { request, bill: Some(bill), watch: Watch::default() }
    }

    pub(super) fn unbudgeted(request: ModelRequest) -> Self {
        Self { request, bill: None, watch: Watch::default() }
    }

    /// Where the tokens go; `None` for an [unbudgeted](ModelRequest::unbudgeted) request.
    pub fn bill(&self) -> Option<&Bill> {
        self.bill.as_ref()
    }

    /// The conversation of the request.
    pub fn messages(&self) -> &Messages {
        &self.request.messages
    }

    /// Calls `listener` whenever a model is about to try the request again. The runtime makes events of it.
    pub fn on_retry(mut self, listener: impl Fn(Retrying) + Send + Sync + 'static) -> Self {
        self.watch = Watch::new(listener);
        self
    }

    /// Tells whoever listens that the request will be tried again: for models that retry by themselves.
    pub fn retrying(&self, retrying: Retrying) {
        self.watch.tell(retrying);
    }

    /// Who listens, for adapters that let go of the request before they send it.
    #[cfg(feature = "_http")]
    pub(crate) fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// The request by value. It is no longer prepared.
    pub fn into_request(self) -> ModelRequest {
        self.request
    }
}

impl Deref for PreparedRequest {
    type Target = ModelRequest;

    fn deref(&self) -> &ModelRequest {
        &self.request
    }
}

/// What a request costs, item by item, in tokens: as a table with `Display`, as JSON with `serde`.
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
    pub(crate) messages: Messages,
    pub(crate) counts: Arc<Vec<TokenCount>>,
    pub(crate) total: TokenCount,
    pub(crate) reserved_output: u64,
    pub(crate) limit: u64,
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
    /// A message.
    Message {
        /// Its place in the conversation, from 0.
        index: usize,
        /// Who speaks.
        role: Role,
    },
    /// What the caller adds for one provider.
    Options,
    /// What every request costs beside its parts.
    Overhead,
    /// The room kept for the answer.
    ReservedOutput,
}

impl Bill {
    /// Every line: first what does not change from step to step, then the messages in order, then the reserved output.
    pub fn items(&self) -> impl Iterator<Item = BillItem> + '_ {
        let messages = self.messages.iter().zip(self.counts.iter()).enumerate();
        let messages = messages.map(|(index, (message, tokens))| BillItem {
            part: BillPart::Message { index, role: message.role },
            tokens: *tokens,
        });
        let reserved = BillItem { part: BillPart::ReservedOutput, tokens: TokenCount::exact(self.reserved_output) };
        self.fixed.iter().cloned().chain(messages).chain([reserved])
    }

    /// All items together, the reserved output included.
    pub fn total(&self) -> TokenCount {
        self.total + TokenCount::exact(self.reserved_output)
    }

    /// The input alone.
    pub fn input(&self) -> TokenCount {
        self.total
    }

    /// The tokens kept free for the answer.
    pub fn reserved_output(&self) -> u64 {
        self.reserved_output
    }

    /// The most the total's upper figure may come to: the smaller of the model's window and the caller's cap.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// By how many tokens the upper figure is above the limit; 0 where the request fits.
    pub fn excess(&self) -> u64 {
        self.total().upper.saturating_sub(self.limit)
    }
}

impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<40} {:>12} {:>12}", "part", "expected", "upper")?;
        for item in self.items() {
            writeln!(f, "{:<40} {:>12} {:>12}", item.part.to_string(), item.tokens.expected, item.tokens.upper)?;
        }
        let total = self.total();
        writeln!(f, "{:<40} {:>12} {:>12}", "total", total.expected, total.upper)?;
        write!(f, "{:<40} {:>12} {:>12}", "limit", "", self.limit)
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
            Self::Options => f.write_str("provider options"),
            Self::Overhead => f.write_str("request overhead"),
            Self::ReservedOutput => f.write_str("reserved output"),
        }
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

        let mut bill = serializer.serialize_struct("Bill", 3)?;
        bill.serialize_field("items", &Items(self))?;
        bill.serialize_field("total", &self.total())?;
        bill.serialize_field("limit", &self.limit)?;
        bill.end()
    }
}

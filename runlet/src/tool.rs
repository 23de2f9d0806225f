//! Tools: what a model may ask to be run.
//!
//! [`Tool`] is what `#[runlet::tool]` implements and what a hand-written tool implements: a [`ToolSpec`] that tells the
//! model what there is, and a `call` that runs it.

mod arg;
#[cfg(feature = "json-schema")]
mod dynamic;
mod output;
mod toolbox;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::arg::{
    Arg, Argument, ArgumentProblem, ArgumentProblems, ArgumentSpec, Definition, Described, Pattern, Reader, Rejected,
    arg,
};
#[cfg(feature = "json-schema")]
pub use self::dynamic::DynamicTool;
pub use self::output::{IntoOutput, Json, ToolError, ToolErrorKind, ToolOutput};
pub(crate) use self::toolbox::MAX_NAME;
pub use self::toolbox::Toolbox;

use crate::context::Context;
use crate::schema::Schema;

/// Something a model may ask to be run, for agents whose dependencies are a `D`.
///
/// `#[runlet::tool]` writes this for an async function. By hand it is short:
///
/// ```
/// use runlet::schema::Schema;
/// use runlet::tool::{Arguments, Tool, ToolFuture, ToolOutput, ToolSpec};
/// use runlet::Context;
///
/// struct Shout(ToolSpec);
///
/// impl Shout {
///     fn new() -> Self {
///         let schema = serde_json::json!({
///             "type": "object",
///             "properties": { "text": { "type": "string" } },
///             "required": ["text"],
///         });
///         Self(ToolSpec::new("shout", "Says it loudly.", Schema::from_value(schema).unwrap()))
///     }
/// }
///
/// impl<D: Send + Sync + 'static> Tool<D> for Shout {
///     fn spec(&self) -> &ToolSpec {
///         &self.0
///     }
///
///     fn call<'a>(&'a self, _: &'a Context<D>, arguments: Arguments<'a>) -> ToolFuture<'a> {
///         Box::pin(async move {
///             let arguments: serde_json::Value = serde_json::from_str(arguments.json())?;
///             Ok(ToolOutput::text(arguments["text"].as_str().unwrap_or_default().to_uppercase()))
///         })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool of an agent with dependencies `{D}`",
    label = "not a tool here",
    note = "a tool is an `async fn` with `#[runlet::tool]`, or a type that implements `runlet::tool::Tool<{D}>`"
)]
pub trait Tool<D: ?Sized>: Send + Sync + 'static {
    /// What the model and the runtime are told of the tool. It must not change during a run.
    fn spec(&self) -> &ToolSpec;

    /// Runs one call with the arguments as the model wrote them.
    ///
    /// The runtime runs every call in a task of its own, under the tool's timeout; a panic becomes a failed result.
    fn call<'a>(&'a self, context: &'a Context<D>, arguments: Arguments<'a>) -> ToolFuture<'a>;
}

/// What a tool's call gives, later.
pub type ToolFuture<'a> = Pin<Box<dyn Future<Output = Result<ToolOutput, ToolError>> + Send + 'a>>;

/// The arguments of a call, as the JSON text the model wrote.
#[derive(Clone, Copy)]
pub struct Arguments<'a> {
    json: &'a str,
}

impl<'a> Arguments<'a> {
    /// Arguments from JSON text. It need not be well formed: a tool answers malformed arguments with an error.
    pub fn new(json: &'a str) -> Self {
        Self { json }
    }

    /// The JSON text.
    pub fn json(self) -> &'a str {
        self.json
    }
}

impl fmt::Debug for Arguments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arguments({} bytes)", self.json.len())
    }
}

/// What the model and the runtime are told of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolSpec {
    /// The name the model calls it by: 1 to 64 of `A-Z a-z 0-9 _ -`.
    pub name: Cow<'static, str>,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Cow<'static, str>>,
    /// What it does and when to use it, for the model.
    pub description: Cow<'static, str>,
    /// The schema of its arguments: an object.
    pub parameters: Schema,
    /// What a call does to the world.
    #[serde(default)]
    pub effect: Effect,
    /// Whether its calls run alone: calls before it end first, calls after it wait.
    #[serde(default)]
    pub sequential: bool,
    /// Whether a person has to approve each call.
    #[serde(default)]
    pub approval: bool,
    /// Whether its calls block their thread: they then run on the runtime's blocking pool. Such a call cannot be stopped,
    /// only left behind.
    #[serde(default)]
    pub blocking: bool,
    /// How long a call may take; `None` for the runtime's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// How often a failed call is tried again. Only for tools that may run twice: see [`Effect`].
    #[serde(default)]
    pub retries: u32,
    /// The longest output the model is shown, in bytes; `None` for the runtime's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output: Option<usize>,
    /// Whether providers that can should hold the model to the schema; with `None` the adapter does where that loses
    /// nothing. With a word given, the schema is sent as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

impl ToolSpec {
    /// A tool with a name, a description and the schema of its arguments; everything else by default.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
        parameters: Schema,
    ) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: description.into(),
            parameters,
            effect: Effect::default(),
            sequential: false,
            approval: false,
            blocking: false,
            timeout: None,
            retries: 0,
            max_output: None,
            strict: None,
        }
    }
}

/// What a tool call does to the world, and so whether it may be run again or early.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// Only reads. May run before the model's message has ended, and again.
    Read,
    /// Changes something, but running it twice with the same arguments is the same as once.
    Idempotent,
    /// Changes something each time. Never run twice for one call.
    #[default]
    Write,
}

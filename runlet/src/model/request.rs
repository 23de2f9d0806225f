//! What is asked of a model, in words that every provider shares.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::prepared::PreparedRequest;
use crate::message::{Messages, Native, SharedMessage};
use crate::schema::Schema;
use crate::tool::ToolSpec;

/// A request to a model.
///
/// ```
/// use runlet::model::ModelRequest;
///
/// let request = ModelRequest::new("Where is order 123?")
///     .instructions("Help users with orders.")
///     .max_output_tokens(256)
///     .option("openai", "store", false);
/// assert_eq!(request.messages.len(), 1);
/// ```
///
/// `Debug` shows what kinds of things it holds and how many, and nothing of what they say.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelRequest {
    /// What the developer tells the model before everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<Arc<str>>,
    /// The conversation so far.
    pub messages: Messages,
    /// The tools the model may ask for.
    #[serde(default)]
    pub tools: Arc<Vec<ToolDefinition>>,
    /// Whether the model may, must or must not call a tool; `None` for the provider's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// Whether the model may call several tools in one turn; `None` for the provider's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// The form the answer must take; `None` for text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputFormat>,
    /// The most tokens the model may write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// Sampling temperature; the scale is the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// What the caller wants carried along to hooks, tools and events. It is not sent.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// What only one provider understands, under its name.
    #[serde(default, skip_serializing_if = "ProviderOptions::is_empty")]
    pub options: ProviderOptions,
}

impl ModelRequest {
    /// A request that begins with one message: a text is the user's.
    pub fn new(message: impl Into<crate::message::Message>) -> Self {
        Self::from_messages([message.into()])
    }

    /// A request with a conversation.
    pub fn from_messages<M: Into<SharedMessage>>(messages: impl IntoIterator<Item = M>) -> Self {
        Self { messages: messages.into_iter().collect(), ..Self::default() }
    }

    /// Sets the instructions.
    pub fn instructions(mut self, instructions: impl Into<Arc<str>>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// Adds a tool.
    pub fn tool(mut self, tool: impl Into<ToolDefinition>) -> Self {
        Arc::make_mut(&mut self.tools).push(tool.into());
        self
    }

    /// Sets whether the model may, must or must not call a tool.
    pub fn tool_choice(mut self, choice: ToolChoice) -> Self {
        self.tool_choice = Some(choice);
        self
    }

    /// Sets the form of the answer.
    pub fn output(mut self, output: OutputFormat) -> Self {
        self.output = Some(output);
        self
    }

    /// Sets the most tokens the model may write.
    pub fn max_output_tokens(mut self, tokens: u64) -> Self {
        self.max_output_tokens = Some(tokens);
        self
    }

    /// Sets the sampling temperature.
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Adds something to carry along.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Sets one option of one provider.
    pub fn option(mut self, provider: &str, key: &str, value: impl Into<Value>) -> Self {
        self.options.set(provider, key, value);
        self
    }

    /// Passes the request to a model directly, outside any run and without a budget. The name is the warning: nothing
    /// has checked that it fits.
    pub fn unbudgeted(self) -> PreparedRequest {
        PreparedRequest::unbudgeted(self)
    }
}

impl fmt::Debug for ModelRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelRequest")
            .field("instructions_bytes", &self.instructions.as_ref().map(|text| text.len()))
            .field("messages", &self.messages.len())
            .field("tools", &self.tools.len())
            .field("tool_choice", &self.tool_choice)
            .field("parallel_tool_calls", &self.parallel_tool_calls)
            .field("output", &self.output.is_some())
            .field("max_output_tokens", &self.max_output_tokens)
            .field("temperature", &self.temperature)
            .field("top_p", &self.top_p)
            .field("metadata", &self.metadata.keys().collect::<Vec<_>>())
            .field("options", &self.options)
            .finish()
    }
}

/// A tool as a model is told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolDefinition {
    /// A tool that Runlet runs.
    Function(Arc<ToolSpec>),
    /// A tool that one provider runs itself, such as a web search: passed on untouched, and left out for others.
    Native(Native),
}

impl From<Arc<ToolSpec>> for ToolDefinition {
    fn from(spec: Arc<ToolSpec>) -> Self {
        Self::Function(spec)
    }
}

impl From<ToolSpec> for ToolDefinition {
    fn from(spec: ToolSpec) -> Self {
        Self::Function(Arc::new(spec))
    }
}

impl From<Native> for ToolDefinition {
    fn from(native: Native) -> Self {
        Self::Native(native)
    }
}

/// Whether a model may, must or must not call a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolChoice {
    /// It may.
    Auto,
    /// It must not.
    None,
    /// It must call one or more.
    Required,
    /// It must call this one.
    Tool(String),
}

/// The form an answer must take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OutputFormat {
    /// Some JSON object.
    Json,
    /// JSON of a schema.
    Schema {
        /// A name for the schema, for the model.
        name: String,
        /// What it is, for the model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// The schema.
        schema: Schema,
        /// Whether the provider should hold the model to it; with `None` the adapter does where that loses nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    },
}

/// Options that only one provider understands, by the provider's name.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderOptions(BTreeMap<String, Map<String, Value>>);

impl ProviderOptions {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one option of one provider.
    pub fn set(&mut self, provider: &str, key: &str, value: impl Into<Value>) {
        self.0.entry(provider.to_owned()).or_default().insert(key.to_owned(), value.into());
    }

    /// The options of a provider.
    pub fn of(&self, provider: &str) -> Option<&Map<String, Value>> {
        self.0.get(provider)
    }

    /// Takes over all of `other`; where both have an option, `other`'s stands.
    pub fn merge(&mut self, other: &Self) {
        for (provider, options) in &other.0 {
            let own = self.0.entry(provider.clone()).or_default();
            own.extend(options.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(Map::is_empty)
    }
}

impl fmt::Debug for ProviderOptions {
    /// Shows names only: options may hold keys, in headers for one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(provider, options)| (provider, options.keys().collect::<Vec<_>>()));
        f.debug_map().entries(names).finish()
    }
}

//! Tools from plain async functions, agents checked at compile time, and a runtime that sends nothing unbudgeted, loses
//! nothing and runs nothing twice.
//!
//! ```
//! use runlet::testing::ScriptedModel;
//! use runlet::{Deps, Runtime, agent, tool};
//! use serde_json::json;
//!
//! #[derive(Deps)]
//! struct Shop {
//!     orders: Orders,
//! }
//!
//! struct Orders;
//!
//! /// Looks up where an order is.
//! #[tool(effect = read)]
//! async fn lookup_order(
//!     orders: &Orders, // borrowed: lent by the run
//!     /// The number on the receipt.
//!     order_id: String, // owned: given by the model
//! ) -> Result<String, std::io::Error> {
//!     Ok(format!("order {order_id} is on its way"))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! // A real one: `runlet::provider::OpenAiResponses::new("gpt-5.5")`, with the feature `openai`.
//! let model = ScriptedModel::new()
//!     .tool_call("lookup_order", json!({ "order_id": "123" }))
//!     .text("It is on its way.");
//!
//! let support = agent!(support::<Shop> {
//!     model: model,
//!     instructions: "Help users with orders.",
//!     tools: [lookup_order],
//! });
//!
//! let result = Runtime::new().run(&support, Shop { orders: Orders }, "Where is order 123?").await?;
//! assert_eq!(result.output, "It is on its way.");
//! # Ok::<(), runlet::RunError>(()) }).unwrap();
//! ```
//!
//! # Map
//!
//! * [`tool`](macro@tool) makes a tool of an async function, [`toolset`](macro@toolset) of every method of a type; both
//!   write [`tool::Tool`], which is short by hand too. [`Deps`](macro@Deps) lets a struct lend its
//!   fields to tools.
//! * [`agent!`] declares an [`Agent`]; [`Agent::builder`] does it by hand.
//! * [`Runtime`] runs agents, whole or [as a stream of events](Runtime::stream). [`run::Run`] is the state it drives:
//!   plain data that can be saved between any two steps.
//! * [`budget`] counts every request before it is sent, compresses or refuses it. A [`model::Model`] takes nothing else.
//! * [`hook`]s may change or veto what a run does; [`event`]s tell what happened.
//! * [`state`] outlives runs. [`testing`] has models that answer from a script.
//!
//! # Features
//!
//! There are no default features: what is above needs no HTTP client.
//!
//! * `bpe`: `budget::ExactRuler`, exact counts for OpenAI's models, on `tiktoken`.
//! * `json-schema`: `tool::DynamicTool`, a tool made at run time from a JSON schema and a closure, on `jsonschema`.
//! * `conformance`: `testing::provider_conformance!`, the suite that every provider passes, for providers of your own.
//! * `anthropic`: `provider::Anthropic`, Anthropic's Messages interface, on `reqwest` with `rustls`.
//! * `gemini`: `provider::Gemini`, Google's Gemini interface, on `reqwest` with `rustls`.
//! * `openai`: `provider::OpenAiResponses` and `provider::OpenAiChat`, OpenAI's Responses and Chat Completions interfaces, on
//!   `reqwest` with `rustls`.
//! * `http2`: HTTP/2 for the providers, where the server speaks it: requests in flight share a connection.
//!
//! # When something goes wrong
//!
//! A run gives `Ok` with an answer, or a [`RunError`] with a [report](RunReport) of everything that was done until then.
//! A model's mistakes (an unknown tool, arguments that do not fit) are answered to the model and the run goes on.
//! Every [`Error`] has a stable [`ErrorKind`]; none shows a key, and `Debug` of messages and events shows no content.

// In the order in which the modules build on each other.
pub mod error;
mod json;
pub mod message;
pub mod schema;
pub mod state;

pub mod context;
pub mod tool;

pub mod model;

pub mod budget;
pub mod event;
pub mod hook;

pub mod agent;
pub mod run;
pub mod runtime;

mod macros;
#[cfg(feature = "_http")]
pub mod provider;
pub mod testing;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use crate::agent::{Agent, RunPolicy, ToolPolicy};
pub use crate::context::{CallContext, CallInfo, Context, IntoDeps, Lend, RunId};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::message::{Message, Messages, Part, Role, ToolCall, ToolResult, Usage};
pub use crate::model::{Model, ModelRequest, ModelResponse};
pub use crate::runtime::{Conversation, Input, RunError, RunReport, RunResult, RunStream, Runtime};
pub use crate::tool::{IntoOutput, Json, Tool, ToolError, ToolOutput};
#[doc = include_str!("macros_doc/deps.md")]
pub use runlet_macros::Deps;
#[doc = include_str!("macros_doc/tool.md")]
pub use runlet_macros::tool;
#[doc = include_str!("macros_doc/toolset.md")]
pub use runlet_macros::toolset;
pub use schemars;

/// The example of the page on providers.
#[cfg(all(doctest, feature = "openai"))]
#[doc = include_str!("../../docs/providers.md")]
struct ProvidersPage;

/// The examples of the README. Some talk to OpenAI, though they are only compiled.
#[cfg(all(doctest, feature = "openai"))]
#[doc = include_str!("../../README.md")]
struct Readme;

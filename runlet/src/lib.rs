//! Runlet: tools from plain async functions, agents checked at compile time, and a runtime that sends nothing
//! unbudgeted, loses nothing and runs nothing twice.

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
pub use crate::runtime::{Input, RunError, RunReport, RunResult, RunStream, Runtime};
pub use crate::tool::{IntoOutput, Json, Tool, ToolError, ToolOutput};
#[doc = include_str!("macros_doc/deps.md")]
pub use runlet_macros::Deps;
#[doc = include_str!("macros_doc/tool.md")]
pub use runlet_macros::tool;
#[doc = include_str!("macros_doc/toolset.md")]
pub use runlet_macros::toolset;
pub use schemars;

/// The examples of the README. Some talk to OpenAI, though they are only compiled.
#[cfg(all(doctest, feature = "openai"))]
#[doc = include_str!("../../README.md")]
struct Readme;

//! Runlet

pub mod context;
pub mod error;
mod json;
pub mod message;
pub mod model;
#[cfg(feature = "_http")]
pub mod provider;
pub mod schema;
pub mod state;
pub mod tool;

#[doc(hidden)]
pub mod private;

pub use crate::context::{CallContext, CallInfo, Context, IntoDeps, Lend, RunId};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::message::{Message, Messages, Part, Role, ToolCall, ToolResult, Usage};
pub use crate::model::{Model, ModelRequest, ModelResponse};
pub use crate::tool::{IntoOutput, Json, Tool, ToolError, ToolOutput};

//! Runlet

pub mod context;
pub mod error;
mod json;
pub mod message;
pub mod model;
pub mod schema;
pub mod state;
pub mod tool;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use crate::context::{CallContext, CallInfo, Context, IntoDeps, Lend, RunId};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::message::{Message, Messages, Part, Role, ToolCall, ToolResult, Usage};
pub use crate::model::{Model, ModelRequest, ModelResponse};
pub use runlet_macros::{Deps, tool, toolset};
pub use schemars;

pub use crate::tool::{IntoOutput, Json, Tool, ToolError, ToolOutput};

//! The behaviours of Runlet, one module per subject, in one binary.

mod budget;
mod conversations;
mod dynamic_tools;
mod events;
mod hook_points;
mod hooks;
mod kit;
mod observers;
mod project;
mod resume;
mod ruler;
mod run;
mod runtime;
mod schema_lowering;
mod shared;
mod spans;
mod state;
mod stream;
mod tool_macro;
mod typed_output;
mod wire;

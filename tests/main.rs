//! The behaviours of Runlet, one module per subject, in one binary.

mod budget;
mod compress;
mod conversations;
mod dynamic_tools;
mod events;
mod hook_points;
mod hooks;
mod kit;
mod limits;
mod observers;
mod outcomes;
mod project;
mod resume;
mod ruler;
mod run;
mod runtime;
mod schema_lowering;
mod shared;
mod simulation;
mod spans;
mod state;
mod stream;
mod tool_macro;
mod typed_output;
mod wire;

//! The behaviours of Runlet, one module per subject, in one binary.

mod anthropic;
mod budget;
mod corpus;
mod dynamic_tools;
mod events;
mod fallback;
mod hooks;
mod kit;
mod limits;
mod outcomes;
mod project;
mod resume;
mod retries;
mod ruler;
mod run;
mod runtime;
mod schema_lowering;
mod security;
mod shared;
mod simulation;
mod state;
mod stream;
mod tool_macro;
mod typed_output;
mod wire;
mod wire_rows;

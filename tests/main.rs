//! The behaviours of Runlet, one module per subject, in one binary.

mod ruler;
mod schema_lowering;
mod tool_macro;
mod wire;

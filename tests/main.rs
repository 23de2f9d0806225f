//! The behaviours of Runlet, one module per subject, in one binary.

mod project;
mod ruler;
mod tool_macro;
mod wire;

//! The behaviours of Runlet, one module per subject.

mod tool_macro;
mod wire;

//! The behaviours of Runlet, one module per subject, in one binary.

mod dynamic_tools;
mod ruler;
mod shared;
mod tool_macro;
mod wire;

//! Tests across the crate, in one binary.

mod wire;

//! The scripted server of the conformance suite.

#[allow(unused_imports, reason = "each test target uses its own part of this module")]
pub(crate) use runlet::testing::conformance::{End, Loopback, Received, Reply};

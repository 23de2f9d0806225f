//! Where a run stands, and how it ends.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::LimitReached;
use crate::error::{Error, ErrorKind};

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunStatus {
    /// It goes on.
    Running,
    /// It waits for a person.
    Interrupted,
    /// It ended with an answer.
    Completed,
    /// The model declined.
    Refused,
    /// It failed.
    Failed,
    /// It came to a limit.
    Stopped,
    /// It was cancelled.
    Cancelled,
}

/// How a run ended.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// With an answer.
    Completed {
        /// Its text.
        answer: String,
    },
    /// The model, or its provider's filter, declined.
    Refused {
        /// In these words.
        reason: String,
    },
    /// Something failed.
    Failed {
        /// The kind of the error.
        kind: ErrorKind,
        /// The error in words.
        message: String,
    },
    /// The model answered with nothing anyone could use, twice in a row or for want of room.
    Empty {
        /// What happened, in words.
        message: String,
    },
    /// The model's answer holds a call in a form of its provider's that only the caller could answer.
    NativeCall {
        /// The wire format it belongs to.
        provider: String,
        /// The item's own `type`.
        item: String,
    },
    /// A limit was reached.
    Stopped {
        /// Which one, and what was used.
        reached: LimitReached,
    },
    /// The caller cancelled it.
    Cancelled,
}

/// The detail of an error of kind [`ErrorKind::Model`]: the model's answer holds no text, and a call in a form of its
/// provider's that Runlet does not run and only the caller could answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NativeCall {
    /// The wire format it belongs to, such as `openai`.
    pub provider: String,
    /// The item's own `type`, such as `computer_call`.
    pub item: String,
}

impl fmt::Display for NativeCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, item } = self;
        write!(
            f,
            "the model's answer is a `{item}` of {provider}, which the caller has to answer: a run answers calls of its \
             agent's tools only. Take the native tool behind it from the agent"
        )
    }
}

impl std::error::Error for NativeCall {}

impl From<NativeCall> for Error {
    fn from(call: NativeCall) -> Self {
        Self::with_source(ErrorKind::Model, call.to_string(), call)
    }
}

//! A request that may be sent.

use std::ops::Deref;

use super::bill::Bill;
use super::request::ModelRequest;
use crate::message::Messages;

/// A request that was counted and fits: the only thing a [`Model`](super::Model) takes.
///
/// Only the context manager makes one, or a caller who says [`ModelRequest::unbudgeted`]. It reads like the request and
/// cannot be changed.
#[derive(Clone, Debug)]
pub struct PreparedRequest {
    request: ModelRequest,
    bill: Option<Bill>,
}

impl PreparedRequest {
    /// Seals a request with its bill. Only `budget` calls this; a test reads the sources and asserts it.
    pub(crate) fn seal(request: ModelRequest, bill: Bill) -> Self {
        Self { request, bill: Some(bill) }
    }

    pub(super) fn unbudgeted(request: ModelRequest) -> Self {
        Self { request, bill: None }
    }

    /// Where the tokens go; `None` for an [unbudgeted](ModelRequest::unbudgeted) request.
    pub fn bill(&self) -> Option<&Bill> {
        self.bill.as_ref()
    }

    /// The conversation of the request.
    pub fn messages(&self) -> &Messages {
        &self.request.messages
    }

    /// The request by value. It is no longer prepared.
    pub fn into_request(self) -> ModelRequest {
        self.request
    }
}

impl Deref for PreparedRequest {
    type Target = ModelRequest;

    fn deref(&self) -> &ModelRequest {
        &self.request
    }
}

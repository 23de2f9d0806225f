//! A request that may be sent.

use std::ops::Deref;
use std::sync::Arc;

use super::bill::Bill;
use super::request::ModelRequest;
use super::retrying::{Retrying, Watch};
use crate::message::Messages;

/// A request that was counted and fits: the only thing a [`Model`](super::Model) takes.
///
/// Only the context manager makes one, or a caller who says [`ModelRequest::unbudgeted`]. It reads like the request and
/// cannot be changed.
/// Clones share it.
#[derive(Clone, Debug)]
pub struct PreparedRequest {
    sealed: Arc<Sealed>,
    watch: Watch,
}

#[derive(Debug)]
struct Sealed {
    request: ModelRequest,
    bill: Option<Bill>,
}

impl PreparedRequest {
    /// Seals a request with its bill. Only `budget` calls this; a test reads the sources and asserts it.
    pub(crate) fn seal(request: ModelRequest, bill: Bill) -> Self {
        Self { sealed: Arc::new(Sealed { request, bill: Some(bill) }), watch: Watch::default() }
    }

    pub(super) fn unbudgeted(request: ModelRequest) -> Self {
        Self { sealed: Arc::new(Sealed { request, bill: None }), watch: Watch::default() }
    }

    /// Where the tokens go; `None` for an [unbudgeted](ModelRequest::unbudgeted) request.
    pub fn bill(&self) -> Option<&Bill> {
        self.sealed.bill.as_ref()
    }

    /// The conversation of the request.
    pub fn messages(&self) -> &Messages {
        &self.sealed.request.messages
    }

    /// Calls `listener` whenever a model is about to try the request again. The runtime makes events of it.
    pub fn on_retry(mut self, listener: impl Fn(Retrying) + Send + Sync + 'static) -> Self {
        self.watch = Watch::new(listener);
        self
    }

    /// Tells whoever listens that the request will be tried again: for models that retry by themselves.
    pub fn retrying(&self, retrying: Retrying) {
        self.watch.tell(retrying);
    }

    /// Who listens, for adapters that let go of the request before they send it.
    #[cfg(feature = "_http")]
    pub(crate) fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// The request by value. It is no longer prepared.
    pub fn into_request(self) -> ModelRequest {
        Arc::try_unwrap(self.sealed).map_or_else(|shared| shared.request.clone(), |sealed| sealed.request)
    }
}

impl Deref for PreparedRequest {
    type Target = ModelRequest;

    fn deref(&self) -> &ModelRequest {
        &self.sealed.request
    }
}

//! Hearing of tries that failed and will be made again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;

/// A model call failed and will be made again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Retrying {
    /// Which try comes next, from 2.
    pub attempt: u32,
    /// How long it waits first.
    pub delay: Duration,
    /// Why the last one failed.
    pub error: Error,
    /// The model that is asked next, as `provider/name`, where it is another one.
    pub model: Option<String>,
}

impl Retrying {
    /// The next try of the same model.
    pub fn new(attempt: u32, delay: Duration, error: Error) -> Self {
        Self { attempt, delay, error, model: None }
    }

    /// Says that another model is asked next.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }
}

type Listener = Arc<dyn Fn(Retrying) + Send + Sync>;

/// Who wants to hear of retries, if anyone does.
#[derive(Clone, Default)]
pub(crate) struct Watch(Option<Listener>);

impl Watch {
    pub(super) fn new(listener: impl Fn(Retrying) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    pub(crate) fn tell(&self, retrying: Retrying) {
        if let Some(listener) = &self.0 {
            listener(retrying);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "watched" } else { "not watched" })
    }
}

//! The conversation that a run goes on with: loaded before its first step, saved after its last.

use std::pin::pin;

use futures_util::future::{Either, select};

use super::super::conversation::{history_of, loading, saving};
use super::Driver;
use crate::error::{Error, ErrorKind, Result};
use crate::run::{RunStatus, SavedTo};

impl Driver {
    pub(super) async fn load_conversation(&mut self, id: String) -> Result<()> {
        let stored = self.session.operate(self.session.root, loading(&id)).await?.loaded;
        let mut history = history_of(&id, stored.as_ref())?.joined_turns();
        let before = history.len();
        history.extend(self.run.messages().iter().cloned());
        self.run.begin_after(history);
        self.run.origin_mut().conversation = Some(SavedTo { id, over: stored.map(|stored| stored.version), before });
        Ok(())
    }

    /// Saves the run's conversation. A run that was cancelled, before or meanwhile, has its grace for it.
    pub(super) async fn save_in_time(&mut self) -> Result<()> {
        if self.as_it_was {
            return Ok(());
        }
        let (token, grace) = (self.session.cancellation.clone(), self.session.policy.grace);
        let patience = async {
            token.cancelled().await;
            tokio::time::sleep(grace).await;
        };
        match select(pin!(self.save_conversation()), pin!(patience)).await {
            Either::Left((saved, _)) => saved,
            Either::Right(_) => {
                let millis = grace.as_millis();
                let message = format!(
                    "the conversation was not saved: the run was cancelled, and its store did not answer within {millis} ms"
                );
                Err(Error::new(ErrorKind::State, message))
            }
        }
    }

    /// Saves the run's conversation, if its history was loaded: what could not be read is not written over.
    async fn save_conversation(&self) -> Result<()> {
        // A question that never got an answer would come back with every later run, to fail it in the same way; and a run
        // that waits for a person is saved when it has gone on.
        if self.run.messages().len() == self.run.began_with() || self.run.status() == RunStatus::Interrupted {
            return Ok(());
        }
        let Some(SavedTo { id, over, .. }) = self.run.origin().conversation.clone() else { return Ok(()) };
        let operation = saving(&id, self.run.messages(), over)?;
        self.session.operate(self.session.root, operation).await.map(drop)
    }
}

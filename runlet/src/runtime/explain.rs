//! What a run's first request would cost, without sending it.

use super::drive::overlay;
use super::input::Input;
use crate::agent::Agent;
use crate::budget::ContextManager;
use crate::error::Result;
use crate::model::{Bill, Model};

impl<D, O> Agent<D, O> {
    /// The bill of the first request of a run with this input: what [`prepare`](ContextManager::prepare) would count,
    /// whether or not it fits. Nothing is sent, no hook runs, and no conversation is loaded.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the agent could not run at all.
    ///
    /// ```
    /// use runlet::Agent;
    /// use runlet::testing::ScriptedModel;
    ///
    /// let support: Agent = Agent::builder("support")
    ///     .model(ScriptedModel::new())
    ///     .instructions("Help users with orders.")
    ///     .build()?;
    /// let bill = support.explain("Where is order 123?")?;
    /// assert_eq!(bill.excess(), 0);
    /// println!("{bill}");
    /// # Ok::<(), runlet::Error>(())
    /// ```
    pub fn explain(&self, input: impl Into<Input>) -> Result<Bill> {
        self.explain_for(self.model(), input)
    }

    /// As [`explain`](Self::explain), for another model than the agent's: with its window, its provider's overheads and
    /// its rule for images.
    ///
    /// # Errors
    /// As those of [`explain`](Self::explain).
    ///
    /// ```
    /// use runlet::Agent;
    /// use runlet::model::Capabilities;
    /// use runlet::testing::ScriptedModel;
    ///
    /// let support: Agent = Agent::builder("support").model(ScriptedModel::new()).build()?;
    /// let small = ScriptedModel::new().capabilities(Capabilities::new().context_window(4_096));
    /// assert_eq!(support.explain_for(&small, "Where is order 123?")?.limit(), 4_096);
    /// # Ok::<(), runlet::Error>(())
    /// ```
    pub fn explain_for(&self, model: &impl Model, input: impl Into<Input>) -> Result<Bill> {
        let parts = self.parts();
        let mut request = parts.template.clone();
        let mut input = input.into().request;
        request.messages = std::mem::take(&mut input.messages);
        overlay(&mut request, input);
        ContextManager::new(parts.context.policy().clone()).for_model(model).bill(&request, &model.capabilities())
    }
}

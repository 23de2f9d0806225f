//! Histories of others: one turn of the model in several messages.

use super::{Extra, Mark, Message, Messages, Part, Role, SharedMessage};

impl Messages {
    /// The same history with each turn of the model in one message.
    ///
    /// Some tools keep every call in a message of its own, before the results of all. Providers want the calls of a turn
    /// together, so messages of the model that follow open calls are added to the message with those. A run does this with
    /// the history that it begins with. Two messages with which a provider keeps different things stay as they are.
    ///
    /// ```
    /// use runlet::message::{Message, Messages, Part, Role, ToolCall, ToolResult};
    ///
    /// let calls = [ToolCall::new("a", "lookup", "{}"), ToolCall::new("b", "lookup", "{}")];
    /// let mut history = Messages::new();
    /// history.extend(calls.iter().map(|call| Message::new(Role::Assistant, vec![Part::tool_call(call.clone())])));
    /// history.extend(calls.iter().map(|call| Message::tool(vec![ToolResult::text(call, "found")])));
    /// assert!(history.check_calls().is_err());
    ///
    /// let history = history.joined_turns();
    /// assert_eq!(history[0].tool_calls().count(), 2);
    /// assert!(history.check_calls().is_ok());
    /// ```
    #[must_use]
    pub fn joined_turns(self) -> Self {
        let mut open = 0_usize;
        // The place of each message that belongs to the one before it.
        let mut joining = Vec::new();
        let mut before: Option<&SharedMessage> = None;
        // What a provider keeps with the message that others may be added to.
        let mut kept = Extra::default();
        for (place, message) in self.iter().enumerate() {
            let follows = before.is_some_and(|before| match message.role {
                Role::Assistant => before.role == Role::Assistant && open > 0,
                // Media that an API has no room for in a result stand after the results of a message.
                Role::Tool => before.role == Role::Tool && has_media(before),
                Role::System | Role::User => false,
            });
            kept = match joined(&kept, &message.extra).filter(|_| follows) {
                Some(both) => {
                    joining.push(place);
                    both
                }
                None => message.extra.clone(),
            };
            open = (open + message.tool_calls().count()).saturating_sub(message.tool_results().count());
            before = Some(message);
        }
        if joining.is_empty() {
            return self;
        }
        let mut whole: Vec<SharedMessage> = Vec::with_capacity(self.len());
        for (place, message) in self.iter().enumerate() {
            let before = if joining.binary_search(&place).is_ok() { whole.pop() } else { None };
            whole.push(match before {
                Some(before) => join(before.into_message(), message).into(),
                None => message.clone(),
            });
        }
        whole.into()
    }
}

fn has_media(message: &Message) -> bool {
    message.tool_results().any(|result| result.content.iter().any(|part| matches!(part, Part::Media(_))))
}

fn join(mut first: Message, second: &Message) -> Message {
    first.parts.extend(second.parts.iter().cloned());
    first.extra = joined(&first.extra, &second.extra).unwrap_or(first.extra);
    if second.mark == Mark::Pinned {
        first.mark = Mark::Pinned;
    }
    first
}

/// What a provider keeps with two messages; `None` where that is not the same.
fn joined(first: &Extra, second: &Extra) -> Option<Extra> {
    match (first.is_empty(), second.is_empty()) {
        (true, _) => Some(second.clone()),
        (_, true) => Some(first.clone()),
        _ => (first == second).then(|| first.clone()),
    }
}

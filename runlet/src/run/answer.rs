//! What becomes of a model's answer: a turn of tool calls, an output to be checked, another step or the end.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::turn::Turn;
use super::{Ending, Limit, LimitReached, Phase, Run};
use crate::error::ErrorKind;
use crate::message::{Message, Native, Part, Role, SharedMessage, ToolCall, Usage};
use crate::model::StopReason;
use crate::tool::ToolErrorKind;

impl Run {
    pub(super) fn answered(&mut self, mut message: SharedMessage, stop_reason: StopReason, usage: Usage) {
        self.use_up(&usage);
        if let Some(asked) = self.asked.take() {
            self.spent = self.spent.plus(&asked.spent(&self.policy, &usage, Some(&*message)));
        }
        if message.role != Role::Assistant {
            message = Message { role: Role::Assistant, ..message.into_message() }.into();
        }
        self.last_stop = Some(stop_reason.clone());
        if let Some(Native { provider, kind, .. }) = unanswered(&message) {
            // It does not become history, nor do calls of tools beside it: no provider takes a call back without its
            // answer.
            let ending = Ending::NativeCall { provider: provider.clone(), item: kind.clone() };
            self.end(ending);
            return;
        }
        if message.tool_calls().next().is_some() {
            self.open_turn(message, &stop_reason);
            return;
        }
        match stop_reason {
            StopReason::Refusal | StopReason::ContentFilter => {
                let reason = message.refusal().unwrap_or_else(|| match stop_reason {
                    StopReason::ContentFilter => "the provider's content filter stopped the answer".to_owned(),
                    _ => "the model declined to answer".to_owned(),
                });
                self.push(message);
                self.phase = Phase::Ended(Ending::Refused { reason });
            }
            StopReason::Pause => {
                self.push(message);
                self.begin_step();
            }
            _ if message.text().trim().is_empty() && message.refusal().is_some() => {
                let reason = message.refusal().unwrap_or_default();
                self.push(message);
                self.phase = Phase::Ended(Ending::Refused { reason });
            }
            // What stands beside a call that was lost is no answer.
            StopReason::MalformedCall => self.answered_nothing(&stop_reason),
            stop_reason if says_nothing(&message) => self.answered_nothing(&stop_reason),
            _ => {
                let answer = message.text();
                self.push(message);
                self.phase = Phase::Output { answer };
            }
        }
    }

    /// A model that says nothing, or whose call was lost, is asked once more; one that ran out of room would only do so
    /// again.
    fn answered_nothing(&mut self, stop_reason: &StopReason) {
        let message = match stop_reason {
            StopReason::MaxTokens => {
                "the model used up its output tokens before it wrote any answer: raise `max_output_tokens`"
            }
            _ if self.empty_answers == 0 => {
                self.empty_answers += 1;
                self.begin_step();
                return;
            }
            StopReason::MalformedCall => "the model twice wrote no tool call that its provider could read",
            _ => "the model twice answered with neither text nor a tool call",
        };
        self.end(Ending::Empty { message: message.to_owned() });
    }

    fn open_turn(&mut self, message: SharedMessage, stop_reason: &StopReason) {
        let message = self.name_calls(message);
        let repeated = self.count_repeated(&message);
        let mut turn = Turn::new(message);
        if *stop_reason == StopReason::MaxTokens {
            turn.settle_rest(ToolErrorKind::Failed, |_| format!("This call was not run: {CUT_OFF}"));
        } else if turn.ends_inside_a_call() {
            // Some servers say `tool_calls` where they mean `length`.
            turn.settle_rest(ToolErrorKind::InvalidArguments, |call| {
                let place = match serde_json::from_str::<serde::de::IgnoredAny>(&call.arguments) {
                    Err(error) => format!(" Its arguments are not JSON: {error}."),
                    Ok(_) => String::new(),
                };
                format!("This call was not run: {CUT_OFF}{place}")
            });
        }
        let limit = self.policy.max_tool_calls_per_step;
        turn.settle_from(limit, ToolErrorKind::Denied, |_| {
            format!("This call was not run: at most {limit} tool calls are run in one turn. Make it again if needed.")
        });
        let reached = repeated.or_else(|| self.too_many_calls(turn.ready_count()));
        if let Some(reached) = reached {
            turn.settle_rest(ToolErrorKind::Denied, |_| {
                format!("This call was not run: the run came to its limit `{}`.", reached.limit.setting())
            });
            self.phase = Phase::Tools(turn);
            self.end(Ending::Stopped { reached });
            return;
        }
        let asked = u32::try_from(turn.ready_count()).unwrap_or(u32::MAX);
        self.spent.tool_calls = self.spent.tool_calls.saturating_add(asked);
        self.phase = Phase::Tools(turn);
        self.close_turn();
    }

    /// Whether so many calls more would be too many for the run.
    fn too_many_calls(&self, calls: usize) -> Option<LimitReached> {
        let allowed = u64::from(self.policy.max_tool_calls?);
        let (used, needed) = (u64::from(self.spent.tool_calls), u64::try_from(calls).unwrap_or(u64::MAX));
        let over = used.saturating_add(needed) > allowed;
        over.then(|| LimitReached::new(Limit::ToolCalls, used, needed, allowed))
    }

    /// Counts in how many steps in a row each call of a message was asked for.
    fn count_repeated(&mut self, message: &Message) -> Option<LimitReached> {
        let limit = self.policy.max_identical_calls;
        if limit == 0 {
            return None;
        }
        let before = std::mem::take(&mut self.repeated);
        for call in message.tool_calls() {
            let digest = digest(call);
            let steps = before.get(&digest).copied().unwrap_or(0).saturating_add(1);
            self.repeated.insert(digest, steps);
        }
        let most = self.repeated.values().copied().max().unwrap_or(0);
        (most >= limit).then(|| LimitReached::new(Limit::IdenticalCalls, u64::from(most), 0, u64::from(limit)))
    }

    /// Gives every call an id of its own: models leave them out and repeat them, and a result must find its call.
    fn name_calls(&mut self, message: SharedMessage) -> SharedMessage {
        let mut unnamed = Vec::new();
        for (index, call) in message.tool_calls().enumerate() {
            // What can keep its id keeps it, whatever stands before it: it may be running already.
            if call.id.is_empty() || !self.call_ids.insert(call.id.clone()) {
                unnamed.push(index);
            }
        }
        if unnamed.is_empty() {
            return message;
        }
        let mut name = |index| {
            let mut id = format!("call_{}_{index}", self.step);
            while !self.call_ids.insert(id.clone()) {
                id.push('_');
            }
            (index, id)
        };
        let mut renamed: Vec<(usize, String)> = unnamed.into_iter().map(&mut name).collect();
        let mut message = message.into_message();
        let calls = message.parts.iter_mut().filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            _ => None,
        });
        for (index, call) in calls.enumerate() {
            if let Some((_, id)) = renamed.iter_mut().find(|(place, _)| *place == index) {
                Arc::make_mut(call).id = std::mem::take(id);
            }
        }
        message.into()
    }

    /// Makes the open turn history, if every call has its result.
    pub(super) fn close_turn(&mut self) {
        let Phase::Tools(turn) = &mut self.phase else { return };
        turn.settle_after_fatal();
        let Some(closed) = turn.close() else { return };
        self.push(closed.message);
        self.push(closed.results);
        if let Some(edits) = closed.edits {
            self.push(edits);
        }
        if let Some(message) = closed.fatal {
            self.phase = Phase::Ended(Ending::Failed { kind: ErrorKind::Tool, message });
            return;
        }
        if let Some(answer) = closed.answer {
            self.phase = Phase::Ended(Ending::Completed { answer });
            return;
        }
        // The tries of an answer are counted by themselves.
        if let Some(problems) = closed.rejected {
            self.repeated.clear();
            if self.may_answer_again(&problems) {
                self.begin_step();
            }
            return;
        }
        self.bad_steps = if closed.all_bad { self.bad_steps + 1 } else { 0 };
        if self.bad_steps >= self.policy.max_bad_steps {
            let message = format!(
                "the model's tool calls could not be run in {} steps in a row: unknown tools or invalid arguments",
                self.bad_steps
            );
            self.phase = Phase::Ended(Ending::Failed { kind: ErrorKind::Model, message });
            return;
        }
        self.begin_step();
    }

    pub(super) fn rejected(&mut self, problems: &str) {
        if self.may_answer_again(problems) {
            self.push(Message::note(format!("Your answer does not have the form that was asked for: {problems}")));
            self.begin_step();
        }
    }

    /// Counts an answer that does not fit. The run ends where it was one too many.
    fn may_answer_again(&mut self, problems: &str) -> bool {
        if self.output_retries >= self.policy.max_output_retries {
            let message = format!(
                "the model's answer does not fit the output type after {} more tries: {problems}",
                self.output_retries
            );
            self.end(Ending::Failed { kind: ErrorKind::Model, message });
            return false;
        }
        self.output_retries += 1;
        true
    }
}

const CUT_OFF: &str = "your message was cut off at the output limit, so the call may be incomplete. Make it again, alone or \
                       with shorter arguments.";

/// What two calls of the same tool with the same arguments, as the model wrote them, have in common.
pub(super) fn digest(call: &ToolCall) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&call.name, &call.arguments).hash(&mut hasher);
    hasher.finish()
}

/// The first item of a message that is a call in a form of its provider's for the caller to answer, as far as its name
/// tells: providers name what they run themselves otherwise, or leave its result in the same answer.
fn unanswered(message: &Message) -> Option<&Native> {
    let natives =
        || message.parts.iter().filter_map(|part| if let Part::Native(native) = part { Some(native) } else { None });
    // A provider may have run the tool itself: then the output stands behind the call.
    let is_answered = |call: &Native| {
        let kind = format!("{}_output", call.kind);
        natives().any(|native| native.kind == kind && call_id(native) == call_id(call))
    };
    natives().find(|native| native.is_open_call() && !is_answered(native))
}

/// The id by which a native call and its output know each other.
fn call_id(native: &Native) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Item {
        call_id: Option<String>,
    }
    serde_json::from_str::<Item>(&native.item).ok()?.call_id
}

/// Whether an answer holds nothing that anyone could use.
fn says_nothing(message: &Message) -> bool {
    message.parts.iter().all(|part| match part {
        Part::Text(text) => text.text.trim().is_empty(),
        Part::Reasoning(_) => true,
        _ => false,
    })
}

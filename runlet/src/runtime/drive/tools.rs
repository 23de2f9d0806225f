//! The tool calls of one step: which begin early, and how many run at a time.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::super::dispatch::run_call;
use super::Driver;
use crate::error::{Error, ErrorKind, Result};
use crate::message::ToolCall;
use crate::run::{Outcome, PendingCall};
use crate::tool::Effect;

/// A call that began before the model's message had ended, as its tool only reads. Dropping it ends it.
pub(super) struct EarlyCall {
    index: usize,
    call: Arc<ToolCall>,
    task: AbortOnDropHandle<Result<Outcome>>,
}

impl EarlyCall {
    /// Whether this is the call that stands in the finished message. What a provider keeps with a call may differ between
    /// its own event and the message; what is run must not.
    fn is(&self, pending: &PendingCall) -> bool {
        let (begun, asked) = (&self.call, &pending.call);
        self.index == pending.index
            && begun.id == asked.id
            && begun.name == asked.name
            && begun.arguments == asked.arguments
    }
}

impl Driver {
    /// Whether a call may begin before its message has ended: its tool only reads, it will keep its id and its place
    /// among the calls that are run, and nothing that must end first stands before it.
    pub(super) fn may_begin_early(&self, call: &ToolCall, before: &[Arc<ToolCall>]) -> bool {
        let spec = |call: &ToolCall| self.session.host.spec(&call.name);
        let reads = spec(call).is_some_and(|spec| spec.effect == Effect::Read && !spec.sequential && !spec.approval);
        // Hooks see a whole answer before anything of it is acted on.
        self.session.hooks.is_empty()
            && reads
            && self.run.may_begin_early(call)
            && !self.session.lineage.limits_tool_calls()
            && before.len() < self.run.policy().max_tool_calls_per_step
            && self.run.is_new_call_id(&call.id)
            && !before.iter().any(|other| other.id.is_empty() || other.id == call.id)
            && !before.iter().any(|other| spec(other).is_some_and(|spec| spec.sequential))
    }

    pub(super) fn begin_early(&self, index: usize, call: Arc<ToolCall>) -> EarlyCall {
        let step = self.step.unwrap_or(self.session.root);
        let pending = PendingCall { index, call: Arc::clone(&call), approved: false, edited: false, deferred: None };
        let work = run_call(Arc::clone(&self.session), step, pending);
        EarlyCall { index, call, task: AbortOnDropHandle::new(tokio::spawn(work.in_current_span())) }
    }

    /// Runs the calls of a turn, as many at a time as the policy allows; a sequential tool runs alone, after the calls
    /// before it and before those after it.
    pub(super) async fn call_tools(&mut self, mut calls: Vec<PendingCall>, mut early: Vec<EarlyCall>) -> Result<()> {
        let step = self.step.unwrap_or(self.session.root);
        let concurrency = self.session.policy.concurrency.max(1);
        if early.is_empty()
            && calls.len() == 1
            && let Some(only) = calls.pop()
        {
            let outcome = pin!(run_call(Arc::clone(&self.session), step, only)).await?;
            return self.run.apply(outcome);
        }
        let mut waiting = VecDeque::new();
        let mut running = FuturesUnordered::new();
        // What has begun counts among what runs at a time.
        for pending in calls {
            match early.iter().position(|begun| begun.is(&pending)) {
                Some(place) => {
                    let task = early.swap_remove(place).task;
                    running.push(async move { task.await.unwrap_or_else(|error| Err(lost_task(&error))) }.boxed());
                }
                None => waiting.push_back(pending),
            }
        }
        let mut alone = false;
        let mut failed = None;
        loop {
            while let Some(next) = waiting.front() {
                let sequential = self.session.host.spec(&next.call.name).is_some_and(|spec| spec.sequential);
                if alone || running.len() >= concurrency || (sequential && !running.is_empty()) {
                    break;
                }
                let Some(pending) = waiting.pop_front() else { break };
                alone = sequential;
                running.push(run_call(Arc::clone(&self.session), step, pending).boxed());
            }
            let Some(outcome) = running.next().await else { return failed.map_or(Ok(()), Err) };
            alone = false;
            match outcome {
                Ok(outcome) => self.run.apply(outcome)?,
                // No call begins after it, but those that run come to their ends: what they did is worth knowing.
                Err(error) => {
                    waiting.clear();
                    failed.get_or_insert(error);
                }
            }
        }
    }
}

fn lost_task(error: &tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::Internal, format!("the task of a tool call was lost: {error}"))
}

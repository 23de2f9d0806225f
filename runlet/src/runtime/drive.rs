//! The one loop: ask the run what comes next, do it, tell the run what came of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::dispatch::{reference, run_call};
use super::input::Input;
use super::report::RunReport;
use super::session::{Hosted, Session};
use super::{Parts, new_run_id};
use crate::agent::{Agent, Output, decode};
use crate::budget::{ContextManager, ContextOverflow, Ledger, Need, check_compressed};
use crate::context::{RunId, RunInfo};
use crate::error::{Error, ErrorKind, ProviderError, ProviderErrorCategory, Result};
use crate::event::{Emitter, EventKind, EventQueue, Span};
use crate::hook::StateOperation;
use crate::message::{Messages, SharedMessage, ToolCall};
use crate::model::{
    AnyModel, Capabilities, Model, ModelEvent, ModelRequest, ModelResponse, PreparedRequest, Retrying, StopReason,
    ToolChoice, ToolDefinition,
};
use crate::run::{Action, Decision, Outcome, PendingCall, Run, RunStatus, SavedTo};
use crate::state::StateScope;
use crate::tool::Effect;

/// The key under which a conversation's messages are kept.
const CONVERSATION_KEY: &str = "messages";

/// Where a run begins.
pub(super) enum Start {
    Input(Box<Input>),
    Saved(Box<Run>, Vec<(usize, Decision)>),
}

/// Drives one run.
pub(super) struct Driver {
    session: Arc<Session>,
    model: AnyModel,
    capabilities: Capabilities,
    context: ContextManager,
    ledger: Ledger,
    /// Every request but its messages.
    template: ModelRequest,
    run: Run,
    begin: Begin,
    /// The conversation whose history is still to be loaded.
    conversation: Option<String>,
    streams: bool,
    /// The span of the step that is going on.
    step: Option<Span>,
    /// The error behind the run's ending, with all its details.
    error: Option<Error>,
}

/// What is to be done before the first step.
enum Begin {
    New,
    /// The decisions to go on with, or why it cannot go on.
    Resumed(Result<Vec<(usize, Decision)>>),
    /// The run cannot begin.
    Failed(Error),
}

/// A call that began before the model's message had ended, as its tool only reads. Dropping it ends it.
struct EarlyCall {
    index: usize,
    call: ToolCall,
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
    pub(super) fn new<D, O>(parts: &Parts, agent: &Agent<D, O>, deps: Arc<D>, start: Start, streams: bool) -> Self
    where
        D: Send + Sync + 'static,
        O: Output,
    {
        let own = agent.parts();
        let mut template = own.template.clone();
        template.metadata.clone_from(&own.metadata);
        let mut conversation = None;
        let mut cancellation = CancellationToken::new();
        let (run, begin) = match start {
            Start::Input(input) => {
                if let Some(token) = &input.cancellation {
                    cancellation = token.child_token();
                }
                conversation = input.conversation;
                let mut request = input.request;
                let messages = std::mem::take(&mut request.messages);
                let asked = (request != ModelRequest::default()).then(|| Box::new(request.clone()));
                overlay(&mut template, request);
                let id = input.run_id.unwrap_or_else(new_run_id);
                let begin = match (agent.check(), messages.is_empty()) {
                    (Err(problem), _) => Begin::Failed(problem),
                    (Ok(()), true) => Begin::Failed(Error::new(
                        ErrorKind::Config,
                        "a run begins with at least one message: the input has none",
                    )),
                    (Ok(()), false) => Begin::New,
                };
                let mut run = Run::new(id, own.name.as_ref(), own.run.clone(), messages);
                run.origin_mut().request = asked;
                (run, begin)
            }
            Start::Saved(run, decisions) => {
                if let Some(request) = &run.origin().request {
                    overlay(&mut template, ModelRequest::clone(request));
                }
                let problem = match agent.check() {
                    Err(problem) => Err(problem),
                    Ok(()) if run.agent() != own.name.as_ref() => Err(Error::new(
                        ErrorKind::Config,
                        format!("the run belongs to agent `{}` and cannot go on as `{}`", run.agent(), own.name),
                    )),
                    Ok(()) => Ok(decisions),
                };
                (*run, Begin::Resumed(problem))
            }
        };
        let info = Arc::new(RunInfo {
            run_id: RunId::clone(run.id()),
            agent: Arc::clone(&own.name),
            metadata: Arc::new(template.metadata.clone()),
        });
        let emitter = Emitter::new(info, parts.observers.clone(), streams);
        let root = emitter.span(0, None);
        let session = Session {
            root,
            emitter,
            hooks: parts.hooks.then(&own.hooks),
            host: Box::new(Hosted { toolbox: Arc::clone(&own.toolbox), deps }),
            policy: own.tools.clone(),
            output: own.output.clone(),
            check: |answer| decode::<O>(answer).map(drop),
            state: parts.state.clone(),
            cancellation,
            usage: Mutex::new(run.usage()),
        };
        Self {
            session: Arc::new(session),
            capabilities: own.model.capabilities(),
            model: own.model.clone(),
            context: ContextManager::new(own.context.clone()),
            ledger: Ledger::default(),
            template,
            run,
            begin,
            conversation,
            streams,
            step: None,
            error: None,
        }
    }

    /// The events of the run, as they come.
    pub(super) fn queue(&self) -> EventQueue {
        self.session.emitter.queue()
    }

    /// Drives the run to its end, or to where a person is asked.
    pub(super) async fn drive(self) -> RunReport {
        let span = tracing::info_span!(
            "invoke_agent",
            gen_ai.operation.name = "invoke_agent",
            gen_ai.agent.name = &*self.session.emitter.run().agent,
            gen_ai.provider.name = self.model.provider(),
            gen_ai.request.model = self.model.name(),
            runlet.run_id = self.run.id().as_str(),
        );
        self.drive_in_span().instrument(span).await
    }

    async fn drive_in_span(mut self) -> RunReport {
        let _end_on_drop = EndOnDrop(Arc::clone(&self.session));
        let resumed = matches!(self.begin, Begin::Resumed(_));
        let token = self.session.cancellation.clone();
        let begun = token.run_until_cancelled(self.begin()).await;
        match begun.unwrap_or_else(|| Err(Error::new(ErrorKind::Cancelled, "the run was cancelled"))) {
            Ok(()) => {}
            // What cannot be resumed stays as it was, to be resumed in another way.
            Err(error) if resumed => {
                let report = RunReport::new(self.run, Some(error));
                emit_end(&self.session, &report);
                return report;
            }
            Err(error) => self.fail(error),
        }
        loop {
            let action = self.run.next();
            self.settle_step(&action);
            if matches!(action, Action::Done | Action::AskHuman { .. }) {
                break;
            }
            match token.run_until_cancelled(self.act(action)).await {
                Some(Ok(())) => {}
                Some(Err(error)) => self.fail(error),
                None => self.fail(Error::new(ErrorKind::Cancelled, "the run was cancelled")),
            }
            self.session.emitter.drained().await;
        }
        if let Err(error) = self.save_conversation().await {
            self.error.get_or_insert(error);
        }
        let report = RunReport::new(self.run, self.error);
        emit_end(&self.session, &report);
        report
    }

    async fn act(&mut self, action: Action) -> Result<()> {
        match action {
            Action::CallModel { step } => self.call_model(step).await,
            Action::CallTools { calls, .. } => self.call_tools(calls, Vec::new()).await,
            Action::CheckOutput { answer } => {
                let outcome = match (self.session.check)(&answer) {
                    Ok(()) => Outcome::OutputAccepted,
                    Err(problems) => Outcome::OutputRejected { problems },
                };
                self.run.apply(outcome)
            }
            Action::AskHuman { .. } | Action::Done => Ok(()),
        }
    }

    async fn begin(&mut self) -> Result<()> {
        let (root, emitter) = (self.session.root, self.session.emitter.clone());
        let begin = std::mem::replace(&mut self.begin, Begin::New);
        if let Begin::Resumed(decisions) = begin {
            emitter.emit(root, || EventKind::RunResumed { steps: self.run.step() });
            return self.decide(decisions?);
        }
        emitter.emit(root, || EventKind::RunStarted {
            provider: self.model.provider().to_owned(),
            model: self.model.name().to_owned(),
            messages: self.run.messages().len(),
            tools: self.template.tools.len(),
        });
        match begin {
            Begin::Failed(error) => Err(error),
            _ => self.load_conversation().await,
        }
    }

    /// Applies a person's decisions, all or none: one that does not fit leaves the run as it was.
    fn decide(&mut self, decisions: Vec<(usize, Decision)>) -> Result<()> {
        let (root, emitter) = (self.session.root, &self.session.emitter);
        let mut decided = self.run.clone();
        let mut responses = Vec::with_capacity(decisions.len());
        for (index, decision) in decisions {
            let approved = !matches!(decision, Decision::Reject { .. });
            match decided.decide(index, decision) {
                Ok(call) => responses.push((reference(index, &call), approved)),
                Err(error) => {
                    emitter.emit(root, || EventKind::HumanResponseRejected { error: error.clone() });
                    return Err(error);
                }
            }
        }
        for (call, approved) in responses {
            emitter.emit(root, || EventKind::HumanResponded { call, approved });
        }
        self.run = decided;
        Ok(())
    }

    /// Emits the beginning and the end of steps.
    fn settle_step(&mut self, action: &Action) {
        let emitter = self.session.emitter.clone();
        let next = match action {
            Action::CallModel { step } | Action::CallTools { step, .. } => Some(*step),
            Action::CheckOutput { .. } => self.step.map(|span| span.step),
            _ => None,
        };
        if let Some(span) = self.step.filter(|span| next != Some(span.step)) {
            emitter.emit(span, || {
                let last = self.run.messages().last();
                EventKind::StepCompleted { tool_calls: last.map_or(0, |message| message.tool_results().count()) }
            });
            self.step = None;
        }
        if let (None, Some(step)) = (self.step, next) {
            let span = emitter.span(step, Some(self.session.root));
            emitter.emit(span, || EventKind::StepStarted);
            self.step = Some(span);
        }
    }

    async fn call_model(&mut self, step: u32) -> Result<()> {
        let session = Arc::clone(&self.session);
        let span = session.emitter.span(step, self.step);
        let request = self.request(step, span).await?;
        let prepared = self.prepare(step, span, request).await?;
        session.emitter.emit(span, || EventKind::ModelRequested {
            provider: self.model.provider().to_owned(),
            model: self.model.name().to_owned(),
            messages: prepared.messages().len(),
            stream: self.streams,
        });
        let chat = tracing::info_span!(
            "chat",
            gen_ai.operation.name = "chat",
            gen_ai.provider.name = self.model.provider(),
            gen_ai.request.model = self.model.name(),
            gen_ai.response.model = tracing::field::Empty,
            gen_ai.usage.input_tokens = tracing::field::Empty,
            gen_ai.usage.output_tokens = tracing::field::Empty,
            error.r#type = tracing::field::Empty,
            http.request.resend_count = tracing::field::Empty,
        );
        let prepared = watched(prepared, session.emitter.clone(), span, chat.clone());
        let started = Instant::now();
        let answered = if self.streams {
            self.stream_answer(span, prepared).instrument(chat.clone()).await
        } else {
            self.model.complete(prepared).instrument(chat.clone()).await.map(|response| (response, Vec::new()))
        };
        let (mut response, early) = match answered {
            Ok(answered) => answered,
            Err(error) => {
                chat.record("error.type", error.kind().code());
                let duration = started.elapsed();
                session.emitter.emit(span, || EventKind::ModelFailed { error: error.clone(), duration });
                return Err(error);
            }
        };
        if let Some(model) = &response.model {
            chat.record("gen_ai.response.model", model);
        }
        if let Some(tokens) = response.usage.input_tokens {
            chat.record("gen_ai.usage.input_tokens", tokens);
        }
        if let Some(tokens) = response.usage.output_tokens {
            chat.record("gen_ai.usage.output_tokens", tokens);
        }
        if !session.hooks.is_empty() {
            let context = session.hook_context(step);
            session.hooks.after_model_call(&context, session.hook_point(span), &mut response).await?;
        }
        let duration = started.elapsed();
        session.emitter.emit(span, || EventKind::ModelCompleted {
            message: SharedMessage::from(response.message.clone()),
            model: response.model.clone(),
            stop_reason: response.stop_reason.clone(),
            usage: response.usage,
            duration,
        });
        self.run.apply(Outcome::Model(Box::new(response)))?;
        session.set_usage(self.run.usage());
        if let Action::CallTools { calls, .. } = self.run.next() {
            self.call_tools(calls, early).await?;
        }
        Ok(())
    }

    /// The next request, as the hooks leave it.
    async fn request(&self, step: u32, span: Span) -> Result<ModelRequest> {
        let mut request = self.template.clone();
        request.messages = self.run.context().clone();
        if step > 1 && matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Tool(_))) {
            request.tool_choice = Some(ToolChoice::Auto);
        }
        if !self.session.hooks.is_empty() {
            let context = self.session.hook_context(step);
            self.session.hooks.before_model_call(&context, self.session.hook_point(span), &mut request).await?;
        }
        Ok(request)
    }

    /// Counts a request and seals it; one that does not fit is made smaller first, as far as the policy goes.
    async fn prepare(&mut self, step: u32, span: Span, mut request: ModelRequest) -> Result<PreparedRequest> {
        let session = Arc::clone(&self.session);
        let mut compressors: VecDeque<_> = self.context.policy().compressors().to_vec().into();
        loop {
            let refusal = match self.context.prepare_with(&mut self.ledger, request, &self.capabilities) {
                Ok(prepared) => {
                    if let Some(bill) = prepared.bill() {
                        session.emitter.emit(span, || EventKind::ContextBudgetChecked { bill: bill.clone() });
                    }
                    return Ok(prepared);
                }
                Err((refused, error)) => {
                    request = *refused;
                    error
                }
            };
            let overflow = refusal.detail::<ContextOverflow>().map(|overflow| overflow.bill().clone());
            let (Some(bill), Some(compressor)) = (overflow.clone(), compressors.pop_front()) else {
                session.emitter.emit(span, || EventKind::ContextRefused { bill: overflow, error: refusal.clone() });
                return Err(refusal);
            };
            let context = session.hook_context(step);
            let at = session.hook_point(span);
            session.hooks.before_compression(&context, at, &request.messages).await?;
            let need = Need::of(&bill);
            let Some(mut smaller) = compressor.compress(&request.messages, need).await? else { continue };
            session.hooks.after_compression(&context, at, &mut smaller).await?;
            check_compressed(compressor.name(), &request.messages, &smaller)?;
            let freed = self.context.freed(&request.messages, &smaller);
            session.emitter.emit(span, || EventKind::ContextCompressed {
                compressor: compressor.name().to_owned(),
                removed_messages: request.messages.len().saturating_sub(smaller.len()),
                freed_tokens: freed,
            });
            // Only what no hook has touched is the run's own conversation and stays smaller for the steps to come.
            if request.messages.lineage() == self.run.context().lineage() {
                self.run.apply(Outcome::Compressed(smaller.clone()))?;
            }
            request.messages = smaller;
        }
    }

    /// Reads an answer as it arrives. Calls of tools that only read begin as soon as they are complete.
    async fn stream_answer(&self, span: Span, prepared: PreparedRequest) -> Result<(ModelResponse, Vec<EarlyCall>)> {
        let emitter = &self.session.emitter;
        let mut stream = self.model.stream(prepared).await?;
        let mut early: Vec<EarlyCall> = Vec::new();
        let mut events = 0;
        let mut calls: Vec<ToolCall> = Vec::new();
        let mut text = String::new();
        while let Some(event) = stream.next().await {
            let event = event?;
            if events == 0 {
                emitter.emit(span, || EventKind::ModelStreamStarted);
            }
            events += 1;
            match event {
                ModelEvent::TextDelta(delta) => {
                    text.push_str(&delta);
                    emitter.emit(span, || EventKind::ModelTextDelta { text: delta });
                }
                ModelEvent::ReasoningDelta(text) => emitter.emit(span, || EventKind::ModelReasoningDelta { text }),
                ModelEvent::RefusalDelta(text) => emitter.emit(span, || EventKind::ModelRefusalDelta { text }),
                ModelEvent::ToolCallDelta { index, name, arguments } => {
                    emitter.emit(span, || EventKind::ModelToolDelta { index, name, arguments });
                }
                ModelEvent::ToolCallCompleted(call) => {
                    if early.len() < self.session.policy.concurrency && self.may_begin_early(&call, &calls) {
                        early.push(self.begin_early(calls.len(), call.clone()));
                    }
                    calls.push(call);
                }
                ModelEvent::Completed(response) => {
                    emitter.emit(span, || EventKind::ModelStreamCompleted { events });
                    return Ok((*response, early));
                }
            }
            emitter.drained().await;
        }
        let message = "the model's stream ended without completing its answer";
        let mut truncated = ProviderError::new(self.model.provider(), ProviderErrorCategory::Truncated, message);
        truncated.partial_text = text;
        Err(truncated.into())
    }

    /// Whether a call may begin before its message has ended: its tool only reads, it will keep its id and its place
    /// among the calls that are run, and nothing that must end first stands before it.
    fn may_begin_early(&self, call: &ToolCall, before: &[ToolCall]) -> bool {
        let spec = |call: &ToolCall| self.session.host.spec(&call.name);
        let reads = spec(call).is_some_and(|spec| spec.effect == Effect::Read && !spec.sequential && !spec.approval);
        // Hooks see a whole answer before anything of it is acted on.
        self.session.hooks.is_empty()
            && reads
            && before.len() < self.run.policy().max_tool_calls_per_step
            && self.run.is_new_call_id(&call.id)
            && !before.iter().any(|other| other.id.is_empty() || other.id == call.id)
            && !before.iter().any(|other| spec(other).is_some_and(|spec| spec.sequential))
    }

    fn begin_early(&self, index: usize, call: ToolCall) -> EarlyCall {
        let step = self.step.unwrap_or(self.session.root);
        let pending = PendingCall { index, call: call.clone(), approved: false, edited: false };
        let work = run_call(Arc::clone(&self.session), step, pending);
        EarlyCall { index, call, task: AbortOnDropHandle::new(tokio::spawn(work.in_current_span())) }
    }

    /// Runs the calls of a turn, as many at a time as the policy allows; a sequential tool runs alone, after the calls
    /// before it and before those after it.
    async fn call_tools(&mut self, calls: Vec<PendingCall>, mut early: Vec<EarlyCall>) -> Result<()> {
        let step = self.step.unwrap_or(self.session.root);
        let concurrency = self.session.policy.concurrency.max(1);
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
            let Some(outcome) = running.next().await else { return Ok(()) };
            alone = false;
            self.run.apply(outcome?)?;
        }
    }

    /// Ends the run with an error.
    fn fail(&mut self, error: Error) {
        let outcome = match error.kind() {
            ErrorKind::Cancelled => Outcome::Cancelled,
            kind => Outcome::Failed { kind, message: error.to_string() },
        };
        // A run takes a failure at any point.
        self.run.apply(outcome).ok();
        self.error.get_or_insert(error);
    }

    async fn load_conversation(&mut self) -> Result<()> {
        let Some(id) = self.conversation.take() else { return Ok(()) };
        let scope = StateScope::Conversation(id.clone());
        let operation = StateOperation::Load { scope, key: CONVERSATION_KEY.to_owned() };
        let stored = self.session.operate(self.session.root, operation).await?.loaded;
        let mut history = Messages::new();
        if let Some(stored) = &stored {
            history = Messages::deserialize(&stored.value).map_err(|error| {
                let message = format!("the history of conversation `{id}` cannot be read");
                Error::with_source(ErrorKind::State, message, error)
            })?;
        }
        history.extend(self.run.messages().iter().cloned());
        self.run.begin_after(history);
        self.run.origin_mut().conversation = Some(SavedTo { id, over: stored.map(|stored| stored.version) });
        Ok(())
    }

    /// Saves the run's conversation, if its history was loaded: what could not be read is not written over.
    async fn save_conversation(&mut self) -> Result<()> {
        // A question that never got an answer would come back with every later run, to fail it in the same way; and a run
        // that waits for a person is saved when it has gone on.
        if self.run.messages().len() == self.run.began_with() || self.run.status() == RunStatus::Interrupted {
            return Ok(());
        }
        let Some(SavedTo { id, over }) = self.run.origin().conversation.clone() else { return Ok(()) };
        let value = serde_json::to_value(self.run.messages()).map_err(|error| {
            Error::with_source(ErrorKind::State, format!("conversation `{id}` cannot be written"), error)
        })?;
        let scope = StateScope::Conversation(id);
        let operation = StateOperation::Save { scope, key: CONVERSATION_KEY.to_owned(), value, over };
        self.session.operate(self.session.root, operation).await.map(drop)
    }
}

/// Takes over what a request says beside its messages.
fn overlay(template: &mut ModelRequest, request: ModelRequest) {
    // A name stands once: the agent's own tool is the one that runs.
    let taken = |name: &str| template.tools.iter().any(|tool| function_name(tool) == Some(name));
    let new = |tool: &&ToolDefinition| function_name(tool).is_none_or(|name| !taken(name));
    let tools: Vec<ToolDefinition> = request.tools.iter().filter(new).cloned().collect();
    if !tools.is_empty() {
        Arc::make_mut(&mut template.tools).extend(tools);
    }
    template.metadata.extend(request.metadata);
    template.options.merge(&request.options);
    template.instructions = request.instructions.or(template.instructions.take());
    template.tool_choice = request.tool_choice.or(template.tool_choice.take());
    template.parallel_tool_calls = request.parallel_tool_calls.or(template.parallel_tool_calls);
    template.output = request.output.or(template.output.take());
    template.max_output_tokens = request.max_output_tokens.or(template.max_output_tokens);
    template.temperature = request.temperature.or(template.temperature);
    template.top_p = request.top_p.or(template.top_p);
}

/// Whatever ends a run's future ends its tools, and the run for those who watch it: where it had no end of its own, it
/// was dropped.
struct EndOnDrop(Arc<Session>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        let session = &self.0;
        session.cancellation.cancel();
        session.emitter.emit(session.root, || EventKind::RunCancelled { usage: session.usage() });
    }
}

/// Makes events of the tries that a model makes again.
fn watched(prepared: PreparedRequest, emitter: Emitter, span: Span, chat: tracing::Span) -> PreparedRequest {
    prepared.on_retry(move |retrying| {
        let Retrying { attempt, delay, error, model } = retrying;
        chat.record("http.request.resend_count", attempt.saturating_sub(1));
        emitter.emit(span, || EventKind::ModelRetrying { attempt, delay, error, model });
    })
}

fn function_name(tool: &ToolDefinition) -> Option<&str> {
    match tool {
        ToolDefinition::Function(spec) => Some(&spec.name),
        ToolDefinition::Native(_) => None,
    }
}

/// Emits the run's one terminal event.
fn emit_end(session: &Session, report: &RunReport) {
    let usage = report.usage;
    session.emitter.emit(session.root, || match report.status {
        RunStatus::Completed => EventKind::RunCompleted {
            output: report.text.as_str().into(),
            stop_reason: report.stop_reason.clone().unwrap_or(StopReason::EndTurn),
            usage,
        },
        RunStatus::Cancelled => EventKind::RunCancelled { usage },
        RunStatus::Interrupted => {
            let pending = match report.run().next() {
                Action::AskHuman { calls, .. } => calls.len(),
                _ => 0,
            };
            EventKind::RunInterrupted { pending, usage }
        }
        status => {
            let error = report.error.clone().unwrap_or_else(|| {
                Error::new(ErrorKind::Internal, format!("the run stands at {status:?} without an error"))
            });
            match status {
                RunStatus::Stopped => EventKind::PolicyStopped { error, usage },
                _ => EventKind::RunFailed { error, usage },
            }
        }
    });
}

fn lost_task(error: &tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::Internal, format!("the task of a tool call was lost: {error}"))
}

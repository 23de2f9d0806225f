//! The one loop: ask the run what comes next, do it, tell the run what came of it.

mod fit;

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use self::fit::Unanswered;
use super::conversation::{history_of, loading, saving};
use super::dispatch::{reference, run_call};
use super::genai;
use super::input::Input;
use super::lineage::Lineage;
use super::output::OutputCap;
use super::report::{RunReport, error_of};
use super::session::{Hosted, Session};
use super::{Parts, new_run_id};
use crate::agent::{Agent, Output, decode};
use crate::budget::{ContextManager, Ledger};
use crate::context::{RunId, RunInfo};
use crate::error::{Error, ErrorKind, ProviderError, ProviderErrorCategory, Result};
use crate::event::{Emitter, EventKind, EventQueue, Span};
use crate::hook::{ModelFailure, ModelRecovery, RunEnd};
use crate::message::{SharedMessage, ToolCall, Usage, UsageSource};
use crate::model::{
    AnyModel, Capabilities, Model, ModelEvent, ModelRequest, ModelResponse, ModelStream, PreparedRequest, Retrying,
    StopReason, ToolChoice, ToolDefinition,
};
use crate::run::{Action, Decision, Limit, LimitReached, Outcome, PendingCall, Run, RunStatus, SavedTo, Spent};
use crate::tool::Effect;

/// How often hooks may have one model call tried again.
const MAX_HOOK_RETRIES: u32 = 3;

/// What a model answered.
struct Answered {
    response: ModelResponse,
    /// Its calls that have begun already.
    early: Vec<EarlyCall>,
    /// The most tokens that the answer could have.
    max_output: Option<u64>,
    duration: Duration,
}

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
    /// The tokens up to which compression does not begin of itself, as it could do no more the last time.
    stuck_below: u64,
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
    /// Whether the run could not be resumed, and so stays as it was.
    as_it_was: bool,
}

/// What is to be done before the first step.
enum Begin {
    New,
    /// The decisions to go on with, or why it cannot go on.
    Resumed(Result<Vec<(usize, Decision)>>),
    /// The run cannot begin.
    Failed(Error),
}

/// What became of the sending of a request.
struct Sent {
    /// The span of the model call.
    chat: tracing::Span,
    begun: AtomicBool,
    /// Whether something of the answer was shown. From then on it is not asked for again.
    shown: AtomicBool,
}

impl Sent {
    fn within(chat: tracing::Span) -> Self {
        Self { chat, begun: AtomicBool::default(), shown: AtomicBool::default() }
    }
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
        let lineage = Arc::new(Lineage::begin(run.policy().clone(), run.spent()));
        let capabilities = own.model.capabilities();
        let context = ContextManager::new(own.context.clone()).for_model(&own.model);
        let recall = !template.tools.iter().any(|tool| function_name(tool).is_some_and(OutputCap::is_recall));
        let window = context.window(&capabilities);
        let outputs = OutputCap::new(&own.tools, context.clone(), window, recall, run.outputs().clone());
        let info = Arc::new(RunInfo {
            run_id: RunId::clone(run.id()),
            agent: Arc::clone(&own.name),
            metadata: Arc::new(template.metadata.clone()),
            depth: lineage.depth(),
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
            traced: parts.traced.clone(),
            cancellation,
            usage: Mutex::new(run.usage()),
            outputs,
            lineage,
        };
        Self {
            session: Arc::new(session),
            capabilities,
            model: own.model.clone(),
            context,
            ledger: Ledger::default(),
            stuck_below: 0,
            template,
            run,
            begin,
            conversation,
            streams,
            step: None,
            error: None,
            as_it_was: false,
        }
    }

    /// The events of the run, as they come.
    pub(super) fn queue(&self) -> EventQueue {
        self.session.emitter.queue()
    }

    /// Drives the run to its end, or to where a person is asked.
    pub(super) async fn drive(self) -> RunReport {
        let conversation = match &self.run.origin().conversation {
            Some(saved) => Some(saved.id.as_str()),
            None => self.conversation.as_deref(),
        };
        let span = genai::invoke_agent(&self.session, &self.model, conversation);
        let report = self.drive_in_span().instrument(span.clone()).await;
        genai::run_ended(&span, &report);
        report
    }

    async fn drive_in_span(mut self) -> RunReport {
        let _end_on_drop = EndOnDrop(Arc::clone(&self.session));
        let session = Arc::clone(&self.session);
        self.announce();
        if session.hooks.is_empty() {
            self.go().await;
        } else {
            self.go_hooked().await;
        }
        let as_it_was = self.as_it_was;
        let mut report = RunReport::new(self.run, self.error, self.model.provider());
        if !session.hooks.is_empty() && report.status != RunStatus::Interrupted && !as_it_was {
            tell_end(&session, &mut report).await;
        }
        if let Err(error) = session.emitter.settled().await {
            report.fail(error);
        }
        emit_end(&session, &report);
        session.emitter.seen().await;
        report
    }

    /// Does the whole work of the run.
    async fn go(&mut self) {
        let clock = Instant::now();
        let token = self.session.cancellation.clone();
        let resumed = matches!(self.begin, Begin::Resumed(_));
        let begun = token.run_until_cancelled(self.begin()).await;
        match begun.unwrap_or_else(|| Err(cancelled())) {
            Ok(()) => {}
            Err(error) => return self.cannot_begin(error, resumed),
        }
        let limit = self.run.policy().max_duration;
        loop {
            self.settle_books();
            let action = self.run.next();
            self.settle_step(&action);
            if matches!(action, Action::Done | Action::AskHuman { .. }) {
                break;
            }
            let acted = {
                // Pinned here, as moving it costs more than all else around it: it holds a whole step.
                let act = pin!(self.act(action));
                let act = token.run_until_cancelled(act);
                match limit.map(|limit| limit.saturating_sub(clock.elapsed())) {
                    None => Some(act.await),
                    Some(Duration::ZERO) => None,
                    Some(left) => timeout(left, act).await.ok(),
                }
            };
            match acted {
                Some(Some(Ok(()))) => {}
                Some(Some(Err(error))) => self.fail(error),
                Some(None) => self.fail(cancelled()),
                None => self.fail(self.out_of_time(clock)),
            }
            if let Some(Err(error)) = token.run_until_cancelled(self.session.emitter.drained()).await {
                self.fail(error);
            }
        }
        if let Err(error) = self.save_in_time().await {
            self.error.get_or_insert(error);
        }
    }

    /// As [`go`](Self::go), with the hooks of the run before and around it.
    async fn go_hooked(&mut self) {
        let session = Arc::clone(&self.session);
        let (context, at) = (session.hook_context(0), session.hook_point(session.root));
        let resumed = matches!(self.begin, Begin::Resumed(_));
        let allowed = session.hooks.before_run(&context, at, self.run.messages());
        let allowed = session.cancellation.run_until_cancelled(allowed).await;
        if let Err(error) = allowed.unwrap_or_else(|| Err(cancelled())) {
            return self.cannot_begin(error, resumed);
        }
        let work = async {
            self.go().await;
            self.standing()
        };
        let outcome = session.hooks.around_run(&context, at, work.boxed()).await;
        match outcome {
            _ if self.run.status() == RunStatus::Running && !self.as_it_was => {
                let undone = || Error::new(ErrorKind::Hook, "a hook around the run did not run it to its end");
                self.fail(outcome.err().unwrap_or_else(undone));
            }
            Err(error) if self.run.status() != RunStatus::Interrupted => self.error = Some(error),
            _ => {}
        }
    }

    /// How the run stands: an error where it has no answer.
    fn standing(&self) -> Result<()> {
        match (&self.error, self.run.ending()) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(ending)) => error_of(ending, self.model.provider()).map_or(Ok(()), Err),
            (None, None) => Err(Error::new(ErrorKind::Interrupted, "the run waits for a person's approval")),
        }
    }

    /// What cannot be resumed stays as it was, to be resumed in another way; what is new has failed.
    fn cannot_begin(&mut self, error: Error, resumed: bool) {
        if resumed {
            self.as_it_was = true;
            self.error = Some(error);
        } else {
            self.fail(error);
        }
    }

    fn out_of_time(&self, clock: Instant) -> Error {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let allowed = self.run.policy().max_duration.map_or(u64::MAX, millis);
        LimitReached::new(Limit::Duration, millis(clock.elapsed()), 0, allowed).into()
    }

    /// Takes over what runs within this one have spent and what was kept of outputs, and tells the runs around it.
    fn settle_books(&mut self) {
        let nested = self.session.lineage.take_nested();
        if nested != Spent::default() {
            self.run.spend_nested(&nested);
        }
        self.session.lineage.tell(self.run.spent());
        self.run.set_outputs(self.session.outputs.kept());
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

    /// Emits the run's first event.
    fn announce(&self) {
        let (root, emitter) = (self.session.root, &self.session.emitter);
        emitter.emit(root, || match self.begin {
            Begin::Resumed(_) => EventKind::RunResumed { steps: self.run.step() },
            _ => EventKind::RunStarted {
                provider: self.model.provider().to_owned(),
                model: self.model.name().to_owned(),
                messages: self.run.messages().len(),
                tools: self.template.tools.len(),
            },
        });
    }

    async fn begin(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.begin, Begin::New) {
            Begin::Resumed(decisions) => return self.decide(decisions?),
            Begin::Failed(error) => return Err(error),
            Begin::New => {}
        }
        self.session.lineage.check_depth()?;
        self.load_conversation().await?;
        self.run.messages().check_calls().map_err(|unpaired| {
            let message = format!("the run cannot begin with this conversation: no provider would take it. {unpaired}");
            Error::with_source(ErrorKind::Config, message, unpaired)
        })
    }

    /// Applies a person's decisions, all or none: one that does not fit leaves the run as it was.
    fn decide(&mut self, decisions: Vec<(usize, Decision)>) -> Result<()> {
        let (root, emitter) = (self.session.root, &self.session.emitter);
        let mut decided = self.run.clone();
        let mut responses = Vec::with_capacity(decisions.len());
        for (index, mut decision) in decisions {
            let approved = !matches!(decision, Decision::Reject { .. });
            if let Decision::Result { content, .. } = &mut decision {
                self.session.outputs.apply((self.run.step(), index), None, content);
            }
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
        let (context, at) = (session.hook_context(step), session.hook_point(span));
        let mut request = self.request(step);
        let answer = if session.hooks.is_empty() {
            None
        } else {
            session.hooks.before_model_call(&context, at, &mut request).await?
        };
        if request.messages.lineage() != self.run.context().lineage() {
            request.messages.check_calls().map_err(|unpaired| {
                let message = format!("a hook left a conversation that no provider would take: {unpaired}");
                Error::with_source(ErrorKind::Hook, message, unpaired)
            })?;
        }
        let Answered { mut response, early, max_output, duration } = match answer {
            Some((hook, response)) => {
                let response = self.respond(span, hook, response, true).await?;
                Answered { response, early: Vec::new(), max_output: None, duration: Duration::ZERO }
            }
            None => {
                let prepared = self.allowed(step, span, request, None).await?;
                self.ask_once_more(step, span, prepared).await?
            }
        };
        if !session.hooks.is_empty() {
            let usage = response.usage;
            if let Err(error) = session.hooks.after_model_call(&context, at, &mut response).await {
                // What was answered was billed, whatever becomes of it.
                self.not_answered(usage, false)?;
                return Err(error);
            }
        }
        let used_up = response.usage.output_tokens.zip(max_output).is_some_and(|(used, most)| used >= most);
        if used_up && response.message.tool_calls().next().is_some() {
            // Some servers say `tool_calls` where they mean `length`.
            response.stop_reason = StopReason::MaxTokens;
        }
        let ModelResponse { message, stop_reason, usage, model, .. } = response;
        // Who watches shares the message with the history.
        let message = SharedMessage::from(message);
        session.emitter.emit(span, || EventKind::ModelCompleted {
            message: message.clone(),
            model,
            stop_reason: stop_reason.clone(),
            usage,
            duration,
        });
        self.run.answer(message, stop_reason, usage)?;
        session.set_usage(self.run.usage());
        session.lineage.tell(self.run.spent());
        session.lineage.check_tool_calls()?;
        if let Action::CallTools { calls, .. } = self.run.next() {
            self.call_tools(calls, early).await?;
        }
        Ok(())
    }

    /// How many tokens the answer to a request may have, under the limits of this run and of those around it.
    fn output_allowance(&self, input_tokens: u64) -> Result<Option<u64>> {
        let own = self.run.output_allowance(self.model.name(), input_tokens)?;
        let around = self.session.lineage.output_allowance(self.model.name(), input_tokens)?;
        Ok(own.into_iter().chain(around).min())
    }

    /// A request that was counted, its answer held to what the run's limits leave for it, and that no guard vetoes.
    async fn allowed(
        &mut self,
        step: u32,
        span: Span,
        request: ModelRequest,
        turned_down: Option<&Error>,
    ) -> Result<PreparedRequest> {
        let mut prepared = self.prepare(step, span, request, turned_down).await?;
        if let Some(allowance) = self.output_allowance(upper_input(&prepared))? {
            let mut request = prepared.into_request();
            request.max_output_tokens = Some(request.max_output_tokens.map_or(allowance, |own| own.min(allowance)));
            prepared = self.prepare(step, span, request, turned_down).await?;
        }
        let session = &self.session;
        session.hooks.check_model_call(&session.hook_context(step), session.hook_point(span), &prepared).await?;
        Ok(prepared)
    }

    /// Notes that a request is about to be sent, where the limits allow it.
    fn about_to_ask(&mut self, prepared: &PreparedRequest) -> Result<()> {
        let input_tokens = upper_input(prepared);
        self.output_allowance(input_tokens)?;
        self.run.apply(Outcome::ModelAsked { model: self.model.name().to_owned(), input_tokens })?;
        self.session.lineage.tell(self.run.spent());
        Ok(())
    }

    /// Notes that a request that was sent brought no answer that counts.
    fn not_answered(&mut self, usage: Usage, rejected: bool) -> Result<()> {
        self.run.apply(Outcome::ModelFailed { usage, rejected })?;
        self.session.set_usage(self.run.usage());
        Ok(())
    }

    /// The next request, before the hooks.
    fn request(&mut self, step: u32) -> ModelRequest {
        if let Some(recall) = self.session.outputs.recall()
            && !self.template.tools.iter().any(|tool| function_name(tool).is_some_and(OutputCap::is_recall))
        {
            Arc::make_mut(&mut self.template.tools).push(ToolDefinition::Function(Arc::clone(recall)));
        }
        let mut request = self.template.clone();
        request.messages = self.run.context().clone();
        if step > 1 && matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Tool(_))) {
            request.tool_choice = Some(ToolChoice::Auto);
        }
        request
    }

    /// Asks the model, with the hooks around it.
    async fn ask(&mut self, span: Span, prepared: PreparedRequest) -> Result<Answered, Unanswered> {
        let session = Arc::clone(&self.session);
        self.about_to_ask(&prepared)?;
        let (billed, max_output) = (self.context.sent(&prepared), prepared.max_output_tokens);
        session.emitter.emit(span, || EventKind::ModelRequested {
            provider: self.model.provider().to_owned(),
            model: self.model.name().to_owned(),
            messages: prepared.messages().len(),
            stream: self.streams,
        });
        let chat = genai::chat(&session, &self.model, &prepared, self.streams);
        let (started, sent) = (Instant::now(), Sent::within(chat.clone()));
        let answered = if session.hooks.is_empty() {
            self.send(span, prepared, &sent).await
        } else {
            self.ask_hooked(span, &prepared, &chat, &sent).await.map(|response| (response, Vec::new()))
        };
        let duration = started.elapsed();
        match answered {
            Ok((response, early)) => {
                genai::answered(&session, &chat, &response);
                if let Some(billed) = &billed {
                    self.context.observe_sent(billed, &response.usage);
                }
                Ok(Answered { response, early, max_output, duration })
            }
            Err(error) => {
                genai::failed(&chat, &error);
                self.not_answered(Usage::default(), was_rejected(&error))?;
                session.emitter.emit(span, || EventKind::ModelFailed { error: error.clone(), duration });
                Err(Unanswered { error, begun: sent.shown.load(Ordering::Relaxed) })
            }
        }
    }

    /// Asks the model inside the hooks, once more where one of them wants it.
    async fn ask_hooked(
        &mut self,
        span: Span,
        prepared: &PreparedRequest,
        chat: &tracing::Span,
        sent: &Sent,
    ) -> Result<ModelResponse> {
        let session = Arc::clone(&self.session);
        let (context, at) = (session.hook_context(span.step), session.hook_point(span));
        let mut attempt = 1;
        loop {
            // Nothing of a request is copied by this but its references and its instructions.
            let this = &*self;
            let work = async { this.send(span, prepared.clone(), sent).await.map(|(response, _)| response) };
            let error = match session.hooks.around_model_call(&context, at, prepared, work.boxed()).await {
                Ok(mut response) => {
                    if !sent.begun.load(Ordering::Relaxed) {
                        self.not_answered(Usage::default(), true)?;
                        response.usage = self.nothing_billed();
                    }
                    return Ok(response);
                }
                // A hook that refuses, or breaks, is not what other hooks may mend.
                Err(error) if error.kind() == ErrorKind::Hook => return Err(error),
                Err(error) => error,
            };
            let shown = sent.shown.load(Ordering::Relaxed);
            let may_retry = attempt <= MAX_HOOK_RETRIES && !shown;
            let failure = ModelFailure { error, attempt, may_retry };
            match session.hooks.on_model_error(&context, at, &failure).await? {
                (ModelRecovery::Retry { after }, _) if may_retry => {
                    attempt += 1;
                    let error = failure.error;
                    self.not_answered(Usage::default(), was_rejected(&error))?;
                    self.about_to_ask(prepared)?;
                    session.emitter.emit(span, || EventKind::ModelRetrying {
                        attempt,
                        delay: after,
                        error,
                        model: None,
                    });
                    tokio::time::sleep(after).await;
                    genai::resent(chat, attempt - 1);
                }
                (ModelRecovery::Respond(response), hook) => {
                    self.not_answered(Usage::default(), was_rejected(&failure.error))?;
                    return self.respond(span, hook, *response, !shown).await;
                }
                _ => return Err(failure.error),
            }
        }
    }

    /// Sends a request once.
    async fn send(
        &self,
        span: Span,
        prepared: PreparedRequest,
        sent: &Sent,
    ) -> Result<(ModelResponse, Vec<EarlyCall>)> {
        sent.begun.store(true, Ordering::Relaxed);
        let prepared = watched(prepared, self.session.emitter.clone(), span);
        let sending = async {
            if self.streams {
                let began = Instant::now();
                let stream = self.model.stream(prepared).await?;
                self.read_answer(span, stream, began, sent).await
            } else {
                self.model.complete(prepared).await.map(|response| (response, Vec::new()))
            }
        };
        sending.instrument(sent.chat.clone()).await
    }

    /// Takes the answer of a hook in the model's place: nothing was billed for it, and a stream shows it in pieces, as
    /// far as nothing else was shown.
    async fn respond(
        &self,
        span: Span,
        hook: String,
        mut response: ModelResponse,
        show: bool,
    ) -> Result<ModelResponse> {
        response.usage = self.nothing_billed();
        self.session.emitter.emit(span, || EventKind::ModelSkipped { hook });
        if self.streams && show {
            let stream = ModelStream::whole(response);
            return Ok(self.read_answer(span, stream, Instant::now(), &Sent::within(tracing::Span::none())).await?.0);
        }
        Ok(response)
    }

    /// The usage of an answer that nobody was asked for: it leaves the run's as it is.
    fn nothing_billed(&self) -> Usage {
        let so_far = self.run.usage();
        let source = if so_far == Usage::default() { UsageSource::Reported } else { so_far.source };
        Usage { source, ..Usage::default() }
    }

    /// Reads an answer as it arrives, and says whether something of it was shown. Calls of tools that only read begin
    /// as soon as they are complete.
    async fn read_answer(
        &self,
        span: Span,
        mut stream: ModelStream,
        began: Instant,
        sent: &Sent,
    ) -> Result<(ModelResponse, Vec<EarlyCall>)> {
        let emitter = &self.session.emitter;
        let mut early: Vec<EarlyCall> = Vec::new();
        let mut events = 0;
        let mut calls: Vec<ToolCall> = Vec::new();
        let mut text = String::new();
        while let Some(event) = stream.next().await {
            let event = event?;
            if events == 0 {
                genai::first_chunk(&sent.chat, began.elapsed());
                emitter.emit(span, || EventKind::ModelStreamStarted);
            }
            events += 1;
            sent.shown.store(true, Ordering::Relaxed);
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
            emitter.drained().await?;
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
            && self.run.may_begin_early(call)
            && before.len() < self.run.policy().max_tool_calls_per_step
            && self.run.is_new_call_id(&call.id)
            && !before.iter().any(|other| other.id.is_empty() || other.id == call.id)
            && !before.iter().any(|other| spec(other).is_some_and(|spec| spec.sequential))
    }

    fn begin_early(&self, index: usize, call: ToolCall) -> EarlyCall {
        let step = self.step.unwrap_or(self.session.root);
        let pending = PendingCall { index, call: call.clone(), approved: false, edited: false, deferred: None };
        let work = run_call(Arc::clone(&self.session), step, pending);
        EarlyCall { index, call, task: AbortOnDropHandle::new(tokio::spawn(work.in_current_span())) }
    }

    /// Runs the calls of a turn, as many at a time as the policy allows; a sequential tool runs alone, after the calls
    /// before it and before those after it.
    async fn call_tools(&mut self, mut calls: Vec<PendingCall>, mut early: Vec<EarlyCall>) -> Result<()> {
        let step = self.step.unwrap_or(self.session.root);
        let concurrency = self.session.policy.concurrency.max(1);
        if early.is_empty()
            && calls.len() == 1
            && let Some(only) = calls.pop()
        {
            let outcome = run_call(Arc::clone(&self.session), step, only).boxed().await?;
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
        let reached = error.detail::<LimitReached>().cloned();
        let outcome = match (error.kind(), reached) {
            (ErrorKind::Cancelled, _) => Outcome::Cancelled,
            (_, Some(reached)) => Outcome::Stopped(reached),
            (kind, None) => Outcome::Failed { kind, message: error.to_string() },
        };
        // A run takes a failure at any point.
        self.run.apply(outcome).ok();
        self.error.get_or_insert(error);
    }

    async fn load_conversation(&mut self) -> Result<()> {
        let Some(id) = self.conversation.take() else { return Ok(()) };
        let stored = self.session.operate(self.session.root, loading(&id)).await?.loaded;
        let mut history = history_of(&id, stored.as_ref())?;
        let before = history.len();
        history.extend(self.run.messages().iter().cloned());
        self.run.begin_after(history);
        self.run.origin_mut().conversation = Some(SavedTo { id, over: stored.map(|stored| stored.version), before });
        Ok(())
    }

    /// Saves the run's conversation. A run that was cancelled, before or meanwhile, has its grace for it.
    async fn save_in_time(&mut self) -> Result<()> {
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

/// Takes over what a request says beside its messages.
pub(super) fn overlay(template: &mut ModelRequest, request: ModelRequest) {
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
fn watched(prepared: PreparedRequest, emitter: Emitter, span: Span) -> PreparedRequest {
    let chat = tracing::Span::current();
    prepared.on_retry(move |retrying| {
        let Retrying { attempt, delay, error, model } = retrying;
        genai::resent(&chat, attempt.saturating_sub(1));
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
                _ => EventKind::RunFailed { error, refused: status == RunStatus::Refused, usage },
            }
        }
    });
}

/// Whether an error came with a status: who answers so has not run the model.
fn was_rejected(error: &Error) -> bool {
    error.provider().is_some_and(|provider| provider.status.is_some())
}

/// The upper figure of a request's tokens, its answer left out.
fn upper_input(prepared: &PreparedRequest) -> u64 {
    prepared.bill().map_or(0, |bill| bill.input().upper)
}

/// Tells the hooks how a run ended. One that fails then fails the run.
async fn tell_end(session: &Session, report: &mut RunReport) {
    let (context, at) = (session.hook_context(0), session.hook_point(session.root));
    let error = report.error.clone();
    let answer = error.is_none().then_some(report.text.as_str());
    let end = RunEnd { answer, steps: report.steps, usage: report.usage };
    if let Err(failure) = session.hooks.run_ended(&context, at, &end, error.as_ref()).await {
        report.fail(failure);
    }
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the run was cancelled")
}

fn lost_task(error: &tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::Internal, format!("the task of a tool call was lost: {error}"))
}

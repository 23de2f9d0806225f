//! The one loop: ask the run what comes next, do it, tell the run what came of it.

mod ask;
mod fit;
mod history;
mod tools;

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::dispatch::reference;
use super::genai;
use super::input::Input;
use super::lineage::Lineage;
use super::output::OutputCap;
use super::report::{RunReport, error_of};
use super::session::{Hosted, Session};
use super::{Parts, new_run_id};
use crate::agent::{Agent, Output, decode};
use crate::budget::{ContextManager, Ledger};
use crate::context::{RunId, RunInfo, Span};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Emitter, EventKind, EventQueue};
use crate::hook::RunEnd;
use crate::message::Mark;
use crate::model::{AnyModel, Capabilities, Model, ModelRequest, StopReason, ToolDefinition};
use crate::run::{Action, Decision, Limit, LimitReached, Outcome, Run, RunStatus, Spent};

/// Where a run begins.
pub(super) enum Start {
    Input(Box<Input>),
    Saved(Box<Run>, Vec<(usize, Decision)>),
}

/// Drives one run.
pub(super) struct Driver {
    session: Arc<Session>,
    model: AnyModel,
    model_name: Arc<str>,
    capabilities: Capabilities,
    context: Arc<ContextManager>,
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

impl Driver {
    /// Boxed, as each future that holds it would be as large again.
    pub(super) fn new<D, O>(parts: &Parts, agent: &Agent<D, O>, deps: Arc<D>, start: Start, streams: bool) -> Box<Self>
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
                let mut policy = own.run.clone();
                Lineage::lend_prices(&mut policy);
                let mut run = Run::new(id, own.name.as_ref(), policy, messages.joined_turns());
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
        let capabilities = own.capabilities.clone();
        let context = Arc::clone(&own.context);
        let recall = !template.tools.iter().any(|tool| function_name(tool).is_some_and(OutputCap::is_recall));
        let window = context.window(&capabilities);
        let outputs = OutputCap::new(&own.tools, Arc::clone(&context), window, recall, run.outputs().clone());
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
        Box::new(Self {
            session: Arc::new(session),
            capabilities,
            model_name: own.model.name().into(),
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
        })
    }

    /// The events of the run, as they come.
    pub(super) fn queue(&self) -> EventQueue {
        self.session.emitter.queue()
    }

    /// Drives the run to its end, or to where a person is asked.
    ///
    /// In a box, as callers' futures would hold it in full, and behind `dyn`: an `async fn` is compiled where it is awaited,
    /// which is in the crates of users, each time they change something.
    pub(super) fn drive(self: Box<Self>) -> Pin<Box<dyn Future<Output = RunReport> + Send>> {
        Box::pin(self.drive_to_end())
    }

    async fn drive_to_end(self: Box<Self>) -> RunReport {
        let conversation = match &self.run.origin().conversation {
            Some(saved) => Some(saved.id.as_str()),
            None => self.conversation.as_deref(),
        };
        let span = genai::invoke_agent(&self.session, &self.model, conversation);
        let report = self.drive_in_span().instrument(span.clone()).await;
        genai::run_ended(&span, &report);
        report
    }

    async fn drive_in_span(mut self: Box<Self>) -> RunReport {
        let _end_on_drop = EndOnDrop(Arc::clone(&self.session));
        let session = Arc::clone(&self.session);
        self.announce();
        if session.hooks.is_empty() {
            self.go().await;
        } else {
            self.go_hooked().boxed().await;
        }
        let as_it_was = self.as_it_was;
        let mut report = self.into_report();
        if !session.hooks.is_empty() && report.status != RunStatus::Interrupted && !as_it_was {
            tell_end(&session, &mut report).boxed().await;
        }
        if let Err(error) = session.emitter.settled().await {
            report.fail(error);
        }
        emit_end(&session, &report);
        session.emitter.seen().await;
        *report
    }

    /// Boxed, as it would lie in the future of the run from the beginning.
    fn into_report(self: Box<Self>) -> Box<RunReport> {
        let Self { run, error, model, .. } = *self;
        Box::new(RunReport::new(run, error, model.provider()))
    }

    /// Does the whole work of the run.
    async fn go(&mut self) {
        let clock = Instant::now();
        let token = self.session.cancellation.clone();
        let resumed = matches!(self.begin, Begin::Resumed(_));
        self.session.outputs.begin_after(self.run.began_with());
        let begun = token.run_until_cancelled(self.begin()).await;
        self.session.outputs.begin_after(self.run.began_with());
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
        if self.run.origin().conversation.is_some()
            && let Err(error) = self.save_in_time().boxed().await
        {
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
    pub(super) fn settle_books(&mut self) {
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
        if let Some(id) = self.conversation.take() {
            self.load_conversation(id).boxed().await?;
        }
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
                // A note on what a person changed may follow the results.
                let last = self.run.messages().iter().rev().find(|message| message.mark != Mark::Note);
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

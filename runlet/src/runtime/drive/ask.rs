//! One step's question to the model: what is asked, how it is sent and how the answer is read.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::time::Instant;
use tracing::Instrument;

use super::super::genai;
use super::super::output::OutputCap;
use super::fit::{Fits, Unanswered};
use super::tools::EarlyCall;
use super::{Driver, function_name};
use crate::context::Span;
use crate::error::{Error, ErrorKind, ProviderError, ProviderErrorCategory, Result};
use crate::event::{Emitter, EventKind};
use crate::hook::{ModelFailure, ModelRecovery};
use crate::message::{SharedMessage, ToolCall, Usage, UsageSource};
use crate::model::{
    self, Model, ModelEvent, ModelRequest, ModelResponse, ModelStream, PreparedRequest, Retrying, StopReason,
    ToolChoice, ToolDefinition,
};
use crate::run::{Action, Outcome};

/// How often hooks may have one model call tried again.
const MAX_HOOK_RETRIES: u32 = 3;

/// What a model answered.
pub(super) struct Answered {
    response: ModelResponse,
    /// Its calls that have begun already.
    early: Vec<EarlyCall>,
    /// The most tokens that the answer could have.
    max_output: Option<u64>,
    duration: Duration,
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

impl Driver {
    pub(super) async fn call_model(&mut self, step: u32) -> Result<()> {
        let span = self.session.emitter.span(step, self.step);
        let answered = if self.session.hooks.is_empty() {
            let request = self.request(step);
            let counted = self.fits(span, request);
            self.answer(step, span, counted).await?
        } else {
            Box::pin(self.answer_hooked(step, span)).await?
        };
        let Answered { mut response, early, max_output, duration } = answered;
        let used_up = response.usage.output_tokens.zip(max_output).is_some_and(|(used, most)| used >= most);
        if used_up && response.message.tool_calls().next().is_some() {
            // Some servers say `tool_calls` where they mean `length`.
            response.stop_reason = StopReason::MaxTokens;
        }
        let ModelResponse { message, stop_reason, usage, model, .. } = response;
        // Who watches shares the message with the history.
        let message = SharedMessage::from(message);
        self.session.emitter.emit(span, || EventKind::ModelCompleted {
            message: message.clone(),
            model,
            stop_reason: stop_reason.clone(),
            usage,
            duration,
        });
        self.run.answer(message, stop_reason, usage)?;
        self.session.set_usage(self.run.usage());
        self.session.lineage.tell(self.run.spent());
        self.session.lineage.check_tool_calls()?;
        if let Action::CallTools { calls, .. } = self.run.next() {
            self.call_tools(calls, early).await?;
        }
        Ok(())
    }

    /// The model's answer to a request that was counted, which is first made to fit where it does not. The request itself is
    /// no argument, as it would lie in the run's future all along.
    async fn answer(&mut self, step: u32, span: Span, counted: Fits) -> Result<Answered> {
        let prepared = match counted {
            Ok(prepared) => prepared,
            Err(request) => Box::pin(self.make_fit(step, span, request, None)).await?,
        };
        let prepared = self.allowed(step, span, prepared).await?;
        self.ask_once_more(step, span, prepared).await
    }

    /// The answer of the model, or of a hook in its place, with the hooks before and after it.
    async fn answer_hooked(&mut self, step: u32, span: Span) -> Result<Answered> {
        let session = Arc::clone(&self.session);
        let (context, at) = (session.hook_context(step), session.hook_point(span));
        let mut request = self.request(step);
        let given = session.hooks.before_model_call(&context, at, &mut request).await?;
        if request.messages.lineage() != self.run.context().lineage() {
            request.messages = std::mem::take(&mut request.messages).joined_turns();
            request.messages.check_calls().map_err(|unpaired| {
                let message = format!("a hook left a conversation that no provider would take: {unpaired}");
                Error::with_source(ErrorKind::Hook, message, unpaired)
            })?;
        }
        let mut answered = if let Some((hook, response)) = given {
            let response = self.respond(span, hook, response, true).await?;
            Answered { response, early: Vec::new(), max_output: None, duration: Duration::ZERO }
        } else {
            let counted = self.fits(span, request);
            self.answer(step, span, counted).await?
        };
        let usage = answered.response.usage;
        if let Err(error) = session.hooks.after_model_call(&context, at, &mut answered.response).await {
            // What was answered was billed, whatever becomes of it.
            self.not_answered(usage, false)?;
            return Err(error);
        }
        Ok(answered)
    }

    /// How many tokens the answer to a request may have, under the limits of this run and of those around it.
    fn output_allowance(&self, input_tokens: u64) -> Result<Option<u64>> {
        let of = |model: &str| -> Result<Option<u64>> {
            let own = self.run.output_allowance(model, input_tokens)?;
            let around = self.session.lineage.output_allowance(model, input_tokens)?;
            Ok(own.into_iter().chain(around).min())
        };
        if !self.session.lineage.limits_cost() {
            return of(self.model.name());
        }
        // Any of the models may answer, the dearest too, and one without a price may cost anything.
        let mut allowance = None;
        for model in model::names(&self.model) {
            allowance = allowance.into_iter().chain(of(&model)?).min();
        }
        Ok(allowance)
    }

    /// The name of the model whose prices the next request is counted by.
    fn priced_as(&self) -> Arc<str> {
        if self.run.policy().prices.is_empty() {
            return Arc::clone(&self.model_name);
        }
        self.run.policy().dearest(&model::names(&self.model)).into()
    }

    /// A request whose answer is held to what the run's limits leave for it, and that no guard vetoes.
    pub(super) async fn allowed(
        &mut self,
        step: u32,
        span: Span,
        mut prepared: PreparedRequest,
    ) -> Result<PreparedRequest> {
        if let Some(allowance) = self.output_allowance(upper_input(&prepared))? {
            self.context.hold_answer(&mut prepared, allowance, &self.capabilities);
        }
        let session = &self.session;
        if !session.hooks.is_empty() {
            let (context, at) = (session.hook_context(step), session.hook_point(span));
            session.hooks.check_model_call(&context, at, &prepared).boxed().await?;
        }
        Ok(prepared)
    }

    /// Notes that a request is about to be sent, where the limits allow it.
    fn about_to_ask(&mut self, prepared: &PreparedRequest) -> Result<()> {
        let input_tokens = upper_input(prepared);
        self.output_allowance(input_tokens)?;
        self.run.apply(Outcome::ModelAsked { model: self.priced_as(), input_tokens })?;
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
    pub(super) async fn ask(&mut self, span: Span, prepared: PreparedRequest) -> Result<Answered, Unanswered> {
        let session = Arc::clone(&self.session);
        self.about_to_ask(&prepared)?;
        session.outputs.offer();
        let (billed, max_output) = (self.context.sent(&prepared), prepared.max_output_tokens);
        session.emitter.emit(span, || EventKind::ModelRequested {
            provider: self.model.provider().to_owned(),
            model: self.model.name().to_owned(),
            messages: prepared.messages().len(),
            stream: self.streams,
        });
        let conversation = self.run.origin().conversation.as_ref().map(|saved| saved.id.as_str());
        let chat = genai::chat(&session, &self.model, &prepared, self.streams, conversation);
        let (started, sent) = (Instant::now(), Sent::within(chat.clone()));
        let answered = if session.hooks.is_empty() {
            self.send(span, prepared, &sent).await
        } else {
            let asked = self.ask_hooked(span, &prepared, &chat, &sent).boxed().await;
            asked.map(|response| (response, Vec::new()))
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
                self.not_answered(Usage::default(), error.was_turned_away())?;
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
                    self.not_answered(Usage::default(), error.was_turned_away())?;
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
                    self.not_answered(Usage::default(), failure.error.was_turned_away())?;
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
                self.read_answer(span, stream, began, sent).boxed().await
            } else {
                self.model.complete(prepared).await.map(|response| (response, Vec::new()))
            }
        };
        // A model that panics is one that failed. What it said was never meant for anyone else.
        let panicked = |_| Err(Error::new(ErrorKind::Model, "the model panicked"));
        AssertUnwindSafe(sending).catch_unwind().instrument(sent.chat.clone()).await.unwrap_or_else(panicked)
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
        self.session.outputs.offer();
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
        let mut calls: Vec<Arc<ToolCall>> = Vec::new();
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
                        early.push(self.begin_early(calls.len(), Arc::clone(&call)));
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

/// The upper figure of a request's tokens, its answer left out.
fn upper_input(prepared: &PreparedRequest) -> u64 {
    prepared.bill().map_or(0, |bill| bill.input().upper)
}

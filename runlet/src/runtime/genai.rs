//! Spans for `tracing`, in the names of OpenTelemetry's conventions for generative AI, version 1.41.0.
//!
//! Three kinds: `invoke_agent` around a run, `chat` around a model call with all its tries, `execute_tool` around a tool
//! call with all of its. Nothing is traced per piece of a stream. What was said is left out, unless the runtime was
//! told to [trace content](crate::Runtime::trace_content).

use std::time::Duration;

use serde_json::{Value, json};
use tracing::field::Empty;
use tracing::{Span, info_span};

use super::report::RunReport;
use super::session::Session;
use crate::error::Error;
use crate::message::{ToolCall, ToolResult, Usage};
use crate::model::{AnyModel, Model, ModelResponse, PreparedRequest, StopReason};
use crate::tool::{ToolErrorKind, ToolSpec};

const OPERATION: &str = "gen_ai.operation.name";
const PROVIDER: &str = "gen_ai.provider.name";
const AGENT: &str = "gen_ai.agent.name";
const CONVERSATION: &str = "gen_ai.conversation.id";
const SERVER_ADDRESS: &str = "server.address";
const SERVER_PORT: &str = "server.port";
const REQUEST_MODEL: &str = "gen_ai.request.model";
const REQUEST_STREAM: &str = "gen_ai.request.stream";
const REQUEST_MAX_TOKENS: &str = "gen_ai.request.max_tokens";
const REQUEST_TEMPERATURE: &str = "gen_ai.request.temperature";
const REQUEST_TOP_P: &str = "gen_ai.request.top_p";
const RESPONSE_ID: &str = "gen_ai.response.id";
const RESPONSE_MODEL: &str = "gen_ai.response.model";
const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
const FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
const CACHE_READ_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
const CACHE_WRITE_TOKENS: &str = "gen_ai.usage.cache_creation.input_tokens";
const REASONING_TOKENS: &str = "gen_ai.usage.reasoning.output_tokens";
const TOOL_NAME: &str = "gen_ai.tool.name";
const TOOL_CALL_ID: &str = "gen_ai.tool.call.id";
const TOOL_TYPE: &str = "gen_ai.tool.type";
const TOOL_ARGUMENTS: &str = "gen_ai.tool.call.arguments";
const TOOL_RESULT: &str = "gen_ai.tool.call.result";
const INSTRUCTIONS: &str = "gen_ai.system_instructions";
const INPUT_MESSAGES: &str = "gen_ai.input.messages";
const OUTPUT_MESSAGES: &str = "gen_ai.output.messages";
const ERROR_TYPE: &str = "error.type";
const RESEND_COUNT: &str = "http.request.resend_count";
/// What `tracing-opentelemetry` takes a span's name, kind and status from.
const OTEL_NAME: &str = "otel.name";
const OTEL_KIND: &str = "otel.kind";
const OTEL_STATUS: &str = "otel.status_code";

/// The span of a run.
pub(super) fn invoke_agent(session: &Session, model: &AnyModel, conversation: Option<&str>) -> Span {
    let run = session.emitter.run();
    info_span!(
        "invoke_agent",
        { OTEL_NAME } = %format_args!("invoke_agent {}", run.agent),
        { OTEL_KIND } = "internal",
        { OTEL_STATUS } = Empty,
        { OPERATION } = "invoke_agent",
        { AGENT } = &*run.agent,
        { PROVIDER } = model.provider(),
        { REQUEST_MODEL } = model.name(),
        { CONVERSATION } = conversation,
        runlet.run_id = run.run_id.as_str(),
        { INPUT_TOKENS } = Empty,
        { OUTPUT_TOKENS } = Empty,
        { CACHE_READ_TOKENS } = Empty,
        { CACHE_WRITE_TOKENS } = Empty,
        { REASONING_TOKENS } = Empty,
        { ERROR_TYPE } = Empty,
    )
}

/// Writes into a run's span how it ended.
pub(super) fn run_ended(span: &Span, report: &RunReport) {
    record_usage(span, &report.usage);
    if let Some(error) = &report.error {
        failed(span, error);
    }
}

/// The span of a model call.
pub(super) fn chat(
    session: &Session,
    model: &AnyModel,
    request: &PreparedRequest,
    stream: bool,
    conversation: Option<&str>,
) -> Span {
    let span = info_span!(
        "chat",
        { OTEL_NAME } = %format_args!("chat {}", model.name()),
        { OTEL_KIND } = "client",
        { OTEL_STATUS } = Empty,
        { OPERATION } = "chat",
        { PROVIDER } = model.provider(),
        { REQUEST_MODEL } = model.name(),
        { SERVER_ADDRESS } = model.endpoint().map(|endpoint| endpoint.address),
        { SERVER_PORT } = model.endpoint().map(|endpoint| endpoint.port),
        { CONVERSATION } = conversation,
        { REQUEST_STREAM } = stream,
        { REQUEST_MAX_TOKENS } = request.max_output_tokens,
        { REQUEST_TEMPERATURE } = request.temperature,
        { REQUEST_TOP_P } = request.top_p,
        { RESPONSE_ID } = Empty,
        { RESPONSE_MODEL } = Empty,
        { FINISH_REASONS } = Empty,
        { FIRST_CHUNK } = Empty,
        { INPUT_TOKENS } = Empty,
        { OUTPUT_TOKENS } = Empty,
        { CACHE_READ_TOKENS } = Empty,
        { CACHE_WRITE_TOKENS } = Empty,
        { REASONING_TOKENS } = Empty,
        { INSTRUCTIONS } = Empty,
        { INPUT_MESSAGES } = Empty,
        { OUTPUT_MESSAGES } = Empty,
        { RESEND_COUNT } = Empty,
        { ERROR_TYPE } = Empty,
    );
    if let Some(redactor) = session.traced.as_ref().filter(|_| !span.is_disabled()) {
        if let Some(instructions) = &request.instructions {
            span.record(INSTRUCTIONS, redactor.text(instructions));
        }
        span.record(INPUT_MESSAGES, redactor.json(written(request.messages())).to_string());
    }
    span
}

/// Writes into the span of a model call what came of it.
pub(super) fn answered(session: &Session, span: &Span, response: &ModelResponse) {
    if span.is_disabled() {
        return;
    }
    record_usage(span, &response.usage);
    if let Some(id) = &response.id {
        span.record(RESPONSE_ID, id.as_str());
    }
    if let Some(model) = &response.model {
        span.record(RESPONSE_MODEL, model.as_str());
    }
    span.record(FINISH_REASONS, finish_reason(&response.stop_reason));
    if let Some(redactor) = &session.traced {
        span.record(OUTPUT_MESSAGES, redactor.json(written(&[&response.message])).to_string());
    }
}

/// Writes into the span of a model call how long the first piece of its answer took.
pub(super) fn first_chunk(span: &Span, took: Duration) {
    span.record(FIRST_CHUNK, took.as_secs_f64());
}

/// Writes into the span of a model call that it is sent once more.
pub(super) fn resent(span: &Span, times: u32) {
    span.record(RESEND_COUNT, times);
}

/// The span of a tool call.
pub(super) fn execute_tool(session: &Session, spec: &ToolSpec, call: &ToolCall) -> Span {
    let span = info_span!(
        "execute_tool",
        { OTEL_NAME } = %format_args!("execute_tool {}", spec.name),
        { OTEL_KIND } = "internal",
        { OTEL_STATUS } = Empty,
        { OPERATION } = "execute_tool",
        { TOOL_NAME } = &*spec.name,
        { TOOL_TYPE } = "function",
        { TOOL_CALL_ID } = call.id.as_str(),
        { TOOL_ARGUMENTS } = Empty,
        { TOOL_RESULT } = Empty,
        { ERROR_TYPE } = Empty,
    );
    if let Some(redactor) = session.traced.as_ref().filter(|_| !span.is_disabled()) {
        span.record(TOOL_ARGUMENTS, redactor.text(&call.arguments));
    }
    span
}

/// Writes into the span of a tool call what came of it.
pub(super) fn tool_ended(session: &Session, span: &Span, result: &ToolResult, failure: Option<ToolErrorKind>) {
    if span.is_disabled() {
        return;
    }
    if let Some(redactor) = &session.traced {
        span.record(TOOL_RESULT, redactor.text(&result.as_text()));
    }
    if let Some(kind) = failure {
        // The kind's name as in JSON, which is stable.
        let name = serde_json::to_value(kind).ok();
        span.record(ERROR_TYPE, name.as_ref().and_then(Value::as_str).unwrap_or("failed"));
        span.record(OTEL_STATUS, "ERROR");
    }
}

/// Writes into a span why it failed: the provider's code or category where it has one, else the kind of the error.
pub(super) fn failed(span: &Span, error: &Error) {
    match error.provider() {
        Some(provider) => match &provider.code {
            Some(code) => span.record(ERROR_TYPE, code.as_str()),
            None => span.record(ERROR_TYPE, provider.category.to_string()),
        },
        None => span.record(ERROR_TYPE, error.kind().code()),
    };
    span.record(OTEL_STATUS, "ERROR");
}

/// Figures that nobody knows are left out.
fn record_usage(span: &Span, usage: &Usage) {
    let figures = [
        (INPUT_TOKENS, usage.input_tokens),
        (OUTPUT_TOKENS, usage.output_tokens),
        (CACHE_READ_TOKENS, usage.cache_read_tokens),
        (CACHE_WRITE_TOKENS, usage.cache_write_tokens),
        (REASONING_TOKENS, usage.reasoning_tokens),
    ];
    for (name, tokens) in figures {
        if let Some(tokens) = tokens {
            span.record(name, tokens);
        }
    }
}

/// Why an answer ended, in the words of the conventions.
fn finish_reason(reason: &StopReason) -> &str {
    match reason {
        StopReason::EndTurn | StopReason::StopSequence => "stop",
        StopReason::ToolCalls => "tool_calls",
        StopReason::MaxTokens => "length",
        StopReason::Refusal | StopReason::ContentFilter => "content_filter",
        StopReason::Pause => "pause",
        StopReason::MalformedCall => "error",
        StopReason::Other(reason) => reason,
    }
}

fn written(messages: &(impl serde::Serialize + ?Sized)) -> Value {
    serde_json::to_value(messages).unwrap_or_else(|_| json!([]))
}

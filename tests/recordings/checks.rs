//! The checks of single exchanges: decode, stream = whole, and request.

use futures_util::StreamExt;
use runlet::model::{AnyModel, Model, ModelEvent, ModelRequest, ModelResponse};
use runlet::{Error, Result};
use serde_json::Value;

use crate::api::{Answer, Api};
use crate::loopback::{End, Loopback, Reply};
use crate::set::Exchange;

/// Asks the adapter and answers with `reply`. Gives what the adapter made of it, and the body it sent.
pub(crate) async fn ask(
    model: &AnyModel,
    server: &Loopback,
    exchange: &Exchange,
    request: ModelRequest,
    reply: Reply,
    streamed: bool,
) -> (Answer, Value) {
    server.reply(reply);
    let mut events = Vec::new();
    let result = if streamed {
        match model.stream(request.unbudgeted()).await {
            Ok(stream) => {
                let mut stream = std::pin::pin!(stream);
                loop {
                    match stream.next().await {
                        Some(Ok(ModelEvent::Completed(response))) => break Ok(*response),
                        Some(Ok(event)) => events.push(event),
                        Some(Err(error)) => break Err(error),
                        None => panic!("{}: the stream ended with neither an answer nor an error", exchange.place),
                    }
                }
            }
            Err(error) => Err(error),
        }
    } else {
        model.complete(request.unbudgeted()).await
    };
    let sent = server.received().and_then(|request| serde_json::from_slice(&request.body).ok()).unwrap_or_default();
    (Answer { events, result }, sent)
}

/// Asks the adapter how many tokens a request takes. Gives how what it reads differs from what the SDK read, and the body
/// it sent.
pub(crate) async fn count_tokens(
    api: &dyn Api,
    server: &Loopback,
    exchange: &Exchange,
    request: &ModelRequest,
) -> (Vec<String>, Value) {
    let model = api.model(exchange, &server.url("/v1"));
    let body = exchange.recorded.response.body.as_deref().unwrap_or_default();
    server.reply(recorded_reply(exchange, vec![body.into()]));
    let counted = model.count_tokens(request).await;
    let expected = exchange
        .expected
        .as_ref()
        .and_then(|expected| expected.pointer("/result/count_tokens/input_tokens").and_then(Value::as_u64));
    let differences = match (counted, expected) {
        (Ok(counted), expected) if counted == expected => Vec::new(),
        (Err(_), None) => Vec::new(),
        (counted, expected) => vec![format!("{counted:?} tokens, where the SDK read {expected:?}")],
    };
    let sent = server.received().and_then(|request| serde_json::from_slice(&request.body).ok()).unwrap_or_default();
    (differences, sent)
}

/// The recorded response, in pieces.
pub(crate) fn recorded_reply(exchange: &Exchange, pieces: Vec<Vec<u8>>) -> Reply {
    let response = &exchange.recorded.response;
    // The server frames the body anew.
    let framing = ["transfer-encoding", "content-length", "connection", "content-encoding"];
    let headers = response.headers.iter().filter(|(name, _)| !framing.contains(&name.to_lowercase().as_str()));
    let headers = headers.map(|(name, value)| (name.clone(), value.clone())).collect();
    Reply { status: response.status, headers, pieces, end: End::Proper }
}

/// A stream as its terminal event tells it.
pub(crate) fn whole_reply(body: String) -> Reply {
    Reply::new(200, "application/json", body)
}

/// How the events of a stream differ from the answer they end with; nothing where they tell the same.
pub(crate) fn compare_events(events: &[ModelEvent], response: &ModelResponse) -> Vec<String> {
    let (mut text, mut reasoning, mut refusal) = (String::new(), String::new(), String::new());
    let mut calls: Vec<(Option<String>, String)> = Vec::new();
    let mut completed = Vec::new();
    for event in events {
        match event {
            ModelEvent::TextDelta(delta) => text.push_str(delta),
            ModelEvent::ReasoningDelta(delta) => reasoning.push_str(delta),
            ModelEvent::RefusalDelta(delta) => refusal.push_str(delta),
            ModelEvent::ToolCallDelta { index, name, arguments } => {
                if calls.len() <= *index {
                    calls.resize(index + 1, (None, String::new()));
                }
                calls[*index].0 = name.clone().or(calls[*index].0.take());
                calls[*index].1.push_str(arguments);
            }
            ModelEvent::ToolCallCompleted(call) => completed.push(call.clone()),
            _ => {}
        }
    }
    let message = &response.message;
    let told = |call: &std::sync::Arc<runlet::ToolCall>| (Some(call.name.clone()), call.arguments.clone());
    let mut differences = Vec::new();
    let mut equal = |what: &str, events: &dyn std::fmt::Debug, answer: &dyn std::fmt::Debug| {
        let (events, answer) = (format!("{events:?}"), format!("{answer:?}"));
        if events != answer {
            differences.push(format!("{what}: the events tell {events}, the answer {answer}"));
        }
    };
    equal("text", &text, &message.text());
    equal("reasoning", &reasoning, &message.reasoning());
    equal("refusal", &refusal, &message.refusal().unwrap_or_default());
    equal("tool call deltas", &calls, &message.tool_calls().map(told).collect::<Vec<_>>());
    if completed.iter().ne(message.tool_calls()) {
        differences.push("the completed tool calls are not those of the answer".to_owned());
    }
    differences
}

/// How two readings of the same answer differ; nothing where they do not.
pub(crate) fn compare_results(
    what: &str,
    one: &Result<ModelResponse, Error>,
    other: &Result<ModelResponse, Error>,
) -> Vec<String> {
    match (one, other) {
        (Ok(one), Ok(other)) if one == other => Vec::new(),
        (Ok(one), Ok(other)) => vec![format!("{what}: {} is not {}", json(one), json(other))],
        (Err(one), Err(other)) => {
            let told = |error: &Error| error.provider().map(|error| (error.category, error.code.clone()));
            if told(one) == told(other) { Vec::new() } else { vec![format!("{what}: {one} is not {other}")] }
        }
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => vec![format!("{what}: an answer or the error {error}")],
    }
}

fn json(response: &ModelResponse) -> String {
    serde_json::to_string(response).unwrap_or_default()
}

/// The places where two JSON values differ.
pub(crate) fn differences(recorded: &Value, sent: &Value) -> Vec<String> {
    fn walk(at: &str, recorded: Option<&Value>, sent: Option<&Value>, found: &mut Vec<String>) {
        match (recorded, sent) {
            (Some(Value::Object(recorded)), Some(Value::Object(sent))) => {
                let more = sent.keys().filter(|name| !recorded.contains_key(*name));
                for name in recorded.keys().chain(more) {
                    walk(&format!("{at}/{name}"), recorded.get(name), sent.get(name), found);
                }
            }
            (Some(Value::Array(recorded)), Some(Value::Array(sent))) => {
                for place in 0..recorded.len().max(sent.len()) {
                    walk(&format!("{at}/{place}"), recorded.get(place), sent.get(place), found);
                }
            }
            (recorded, sent) if recorded == sent => {}
            (recorded, sent) => {
                let show = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), shorten);
                found.push(format!("{at}: recorded {}, sent {}", show(recorded), show(sent)));
            }
        }
    }
    let mut found = Vec::new();
    walk("", Some(recorded), Some(sent), &mut found);
    found
}

fn shorten(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}

/// Random numbers that are the same in every run (splitmix64).
pub(crate) struct Seeded(pub u64);

impl Seeded {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % limit.max(1) as u64).unwrap_or(0)
    }

    /// Splits a body into pieces of 1 to `longest` bytes.
    pub(crate) fn split(&mut self, body: &[u8], longest: usize) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        let mut rest = body;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((self.below(longest) + 1).min(rest.len()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        pieces
    }
}

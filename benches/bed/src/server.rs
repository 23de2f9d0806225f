//! The scripted server: Chat Completions, Responses and Messages, as JSON and as events.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::{Script, TOOL};

type Body = BoxBody<Bytes, Infallible>;

/// The text of one streamed piece.
const DELTA: &str = "a few words ";
const TEXT: &str = "It was delivered on Monday; one mug is broken.";

/// How many bytes of text the last answer of a script has.
pub fn text_length(script: &Script) -> usize {
    if script.deltas > 0 { script.deltas * DELTA.len() } else { TEXT.len() + script.padding }
}

/// Serves for ever, on this thread; prints the port first.
pub async fn serve() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    println!("{}", listener.local_addr().expect("an address").port());
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(
            TokioIo::new(stream),
            service_fn(|request| async { Ok::<_, Infallible>(answer(request).await) }),
        );
        tokio::spawn(async move {
            let _ = connection.await;
        });
    }
}

#[derive(Clone, Copy)]
enum Format {
    Chat,
    Responses,
    Messages,
}

async fn answer(request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let script = Script::parse(&path);
    let format = match path.rsplit('/').next() {
        Some("completions") => Format::Chat,
        Some("responses") => Format::Responses,
        Some("messages") => Format::Messages,
        _ => return status(404),
    };
    let Some(script) = script else { return status(404) };
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    if script.latency > 0 {
        tokio::time::sleep(Duration::from_millis(script.latency)).await;
    }
    let results = memchr::memmem::find_iter(&body, format.result()).count();
    let asks = results < script.rounds * script.parallel;
    let text = "x".repeat(script.padding);
    if script.deltas > 0 && !asks {
        return events(format.pieces(&script), script.events_per_chunk);
    }
    if script.deltas > 0 {
        return events(format.call_events(&script, results), 1);
    }
    let body = if asks { format.calls(&script, results, &text) } else { format.text(&format!("{TEXT}{text}")) };
    Response::builder()
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)).boxed())
        .expect("an answer")
}

fn status(status: u16) -> Response<Body> {
    Response::builder().status(status).body(Full::new(Bytes::new()).boxed()).expect("an answer")
}

fn events(events: Vec<String>, per_chunk: usize) -> Response<Body> {
    let chunks: Vec<_> =
        events.chunks(per_chunk.max(1)).map(|events| Ok(Frame::data(Bytes::from(events.concat())))).collect();
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(BodyExt::boxed(StreamBody::new(stream::iter(chunks))))
        .expect("an answer")
}

impl Format {
    /// What every tool result in a request holds once.
    fn result(self) -> &'static [u8] {
        match self {
            Self::Chat => br#""tool_call_id""#,
            Self::Responses => br#""function_call_output""#,
            Self::Messages => br#""tool_result""#,
        }
    }

    fn calls(self, script: &Script, first: usize, padding: &str) -> String {
        let mut calls = String::new();
        for call in first..first + script.parallel {
            if !calls.is_empty() {
                calls.push(',');
            }
            let _ = match self {
                Self::Chat => write!(
                    calls,
                    r#"{{"id":"call_{call}","type":"function","function":{{"name":"{TOOL}","arguments":"{{\"order_id\":\"123\"}}"}}}}"#
                ),
                Self::Responses => write!(
                    calls,
                    r#"{{"type":"function_call","id":"fc_{call}","call_id":"call_{call}","name":"{TOOL}","arguments":"{{\"order_id\":\"123\"}}","status":"completed"}}"#
                ),
                Self::Messages => write!(
                    calls,
                    r#"{{"type":"tool_use","id":"call_{call}","name":"{TOOL}","input":{{"order_id":"123"}}}}"#
                ),
            };
        }
        match self {
            Self::Chat => {
                chat(&format!(r#"{{"role":"assistant","content":"{padding}","tool_calls":[{calls}]}}"#), "tool_calls")
            }
            Self::Responses => responses(&calls),
            Self::Messages => messages(&calls, "tool_use"),
        }
    }

    fn text(self, text: &str) -> String {
        match self {
            Self::Chat => chat(&format!(r#"{{"role":"assistant","content":"{text}"}}"#), "stop"),
            Self::Responses => responses(&format!(
                r#"{{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{{"type":"output_text","text":"{text}","annotations":[]}}]}}"#
            )),
            Self::Messages => messages(&format!(r#"{{"type":"text","text":"{text}"}}"#), "end_turn"),
        }
    }

    /// The last answer of a streamed script.
    fn pieces(self, script: &Script) -> Vec<String> {
        let mut events = Vec::with_capacity(script.deltas + 8);
        match self {
            Self::Chat => {
                events.push(chat_chunk(r#"{"role":"assistant","content":""}"#, "null"));
                let piece = chat_chunk(&format!(r#"{{"content":"{DELTA}"}}"#), "null");
                events.extend(std::iter::repeat_n(piece, script.deltas));
                events.push(chat_chunk("{}", r#""stop""#));
                events.push("data: [DONE]\n\n".to_owned());
            }
            Self::Responses => {
                let whole = DELTA.repeat(script.deltas);
                events.push(event("response.created", r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","created_at":1,"status":"in_progress","model":"m","output":[]}}"#));
                events.push(event("response.output_item.added", r#"{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"message","id":"msg_1","status":"in_progress","role":"assistant","content":[]}}"#));
                let piece = event(
                    "response.output_text.delta",
                    &format!(
                        r#"{{"type":"response.output_text.delta","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"{DELTA}"}}"#
                    ),
                );
                events.extend(std::iter::repeat_n(piece, script.deltas));
                let item = format!(
                    r#"{{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{{"type":"output_text","text":"{whole}","annotations":[]}}]}}"#
                );
                events.push(event(
                    "response.output_item.done",
                    &format!(
                        r#"{{"type":"response.output_item.done","sequence_number":3,"output_index":0,"item":{item}}}"#
                    ),
                ));
                events.push(event(
                    "response.completed",
                    &format!(r#"{{"type":"response.completed","sequence_number":4,"response":{}}}"#, responses(&item)),
                ));
            }
            Self::Messages => {
                events.push(event("message_start", r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":100,"output_tokens":1}}}"#));
                events.push(event(
                    "content_block_start",
                    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
                ));
                let piece = event(
                    "content_block_delta",
                    &format!(
                        r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{DELTA}"}}}}"#
                    ),
                );
                events.extend(std::iter::repeat_n(piece, script.deltas));
                events.push(event("content_block_stop", r#"{"type":"content_block_stop","index":0}"#));
                events.push(event("message_delta", r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":20}}"#));
                events.push(event("message_stop", r#"{"type":"message_stop"}"#));
            }
        }
        events
    }

    /// An answer with tool calls, of a streamed script.
    fn call_events(self, script: &Script, first: usize) -> Vec<String> {
        match self {
            Self::Chat => {
                let mut events = vec![chat_chunk(r#"{"role":"assistant","content":null}"#, "null")];
                for index in 0..script.parallel {
                    let id = first + index;
                    events.push(chat_chunk(&format!(r#"{{"tool_calls":[{{"index":{index},"id":"call_{id}","type":"function","function":{{"name":"{TOOL}","arguments":""}}}}]}}"#), "null"));
                    events.push(chat_chunk(&format!(r#"{{"tool_calls":[{{"index":{index},"function":{{"arguments":"{{\"order_id\":\"123\"}}"}}}}]}}"#), "null"));
                }
                events.push(chat_chunk("{}", r#""tool_calls""#));
                events.push("data: [DONE]\n\n".to_owned());
                events
            }
            Self::Responses => {
                let whole = self.calls(script, first, "");
                vec![event(
                    "response.completed",
                    &format!(r#"{{"type":"response.completed","sequence_number":0,"response":{whole}}}"#),
                )]
            }
            Self::Messages => {
                let mut events = vec![event(
                    "message_start",
                    r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":100,"output_tokens":1}}}"#,
                )];
                for index in 0..script.parallel {
                    let id = first + index;
                    events.push(event("content_block_start", &format!(r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"tool_use","id":"call_{id}","name":"{TOOL}","input":{{}}}}}}"#)));
                    events.push(event("content_block_delta", &format!(r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"input_json_delta","partial_json":"{{\"order_id\":\"123\"}}"}}}}"#)));
                    events.push(event(
                        "content_block_stop",
                        &format!(r#"{{"type":"content_block_stop","index":{index}}}"#),
                    ));
                }
                events.push(event("message_delta", r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":20}}"#));
                events.push(event("message_stop", r#"{"type":"message_stop"}"#));
                events
            }
        }
    }
}

fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// About as long as the chunks of the real service.
fn chat_chunk(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
         \"model\":\"m\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\",\"choices\":[{{\"index\":0,\
         \"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}]}}\n\n"
    )
}

fn chat(message: &str, finish: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m","choices":[{{"index":0,"message":{message},"logprobs":null,"finish_reason":"{finish}"}}],"usage":{{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120}}}}"#
    )
}

fn responses(output: &str) -> String {
    format!(
        r#"{{"id":"resp_1","object":"response","created_at":1700000000,"status":"completed","model":"m","output":[{output}],"usage":{{"input_tokens":100,"input_tokens_details":{{"cached_tokens":0}},"output_tokens":20,"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":120}}}}"#
    )
}

fn messages(content: &str, stop: &str) -> String {
    format!(
        r#"{{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{content}],"stop_reason":"{stop}","stop_sequence":null,"usage":{{"input_tokens":100,"output_tokens":20}}}}"#
    )
}

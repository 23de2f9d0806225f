//! What the adapter of the Messages API sends, and what it makes of a misbehaving server.

use futures_util::StreamExt;
use runlet::budget::{ContextManager, ContextPolicy};
use runlet::error::ProviderErrorCategory as Category;
use runlet::model::{Model, ModelEvent, ModelRequest, ModelResponse, PreparedRequest};
use runlet::provider::{Anthropic, RetryPolicy};
use runlet::{Error, Result};
use serde_json::{Value, json};

use crate::wire::loopback::{End, Loopback, Reply};

const KEY: &str = "sk-ant-canary-4711";
const JSON: &str = "application/json";
const SSE: &str = "text/event-stream";
const ANSWER: &str = r#"{"id":"msg_1","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn"}"#;

const STREAM: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","model":"m","content":[],"usage":{"input_tokens":5}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type":"ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Héllo"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"x\":1}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":3}}

event: message_stop
data: {"type":"message_stop"}

"#;

fn adapter(server: &Loopback) -> Anthropic {
    Anthropic::new("claude-haiku-4-5").api_key(KEY).base_url(server.url("")).retry(RetryPolicy::never())
}

fn request() -> PreparedRequest {
    ModelRequest::new("canary prompt").unbudgeted()
}

fn sent(server: &Loopback) -> (String, Value) {
    let received = server.received().expect("a request");
    (received.head, serde_json::from_slice(&received.body).expect("JSON"))
}

async fn fold(model: &Anthropic) -> (Vec<ModelEvent>, Result<ModelResponse>) {
    let mut stream = match model.stream(request()).await {
        Ok(stream) => stream,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(ModelEvent::Completed(response)) => return (events, Ok(*response)),
            Ok(event) => events.push(event),
            Err(error) => return (events, Err(error)),
        }
    }
    panic!("the stream ended with neither an answer nor an error");
}

fn check_error(error: &Error, category: Category) {
    for shown in [format!("{error}"), format!("{error:?}")] {
        assert!(!shown.contains("canary"), "{shown}");
    }
    assert_eq!(error.provider().map(|error| error.category), Some(category), "{error}");
}

#[tokio::test]
async fn a_request_has_its_path_and_its_headers() {
    let server = Loopback::start().await;
    server.reply(Reply::new(200, JSON, ANSWER));
    let betas = ModelRequest::new("Hi").option("anthropic", "betas", json!(["a-1", "b-2"]));
    let answer = adapter(&server).complete(betas.unbudgeted()).await.expect("an answer");
    assert_eq!(answer.message.text(), "Hello");
    let (head, body) = sent(&server);
    assert!(head.starts_with("POST /v1/messages HTTP/1.1\r\n"), "{head}");
    for line in [&format!("x-api-key: {KEY}"), "anthropic-version: 2023-06-01", "anthropic-beta: a-1,b-2"] {
        assert!(head.lines().any(|known| known == line), "{line} is not in {head}");
    }
    assert_eq!((&body["model"], &body["max_tokens"]), (&json!("claude-haiku-4-5"), &json!(21_333)));
}

#[tokio::test]
async fn the_version_of_the_api_can_be_set() {
    let server = Loopback::start().await;
    server.reply(Reply::new(200, JSON, ANSWER));
    let headers = json!({ "anthropic-version": "2026-10-21" });
    let request = ModelRequest::new("Hi").option("anthropic", "extra_headers", headers);
    adapter(&server).complete(request.unbudgeted()).await.expect("an answer");
    assert!(sent(&server).0.contains("anthropic-version: 2026-10-21\r\n"));
}

#[tokio::test]
async fn an_answer_is_limited_to_what_the_bill_leaves_of_the_window() {
    let server = Loopback::start().await;
    server.reply(Reply::new(200, JSON, ANSWER));
    let model = adapter(&server);
    let manager = ContextManager::new(ContextPolicy::new().max_context_tokens(5_000));
    let prepared = manager.prepare(ModelRequest::new("Hi"), &model.capabilities()).expect("a request that fits");
    let left = 5_000 - prepared.bill().expect("a bill").input().upper;
    model.complete(prepared).await.expect("an answer");
    assert_eq!(sent(&server).1["max_tokens"], left);
}

#[tokio::test]
async fn tokens_are_counted_by_the_provider() {
    let server = Loopback::start().await;
    server.reply(Reply::new(200, JSON, r#"{"input_tokens":14}"#));
    let counted = adapter(&server).count_tokens(&ModelRequest::new("Hi")).await.expect("a count");
    assert_eq!(counted, Some(14));
    let (head, body) = sent(&server);
    assert!(head.starts_with("POST /v1/messages/count_tokens "), "{head}");
    assert_eq!(body["max_tokens"], Value::Null);
}

#[tokio::test]
async fn row_14_an_error_in_a_stream_is_typed_and_has_the_text_so_far() {
    let server = Loopback::start().await;
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let begin = &STREAM[..STREAM.find("event: content_block_stop").expect("a block")];
    server.reply(Reply::new(200, SSE, format!("{begin}event: error\ndata: {error}\n\n")));
    let error = fold(&adapter(&server)).await.1.expect_err("an error");
    check_error(&error, Category::Overloaded);
    assert_eq!(error.provider().map(|error| error.partial_text.as_str()), Some("Héllo"));
}

#[tokio::test]
async fn row_12_and_13_an_error_with_status_200_is_one() {
    let server = Loopback::start().await;
    let error = r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#;
    server.reply(Reply::new(200, JSON, error));
    check_error(&fold(&adapter(&server)).await.1.expect_err("an error"), Category::RateLimited);
    server.reply(Reply::new(200, JSON, error));
    check_error(&adapter(&server).complete(request()).await.expect_err("an error"), Category::RateLimited);
}

#[tokio::test]
async fn row_9_10_and_19_a_stream_cut_anywhere_is_never_an_answer() {
    let server = Loopback::start().await;
    let model = adapter(&server);
    let end = STREAM.len() - 1;
    for cut in 0..end {
        let pieces = vec![STREAM.as_bytes()[..cut].to_vec()];
        let ending = if cut % 2 == 0 { End::Cut } else { End::Proper };
        server.reply(Reply { pieces, end: ending, ..Reply::new(200, SSE, "") });
        let (_, result) = fold(&model).await;
        let error = result.err().unwrap_or_else(|| panic!("cut after {cut} bytes, an answer was made of it"));
        check_error(&error, Category::Truncated);
        server.received();
    }
}

#[tokio::test]
async fn row_2_and_5_a_stream_may_be_split_anywhere() {
    let server = Loopback::start().await;
    let model = adapter(&server);
    server.reply(Reply::new(200, SSE, STREAM));
    let (events, whole) = fold(&model).await;
    let whole = whole.expect("an answer");
    for stream in [STREAM.to_owned(), STREAM.replace('\n', "\r\n"), STREAM.replace('\n', "\r")] {
        for at in (0..stream.len()).step_by(3) {
            let (one, other) = stream.as_bytes().split_at(at);
            server.reply(Reply { pieces: vec![one.to_vec(), other.to_vec()], ..Reply::new(200, SSE, "") });
            let (split, answer) = fold(&model).await;
            assert_eq!((&split, &answer.expect("an answer")), (&events, &whole), "split after {at} bytes");
        }
    }
}

#[tokio::test]
async fn row_20_a_stream_that_does_not_ping_times_out_after_90_seconds() {
    let server = Loopback::start().await;
    let begin = &STREAM[..STREAM.find("event: content_block_stop").expect("a block")];
    server.reply(Reply { pieces: vec![begin.into()], end: End::Silence, ..Reply::new(200, SSE, "") });
    let mut stream = adapter(&server).stream(request()).await.expect("a stream");
    assert!(matches!(stream.next().await, Some(Ok(ModelEvent::TextDelta(_)))));
    tokio::time::pause();
    let error = stream.next().await.expect("an item").expect_err("an error");
    check_error(&error, Category::Timeout);
    assert!(error.to_string().contains("90s"), "{error}");
}

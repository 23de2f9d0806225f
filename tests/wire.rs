//! What the adapters do when a server misbehaves: each test is a row of answers and the error they must become.

#[path = "support/loopback.rs"]
pub(crate) mod loopback;

use futures_util::StreamExt;
use runlet::error::ProviderErrorCategory as Category;
use runlet::model::{Model, ModelEvent, ModelRequest, ModelResponse, StopReason};
use runlet::provider::{OpenAiResponses, RetryPolicy};
use runlet::{Error, ErrorKind, Result};
use tokio::task::yield_now;

use self::loopback::{End, Loopback, Reply};

const KEY: &str = "sk-canary-4711";
const SSE: &str = "text/event-stream";
const JSON: &str = "application/json";

fn adapter(server: &Loopback) -> OpenAiResponses {
    OpenAiResponses::new("gpt-5.5").api_key(KEY).base_url(server.url("/v1")).retry(RetryPolicy::never())
}

fn request() -> ModelRequest {
    ModelRequest::new("canary prompt").option("openai", "extra_headers", serde_json::json!({ "x-extra": KEY }))
}

/// Reads a stream to its end.
async fn fold(model: &OpenAiResponses) -> (Vec<ModelEvent>, Result<ModelResponse>) {
    let mut stream = match model.stream(request().unbudgeted()).await {
        Ok(stream) => stream,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(ModelEvent::Completed(response)) => {
                assert!(stream.next().await.is_none(), "nothing comes after the answer");
                return (events, Ok(*response));
            }
            Ok(event) => events.push(event),
            Err(error) => {
                assert!(stream.next().await.is_none(), "nothing comes after an error");
                return (events, Err(error));
            }
        }
    }
    panic!("the stream ended with neither an answer nor an error");
}

/// No error shows a key, a header or what was asked.
fn check_secrets(error: &Error) {
    for shown in [format!("{error}"), format!("{error:?}"), format!("{error:#?}")] {
        assert!(!shown.contains("canary"), "{shown}");
    }
}

fn check_error(error: &Error, category: Category, words: &str) {
    check_secrets(error);
    let provider = error.provider().unwrap_or_else(|| panic!("not an error of a provider: {error}"));
    assert_eq!((provider.category, error.to_string().contains(words)), (category, true), "{error}");
}

/// Asks for a whole answer and for a stream; both must fail alike.
async fn check(reply: Reply, category: Category, words: &str) {
    let server = Loopback::start().await;
    let model = adapter(&server);
    server.reply(reply.clone());
    check_error(&model.complete(request().unbudgeted()).await.expect_err("an error"), category, words);
    server.reply(reply);
    check_error(&fold(&model).await.1.expect_err("an error"), category, words);
}

/// Asks for a stream, which must fail after the given text.
async fn check_stream(reply: Reply, category: Category, words: &str, partial: &str) {
    let server = Loopback::start().await;
    server.reply(reply);
    let (events, result) = fold(&adapter(&server)).await;
    let error = result.expect_err("an error");
    check_error(&error, category, words);
    assert_eq!(error.provider().map(|error| error.partial_text.as_str()), Some(partial));
    let deltas = events.iter().map(|event| if let ModelEvent::TextDelta(text) = event { text } else { "" });
    assert_eq!(deltas.collect::<String>(), partial);
}

fn events(data: &[&str]) -> String {
    data.iter().flat_map(|data| ["data: ", data, "\n\n"]).collect()
}

fn text_delta(text: &str) -> String {
    format!(r#"{{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"{text}"}}"#)
}

fn message(text: &str) -> String {
    let content = format!(r#"[{{"type":"output_text","text":"{text}","annotations":[]}}]"#);
    format!(r#"{{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":{content}}}"#)
}

fn completed(output: &str) -> String {
    let response = format!(r#"{{"id":"resp_1","status":"completed","output":{output}}}"#);
    format!(r#"{{"type":"response.completed","response":{response}}}"#)
}

#[tokio::test]
async fn a_request_has_its_headers_and_its_exact_length() {
    let server = Loopback::start().await;
    server.reply(Reply::new(200, JSON, format!(r#"{{"output":[{}]}}"#, message("Hello"))));
    adapter(&server).complete(request().unbudgeted()).await.expect("an answer");
    let received = server.received().expect("a request");
    let head = received.head.to_lowercase();
    let length = format!("content-length: {}\r\n", received.body.len());
    for part in ["post /v1/responses ", &format!("authorization: bearer {KEY}"), &format!("x-extra: {KEY}"), &length] {
        assert!(head.contains(part), "{part} in {head}");
    }
    assert!(!head.contains("transfer-encoding"), "{head}");
    let body: serde_json::Value = serde_json::from_slice(&received.body).expect("JSON");
    let expected = serde_json::json!({ "model": "gpt-5.5", "input": [{ "role": "user", "content": "canary prompt" }] });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn an_error_status_is_typed_and_shows_no_secret() {
    let body = format!(r#"{{"error":{{"code":"x","type":"y","message":"bad key {KEY}"}}}}"#);
    for (status, category) in [
        (400, Category::InvalidRequest),
        (401, Category::Authentication),
        (403, Category::Permission),
        (404, Category::NotFound),
        (422, Category::InvalidRequest),
        (429, Category::RateLimited),
        (500, Category::Server),
        (503, Category::Overloaded),
    ] {
        check(Reply::new(status, JSON, body.clone()), category, "bad key [redacted]").await;
    }
}

#[tokio::test]
async fn an_error_keeps_the_request_id_and_the_wait() {
    let server = Loopback::start().await;
    let mut reply = Reply::new(429, JSON, r#"{"error":{"code":"rate_limit_exceeded","message":"slow down"}}"#);
    for (name, value) in [("x-request-id", "req_1"), ("retry-after-ms", "1500")] {
        reply.headers.push((name.to_owned(), value.to_owned()));
    }
    server.reply(reply);
    let error = adapter(&server).complete(request().unbudgeted()).await.expect_err("an error");
    let error = error.provider().expect("an error of the provider");
    assert_eq!(error.request_id.as_deref(), Some("req_1"));
    assert_eq!(error.code.as_deref(), Some("rate_limit_exceeded"));
    assert_eq!(error.retry_after, Some(std::time::Duration::from_millis(1500)));
}

/// Breaks a stream off after its first event, and compares what its error tells of the head.
async fn check_head(headers: &[(&str, &str)], id: &str, wait: u64, should_retry: Option<bool>) {
    let server = Loopback::start().await;
    let mut reply = Reply::new(200, SSE, events(&[&text_delta("Hel")]));
    reply.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    server.reply(reply);
    let (_, result) = fold(&adapter(&server)).await;
    let error = result.expect_err("an error");
    let error = error.provider().expect("an error of the provider");
    let told = (error.request_id.as_deref(), error.retry_after, error.should_retry);
    assert_eq!(told, (Some(id), Some(std::time::Duration::from_millis(wait)), should_retry), "{headers:?}");
}

#[tokio::test]
async fn a_stream_that_breaks_off_keeps_what_its_head_told() {
    let openai = [("x-request-id", "req_1"), ("retry-after-ms", "1500"), ("x-should-retry", "false")];
    check_head(&openai, "req_1", 1500, Some(false)).await;
    check_head(&[("request-id", "req_2"), ("retry-after", "2")], "req_2", 2000, None).await;
}

#[tokio::test]
async fn row_12_html_with_200_is_a_protocol_error() {
    check(Reply::new(200, "text/html", "<html>canary</html>"), Category::Protocol, "").await;
    check(Reply::new(502, "text/html", "<html>canary</html>"), Category::Server, "of type text/html").await;
    let mut bare = Reply::new(200, SSE, "<html>canary</html>");
    bare.headers.clear();
    check(bare, Category::Protocol, "").await;
}

#[tokio::test]
async fn row_13_an_error_object_with_200_is_an_error() {
    let body = r#"{"error":{"code":"insufficient_quota","message":"no money"}}"#;
    check(Reply::new(200, JSON, body), Category::QuotaExceeded, "no money").await;
}

#[tokio::test]
async fn row_14_an_error_in_a_stream_is_typed_by_its_code() {
    let delta = text_delta("Hel");
    for error in [
        r#"{"type":"error","error":{"type":"server_error","code":"server_error","message":"broken"}}"#,
        r#"{"type":"error","code":"server_error","message":"broken","param":null}"#,
        r#"{"error":{"code":"server_error","message":"broken"}}"#,
        r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"broken"}}}"#,
    ] {
        let body = events(&[&delta, error, &completed(&format!("[{}]", message("Hello")))]);
        check_stream(Reply::new(200, SSE, body), Category::Server, "broken", "Hel").await;
    }
}

#[tokio::test]
async fn row_09_to_11_a_stream_without_its_end_is_truncated() {
    let delta = text_delta("Hel");
    let end = completed(&format!("[{}]", message("Hello")));
    for body in [
        String::new(),
        events(&[&delta]),
        events(&[&delta, "[DONE]"]),
        events(&[&delta, &end]).trim_end().to_owned(),
        events(&[&delta]) + "data: {\"type\":\"response.comp",
    ] {
        let partial = if body.is_empty() { "" } else { "Hel" };
        for end in [End::Proper, End::Cut] {
            let reply = Reply { end, ..Reply::new(200, SSE, body.clone()) };
            check_stream(reply, Category::Truncated, "", partial).await;
        }
    }
}

#[tokio::test]
async fn row_12_another_content_type_is_no_stream() {
    check_stream(Reply::new(200, JSON, "{}"), Category::Protocol, "of type application/json", "").await;
    check_stream(Reply::new(200, "text/plain", "canary"), Category::Protocol, "of type text/plain", "").await;
}

#[tokio::test]
async fn row_15_unknown_events_and_fields_are_passed_over() {
    let unknown = r#"{"type":"response.novelty","delta":{"a":[1]},"output_index":"x","item":7,"error":null}"#;
    let output = format!(r#"[{{"type":"novelty","canary":1}},{}]"#, message("Hello"));
    let (_, result) = serve(events(&[unknown, &text_delta("Hello"), &completed(&output)])).await;
    let response = result.expect("an answer");
    assert_eq!(response.message.text(), "Hello");
    assert_eq!(response.stop_reason, StopReason::EndTurn);
    assert_eq!(response.message.parts.len(), 2, "the unknown item is kept");
}

async fn serve(body: String) -> (Vec<ModelEvent>, Result<ModelResponse>) {
    let server = Loopback::start().await;
    server.reply(Reply::new(200, SSE, body));
    fold(&adapter(&server)).await
}

#[tokio::test]
async fn row_16_a_malformed_event_fails_the_stream() {
    for malformed in ["{\"type\":", "canary", "[1]", r#"{"type":"response.output_text.delta","delta":"\ud800"}"#] {
        let body = events(&[&text_delta("Hel"), malformed, &completed("[]")]);
        check_stream(Reply::new(200, SSE, body), Category::Protocol, "an event is not", "Hel").await;
    }
}

#[tokio::test]
async fn row_16_a_lenient_model_passes_over_what_is_not_json() {
    let server = Loopback::start().await;
    let model = adapter(&server).lenient();
    server.reply(Reply::new(200, SSE, events(&[&text_delta("Hel"), "{\"type\":", "canary", &completed("[]")])));
    assert!(fold(&model).await.1.is_ok());
    // What is JSON and no event of the API is still an error.
    server.reply(Reply::new(200, SSE, events(&[&text_delta("Hel"), "[1]", &completed("[]")])));
    check_error(&fold(&model).await.1.expect_err("an error"), Category::Protocol, "an event is not");
}

#[tokio::test]
async fn row_18_a_long_error_body_is_cut() {
    let mut body = br#"{"error":{"message":""#.to_vec();
    body.resize(1 << 20, b'x');
    check(Reply::new(500, JSON, body), Category::Server, "says nothing of the reason").await;
}

#[tokio::test]
async fn row_08_an_oversize_event_fails_the_stream() {
    let mut body = events(&[&text_delta("Hel")]).into_bytes();
    body.extend_from_slice(b"data: ");
    body.resize(body.len() + (9 << 20), b'x');
    check_stream(Reply::new(200, SSE, body), Category::Protocol, "longer than", "Hel").await;
}

#[tokio::test]
async fn row_21_a_redirect_is_not_followed() {
    let elsewhere = Loopback::start().await;
    for status in [301, 302, 307, 308] {
        let mut reply = Reply::new(status, JSON, "");
        reply.headers.push(("location".to_owned(), elsewhere.url("/v1/responses?canary=1")));
        check(reply, Category::Protocol, "unexpected redirect").await;
    }
    assert!(elsewhere.received().is_none(), "nothing went there");
}

#[tokio::test]
async fn row_20_a_silent_server_times_out() {
    let server = Loopback::start().await;
    let first = Reply { end: End::Silence, ..Reply::new(200, SSE, "") };
    server.reply(first.clone());
    let model = adapter(&server);
    let pause_once_asked = async {
        while server.received().is_none() {
            yield_now().await;
        }
        tokio::time::pause();
    };
    let (answer, ()) = tokio::join!(model.stream(request().unbudgeted()), pause_once_asked);
    check_error(&answer.expect_err("an error"), Category::Timeout, "did not come within 120s");
    tokio::time::resume();

    server.reply(Reply { pieces: vec![events(&[&text_delta("Hel")]).into_bytes()], ..first.clone() });
    let mut stream = adapter(&server).stream(request().unbudgeted()).await.expect("a stream");
    assert!(matches!(stream.next().await, Some(Ok(ModelEvent::TextDelta(_)))));
    tokio::time::pause();
    let error = stream.next().await.expect("an item").expect_err("an error");
    check_error(&error, Category::Timeout, "the next event did not come within 300s");
    assert_eq!(error.provider().map(|error| error.partial_text.as_str()), Some("Hel"));
    tokio::time::resume();

    while server.received().is_some() {}
    server.reply(first);
    let model = adapter(&server);
    let pause_once_asked = async {
        while server.received().is_none() {
            yield_now().await;
        }
        tokio::time::pause();
    };
    let (answer, ()) = tokio::join!(model.complete(request().unbudgeted()), pause_once_asked);
    check_error(&answer.expect_err("an error"), Category::Timeout, "an answer did not come within 600s");
}

#[tokio::test]
async fn row_44_an_empty_answer_is_read_as_it_is_for_the_run_to_judge() {
    let empty = r#"{"id":"resp_1","status":"completed","output":[]}"#;
    check_whole(empty, Ok(StopReason::EndTurn)).await;
    let only_thought = r#"{"status":"completed","output":[{"type":"reasoning","id":"rs_1","summary":[]}]}"#;
    check_whole(only_thought, Ok(StopReason::EndTurn)).await;
    check_whole(&format!(r#"{{"output":[{}]}}"#, message("")), Ok(StopReason::EndTurn)).await;
    check_whole(r#"{"status":"queued","output":[]}"#, Ok(StopReason::Other("queued".to_owned()))).await;
}

async fn check_whole(body: &str, expected: Result<StopReason, Category>) {
    let server = Loopback::start().await;
    server.reply(Reply::new(200, JSON, body));
    let answer = adapter(&server).complete(request().unbudgeted()).await;
    let told =
        answer.map(|response| response.stop_reason).map_err(|error| error.provider().map(|error| error.category));
    assert_eq!(told, expected.map_err(Some), "{body}");
}

#[tokio::test]
async fn row_26_and_45_stop_reasons_are_one_enum() {
    let incomplete = |reason: &str| {
        let details = format!(r#"{{"reason":"{reason}"}}"#);
        format!(r#"{{"status":"incomplete","incomplete_details":{details},"output":[{}]}}"#, message("Hel"))
    };
    check_whole(&incomplete("max_output_tokens"), Ok(StopReason::MaxTokens)).await;
    check_whole(&incomplete("max_tokens"), Ok(StopReason::MaxTokens)).await;
    check_whole(&incomplete("content_filter"), Ok(StopReason::ContentFilter)).await;
    check_whole(&incomplete("novelty"), Ok(StopReason::Other("novelty".to_owned()))).await;
    let refusal = message("No.").replace("output_text", "refusal").replace("text\":", "refusal\":");
    check_whole(&format!(r#"{{"status":"completed","output":[{refusal}]}}"#), Ok(StopReason::Refusal)).await;
}

#[tokio::test]
async fn row_51_a_prompt_that_is_too_long_is_a_context_overflow() {
    let coded = r#"{"error":{"code":"context_length_exceeded","message":"too long"}}"#;
    check(Reply::new(400, JSON, coded), Category::ContextOverflow, "too long").await;
    let worded = r#"{"error":{"message":"This model's maximum context length is 8192 tokens."}}"#;
    check(Reply::new(400, JSON, worded), Category::ContextOverflow, "8192").await;
    let rate = r#"{"error":{"message":"Rate limit reached: reduce the length of the messages."}}"#;
    check(Reply::new(429, JSON, rate), Category::RateLimited, "Rate limit").await;
}

#[tokio::test]
async fn a_call_without_deltas_is_told_once_and_output_left_out_at_the_end_is_made_up_for() {
    let call =
        r#"{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{}","status":"completed"}"#;
    let done = format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{call}}}"#);
    for output in ["[]".to_owned(), "null".to_owned(), format!("[{call}]")] {
        let (events, result) = serve(events(&[&done, &done, &completed(&output)])).await;
        let response = result.expect("an answer");
        let calls: Vec<_> = response.message.tool_calls().cloned().collect();
        assert_eq!(response.stop_reason, StopReason::ToolCalls);
        let delta = ModelEvent::ToolCallDelta { index: 0, name: Some("f".to_owned()), arguments: "{}".to_owned() };
        assert_eq!(events, [delta, ModelEvent::ToolCallCompleted(calls[0].clone())]);
        assert_eq!(calls.len(), 1);
    }
}

#[tokio::test]
async fn row_10_a_call_that_no_event_ended_is_not_left_out_of_an_answer() {
    let call = r#"{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":""}"#;
    let added = format!(r#"{{"type":"response.output_item.added","output_index":1,"item":{call}}}"#);
    let answer = events(&[&text_delta("Let me see."), &added, &completed("[]")]);
    check_stream(Reply::new(200, SSE, answer), Category::Truncated, "a part of it had not", "Let me see.").await;
}

#[tokio::test]
async fn a_time_limit_that_no_clock_reaches_is_none() {
    let server = Loopback::start().await;
    let never = std::time::Duration::MAX;
    let model = adapter(&server).connect_timeout(never).timeout(never).first_event_timeout(never).idle_timeout(never);
    let model = model.retry(RetryPolicy::new().longest_wait(never));
    server.reply(Reply::new(200, JSON, format!(r#"{{"output":[{}]}}"#, message("Hello"))));
    assert_eq!(model.complete(request().unbudgeted()).await.expect("an answer").message.text(), "Hello");
    server.reply(Reply::new(200, SSE, events(&[&text_delta("Hel"), &completed(&format!("[{}]", message("Hello")))])));
    assert_eq!(fold(&model).await.1.expect("an answer").message.text(), "Hello");
}

#[tokio::test]
async fn a_bad_base_url_is_a_config_error() {
    for (url, words) in [
        ("", "cannot be read"),
        ("not a url", "cannot be read"),
        ("ftp://canary.example/v1", "must begin with https://"),
        ("http://canary.example/v1", "allow_insecure_http"),
        ("https://user:canary@example.com/v1", "user name or password"),
        ("https://example.com/v1?key=canary", "query"),
    ] {
        let model = OpenAiResponses::new("gpt-5.5").api_key(KEY).base_url(url);
        let error = model.complete(request().unbudgeted()).await.expect_err("an error");
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        check_error(&error, Category::Config, words);
        assert!(!format!("{model:?}").contains("canary"));
    }
}

#[tokio::test]
async fn nobody_listening_is_a_transport_error() {
    let server = Loopback::start().await;
    let model = adapter(&server);
    drop(server);
    yield_now().await;
    let error = model.complete(request().unbudgeted()).await.expect_err("an error");
    check_error(&error, Category::Transport, "no connection");
}

#[tokio::test]
async fn the_input_of_a_request_is_counted_by_openai() {
    let server = Loopback::start().await;
    server.reply(Reply::new(200, JSON, r#"{"object":"response.input_tokens","input_tokens":11}"#));
    let request = request().max_output_tokens(64).temperature(0.5).option("openai", "store", false);
    let request = request.option("openai", "reasoning", serde_json::json!({ "effort": "low" }));
    assert_eq!(adapter(&server).count_tokens(&request).await.unwrap(), Some(11));
    let received = server.received().unwrap();
    assert!(received.head.starts_with("POST /v1/responses/input_tokens "), "{}", received.head);
    let body: serde_json::Value = serde_json::from_slice(&received.body).unwrap();
    let fields: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["input", "model", "reasoning"], "nothing that the endpoint does not take");
    for (status, answer) in [(404, "{}"), (200, "{}"), (200, "not JSON")] {
        server.reply(Reply::new(status, JSON, answer));
        check_secrets(&adapter(&server).count_tokens(&request).await.unwrap_err());
    }
}

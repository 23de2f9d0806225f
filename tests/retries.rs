//! When a model call is sent again, from the wire to the events of a run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use runlet::error::ProviderErrorCategory as Category;
use runlet::event::EventKind;
use runlet::model::{Model, ModelRequest, Retrying};
use runlet::provider::{OpenAiResponses, RetryPolicy};
use runlet::{Agent, Error, ErrorKind, Runtime};

use crate::wire::loopback::{End, Loopback, Reply};

const ANSWER: &str = r#"{"id":"resp_1","status":"completed","output":[{"type":"message","id":"msg_1","role":"assistant",
    "content":[{"type":"output_text","text":"Hello","annotations":[]}]}]}"#;
const DELTA: &str = r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hel"}"#;

fn model(server: &Loopback) -> OpenAiResponses {
    let soon = RetryPolicy::new().backoff(Duration::ZERO, Duration::ZERO);
    OpenAiResponses::new("gpt-5.5").api_key("sk-canary").base_url(server.url("/v1")).retry(soon)
}

fn whole(answer: &str) -> Reply {
    Reply::new(200, "application/json", answer)
}

fn events(data: &[&str]) -> Reply {
    let body: String = data.iter().flat_map(|data| ["data: ", data, "\n\n"]).collect();
    Reply::new(200, "text/event-stream", body)
}

fn completed() -> String {
    format!(r#"{{"type":"response.completed","response":{}}}"#, ANSWER.replace('\n', " "))
}

fn failed(status: u16) -> Reply {
    Reply::new(status, "application/json", r#"{"error":{"message":"failed","code":"x"}}"#)
}

fn with(mut reply: Reply, name: &str, value: &str) -> Reply {
    reply.headers.push((name.to_owned(), value.to_owned()));
    reply
}

/// What came of a call: the text or the error, how often it was sent, and what a listener heard.
struct Told {
    answer: Result<String, Error>,
    sent: usize,
    retries: Vec<Retrying>,
}

async fn ask(replies: &[Reply], streamed: bool) -> Told {
    let server = Loopback::start().await;
    for reply in replies {
        server.reply(reply.clone());
    }
    let heard: Arc<Mutex<Vec<Retrying>>> = Arc::default();
    let journal = heard.clone();
    let request = ModelRequest::new("Hi").unbudgeted().on_retry(move |retrying| journal.lock().unwrap().push(retrying));
    let model = model(&server);
    let answer = if streamed { fold(&model, request).await } else { text(&model, request).await };
    let mut sent = 0;
    while server.received().is_some() {
        sent += 1;
    }
    let retries = heard.lock().unwrap().clone();
    Told { answer, sent, retries }
}

async fn text(model: &OpenAiResponses, request: runlet::model::PreparedRequest) -> Result<String, Error> {
    Ok(model.complete(request).await?.message.text())
}

async fn fold(model: &OpenAiResponses, request: runlet::model::PreparedRequest) -> Result<String, Error> {
    let mut stream = model.stream(request).await?;
    while let Some(event) = stream.next().await {
        if let runlet::model::ModelEvent::Completed(response) = event? {
            return Ok(response.message.text());
        }
    }
    panic!("neither an answer nor an error");
}

/// Checks how often a call is sent whose first answer is `first`, and that it ends well where it is sent twice.
async fn check(first: Reply, sent: usize) {
    for streamed in [false, true] {
        let second = if streamed { events(&[&completed()]) } else { whole(ANSWER) };
        let told = ask(&[first.clone(), second], streamed).await;
        assert_eq!(told.sent, sent, "{first:?}, streamed: {streamed}");
        assert_eq!(told.answer.is_ok(), sent == 2, "{first:?}, streamed: {streamed}: {:?}", told.answer);
        assert_eq!(told.retries.len(), sent - 1);
        let category = told.answer.err().and_then(|error| error.provider().map(|error| error.attempts));
        assert!(category.is_none_or(|attempts| attempts == 1));
    }
}

#[tokio::test]
async fn what_waiting_may_cure_is_asked_again_and_nothing_else() {
    for status in [408, 409, 425, 429, 500, 502, 503, 504, 520, 524, 529] {
        check(failed(status), 2).await;
    }
    for status in [400, 401, 402, 403, 404, 405, 413, 415, 422, 501, 505] {
        check(failed(status), 1).await;
    }
    let quota = Reply::new(429, "application/json", r#"{"error":{"code":"insufficient_quota","message":"spent"}}"#);
    check(quota, 1).await;
}

#[tokio::test]
async fn the_server_may_say_whether_to_ask_again() {
    check(with(failed(500), "x-should-retry", "false"), 1).await;
    check(with(failed(418), "x-should-retry", "true"), 2).await;
}

#[tokio::test]
async fn a_server_that_asks_for_too_long_a_wait_is_not_asked_again() {
    let told = ask(&[with(failed(429), "retry-after", "121"), whole(ANSWER)], false).await;
    let error = told.answer.expect_err("an error");
    assert_eq!(error.provider().and_then(|error| error.retry_after), Some(Duration::from_secs(121)));
    assert_eq!(told.sent, 1);
    let hint = r#"{"error":{"code":"rate_limit_exceeded","message":"Please try again in 6m0s."}}"#;
    let told = ask(&[Reply::new(429, "application/json", hint)], false).await;
    let error = told.answer.expect_err("an error");
    assert_eq!(error.provider().and_then(|error| error.retry_after), Some(Duration::from_mins(6)));
}

#[tokio::test]
async fn a_wait_that_the_words_of_the_error_ask_for_is_kept() {
    let hint = r#"{"error":{"code":"rate_limit_exceeded","message":"Please try again in 20ms."}}"#;
    let told = ask(&[Reply::new(429, "application/json", hint), whole(ANSWER)], false).await;
    assert!(told.answer.is_ok());
    let delay = told.retries[0].delay;
    assert!(delay >= Duration::from_millis(20) && delay <= Duration::from_millis(22), "{delay:?}");
}

#[tokio::test]
async fn a_call_is_sent_three_times_at_most() {
    let told = ask(&[failed(500), failed(503), failed(529), whole(ANSWER)], false).await;
    let error = told.answer.expect_err("an error");
    assert_eq!((told.sent, error.provider().map(|error| error.attempts)), (3, Some(3)));
    assert!(error.to_string().ends_with("(after 3 attempts)"), "{error}");
    let heard: Vec<_> = told.retries.iter().map(|retrying| retrying.attempt).collect();
    assert_eq!(heard, [2, 3]);
    assert_eq!(told.retries[0].error.provider().and_then(|error| error.status), Some(500));
}

#[tokio::test]
async fn a_stream_that_fails_before_it_shows_anything_is_asked_for_again() {
    let created = r#"{"type":"response.created","response":{"id":"resp_1"}}"#;
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#;
    let cut = Reply { end: End::Cut, ..events(&[created]) };
    for first in [events(&[overloaded]), events(&[created, overloaded]), events(&[created]), cut, events(&[])] {
        let told = ask(&[first.clone(), events(&[&completed()])], true).await;
        assert_eq!((told.answer.ok().as_deref(), told.sent), (Some("Hello"), 2), "{first:?}");
    }
    let invalid = r#"{"type":"error","error":{"type":"invalid_request_error","message":"no"}}"#;
    let told = ask(&[events(&[invalid]), events(&[&completed()])], true).await;
    assert_eq!((told.answer.is_err(), told.sent), (true, 1));
}

#[tokio::test]
async fn nothing_is_asked_again_after_the_first_delta() {
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#;
    let cut = Reply { end: End::Cut, ..events(&[DELTA]) };
    for first in [events(&[DELTA, overloaded]), events(&[DELTA]), cut] {
        let told = ask(&[first.clone(), events(&[&completed()])], true).await;
        let error = told.answer.expect_err("an error");
        let provider = error.provider().expect("a provider's error");
        assert_eq!((told.sent, provider.partial_text.as_str(), provider.response_started), (1, "Hel", true));
        assert!(matches!(provider.category, Category::Overloaded | Category::Truncated), "{first:?}");
        assert!(!error.is_retryable() && !format!("{error:?}").contains("Hel"), "{error:?}");
    }
}

#[tokio::test]
async fn a_run_tells_of_every_retry() {
    for streamed in [false, true] {
        let server = Loopback::start().await;
        server.reply(with(failed(503), "x-request-id", "req_1"));
        server.reply(if streamed { events(&[&completed()]) } else { whole(ANSWER) });
        let log = runlet::event::EventLog::new();
        let runtime = Runtime::new().event_log(&log);
        let agent: Agent = Agent::builder("retrying").model(model(&server)).build().unwrap();
        let output = if streamed {
            runtime.stream(&agent, (), "Hi").finish().await.expect("an answer").output
        } else {
            runtime.run(&agent, (), "Hi").await.expect("an answer").output
        };
        assert_eq!(output, "Hello");
        let retries: Vec<_> = log
            .events()
            .into_iter()
            .filter_map(|event| match event.kind {
                EventKind::ModelRetrying { attempt, error, model, .. } => Some((attempt, error, model)),
                _ => None,
            })
            .collect();
        let [(2, error, None)] = retries.as_slice() else { panic!("{retries:?}") };
        let provider = error.provider().expect("a provider's error");
        assert_eq!((provider.status, provider.request_id.as_deref()), (Some(503), Some("req_1")));
        assert_eq!(error.kind(), ErrorKind::Model);
    }
}

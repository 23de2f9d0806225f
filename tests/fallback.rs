//! Models that stand in for each other.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use runlet::error::{ProviderError, ProviderErrorCategory as Category};
use runlet::event::{EventKind, EventLog};
use runlet::model::{Capabilities, ContextWindow, Fallback, Model, ModelEvent, ModelRequest, StopReason};
use runlet::testing::ScriptedModel;
use runlet::{Agent, Error, ErrorKind, Message, ModelResponse, Result, Runtime};

use crate::kit::text;

fn failure(category: Category) -> Error {
    ProviderError::new("scripted", category, "no").into()
}

async fn ask(model: &Fallback, streamed: bool) -> Result<ModelResponse> {
    let request = ModelRequest::new("Hi").unbudgeted();
    if !streamed {
        return model.complete(request).await;
    }
    let mut stream = model.stream(request).await?;
    while let Some(event) = stream.next().await {
        if let ModelEvent::Completed(response) = event? {
            return Ok(*response);
        }
    }
    panic!("neither an answer nor an error");
}

/// Checks whether the second model is asked after the first one failed.
async fn check(error: Error, expected: bool) {
    for streamed in [false, true] {
        let second = ScriptedModel::new().text("Second");
        // A stream may fail with its first event, too.
        for first in [ScriptedModel::new().fail(error.clone()), ScriptedModel::new().events([Err(error.clone())])] {
            let answer = ask(&Fallback::new(first).or(second.clone()), streamed).await;
            assert_eq!(answer.is_ok() || second.requests().len() > 1, expected, "{error}: {answer:?}");
            if !expected {
                assert!(second.requests().is_empty());
                assert_eq!(answer.expect_err("an error").to_string(), error.to_string());
            }
        }
    }
}

#[tokio::test]
async fn the_next_model_is_asked_where_it_may_do_better() {
    for category in [
        Category::Overloaded,
        Category::RateLimited,
        Category::QuotaExceeded,
        Category::Server,
        Category::Transport,
        Category::Timeout,
        Category::Authentication,
        Category::Permission,
        Category::NotFound,
        Category::Protocol,
        Category::Truncated,
        Category::EmptyResponse,
        Category::Config,
    ] {
        check(failure(category), true).await;
    }
    for category in [Category::InvalidRequest, Category::ContextOverflow, Category::ContentFilter, Category::Other] {
        check(failure(category), false).await;
    }
    check(Error::new(ErrorKind::Cancelled, "cancelled"), false).await;
    check(Error::new(ErrorKind::Model, "a model of one's own says no"), false).await;
}

#[tokio::test]
async fn after_the_first_delta_no_other_model_is_asked() {
    let begun = [Ok(ModelEvent::TextDelta("Hel".to_owned())), Err(failure(Category::Overloaded))];
    let second = ScriptedModel::new().text("Second");
    let model = Fallback::new(ScriptedModel::new().events(begun)).or(second.clone());
    let error = ask(&model, true).await.expect_err("an error");
    assert_eq!(error.provider().map(|error| error.category), Some(Category::Overloaded));
    assert!(second.requests().is_empty());
}

#[tokio::test]
async fn the_last_error_names_the_models_before() {
    let model = Fallback::new(ScriptedModel::new().fail(failure(Category::Server)))
        .or(ScriptedModel::new().fail(failure(Category::RateLimited)));
    let error = ask(&model, false).await.expect_err("an error");
    assert_eq!(error.provider().map(|error| error.category), Some(Category::RateLimited));
    assert!(error.to_string().contains("after scripted/scripted failed"), "{error}");
}

#[tokio::test]
async fn the_answer_says_which_model_gave_it() {
    for streamed in [false, true] {
        let model =
            Fallback::new(ScriptedModel::new().fail(failure(Category::Server))).or(ScriptedModel::new().text("Hi"));
        assert_eq!(ask(&model, streamed).await.expect("an answer").model.as_deref(), Some("scripted"));
        let mut named = text("Hi");
        named.model = Some("scripted-2026".to_owned());
        let model = Fallback::new(ScriptedModel::new().response(named));
        assert_eq!(ask(&model, streamed).await.expect("an answer").model.as_deref(), Some("scripted-2026"));
    }
}

#[test]
fn a_request_that_fits_fits_all() {
    let model = |capabilities| ScriptedModel::new().capabilities(capabilities);
    let large = Capabilities::new().context_window(1000).max_output_tokens(100).with_tools().with_images();
    let small = Capabilities::new().context_window(500).with_tools();
    let all = Fallback::new(model(large.clone())).or(model(small)).capabilities();
    assert_eq!(all, Capabilities::new().context_window(500).max_output_tokens(100).with_tools());
    let unknown = Fallback::new(model(large)).or(model(Capabilities::new())).capabilities();
    assert_eq!(unknown.context_window, ContextWindow::Unknown);
}

#[tokio::test]
async fn a_run_tells_which_model_is_asked_next() {
    let log = EventLog::new();
    let model =
        Fallback::new(ScriptedModel::new().fail(failure(Category::Overloaded))).or(ScriptedModel::new().text("Hi"));
    let agent: Agent = Agent::builder("covered").model(model).build().unwrap();
    let result = Runtime::new().event_log(&log).run(&agent, (), "Hi").await.expect("an answer");
    assert_eq!(result.output, "Hi");
    let next: Vec<_> = log
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::ModelRetrying { attempt, model, .. } => Some((attempt, model)),
            _ => None,
        })
        .collect();
    assert_eq!(next, [(2, Some("scripted/scripted".to_owned()))]);
}

#[tokio::test]
async fn a_listener_hears_why_a_model_was_passed_over() {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let journal = heard.clone();
    let request = ModelRequest::new("Hi").unbudgeted().on_retry(move |retrying| {
        journal.lock().unwrap().push(format!("{} {:?}", retrying.error, retrying.model));
    });
    let answer = ModelResponse::new(Message::assistant("Hi"), StopReason::EndTurn);
    let model = Fallback::new(ScriptedModel::new().fail(failure(Category::QuotaExceeded)))
        .or(ScriptedModel::new().response(answer));
    model.complete(request).await.expect("an answer");
    assert_eq!(*heard.lock().unwrap(), ["scripted: the quota is used up: no Some(\"scripted/scripted\")"]);
}

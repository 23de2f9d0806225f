//! Models that stand in for each other.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use runlet::budget::{ContextManager, ContextPolicy};
use runlet::error::{ProviderError, ProviderErrorCategory as Category};
use runlet::event::{EventKind, EventLog};
use runlet::message::{Part, Role};
use runlet::model::{
    AnyModel, Capabilities, ContextWindow, Fallback, Model, ModelEvent, ModelRequest, ModelStream, PreparedRequest,
    StopReason,
};
use runlet::schema::Schema;
use runlet::testing::ScriptedModel;
use runlet::tool::ToolSpec;
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

/// A model under the names of another.
struct Named(&'static str, &'static str, Option<u64>);

impl Model for Named {
    fn provider(&self) -> &str {
        self.0
    }

    fn name(&self) -> &str {
        self.1
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new().context_window(100_000).with_tools().with_images()
    }

    async fn complete(&self, _: PreparedRequest) -> Result<ModelResponse> {
        Ok(text("Hi"))
    }

    async fn stream(&self, request: PreparedRequest) -> Result<ModelStream> {
        Ok(ModelStream::whole(self.complete(request).await?))
    }

    async fn count_tokens(&self, _: &ModelRequest) -> Result<Option<u64>> {
        Ok(self.2)
    }
}

#[test]
fn a_request_is_counted_by_the_rules_of_every_model_that_may_be_asked() {
    let openai = || Named("openai", "gpt-5.5", None);
    let anthropic = || Named("anthropic", "claude-opus-5", None);
    let spec = ToolSpec::new("lookup", "Looks an order up.", Schema::of::<String>());
    // Georgian takes more tokens in other encodings than in OpenAI's newest; Anthropic adds a prompt for tools.
    let words = "გამარჯობა, როგორ ხარ? დღეს კარგი ამინდია. ".repeat(20);
    let request = ModelRequest::new(Message::new(Role::User, vec![Part::text(words)])).tool(spec);
    let upper = |model: AnyModel| {
        let manager = ContextManager::new(ContextPolicy::new()).for_model(&model);
        let bill = manager.bill(&request, &model.capabilities()).expect("a bill");
        let of_lines: u64 = bill.items().map(|item| item.tokens.upper).sum();
        assert_eq!(of_lines, bill.total().upper, "the lines add up");
        bill.input().upper
    };
    let alone = [upper(AnyModel::new(openai())), upper(AnyModel::new(anthropic()))];
    assert!(alone[0] < alone[1], "{alone:?}");
    let both = [
        upper(AnyModel::new(Fallback::new(openai()).or(anthropic()))),
        upper(AnyModel::new(Fallback::new(anthropic()).or(openai()))),
        upper(AnyModel::new(Fallback::new(Fallback::new(openai()).or(anthropic())).or(openai()))),
        upper(AnyModel::new(Fallback::new(openai()).or(Fallback::new(openai()).or(anthropic())))),
    ];
    assert!(both.iter().all(|both| *both >= alone[1]), "{both:?} of {alone:?}");
    assert_eq!(upper(AnyModel::new(Fallback::new(openai()).or(openai()))), alone[0]);
}

#[tokio::test]
async fn a_count_is_the_largest_where_every_model_counts() {
    let count = async |counts: [Option<u64>; 2]| {
        let [first, second] = counts.map(|count| Named("p", "m", count));
        Fallback::new(first).or(second).count_tokens(&ModelRequest::new("Hi")).await.expect("a count")
    };
    assert_eq!(count([Some(3), Some(5)]).await, Some(5));
    assert_eq!(count([Some(5), None]).await, None);
    assert_eq!(count([None, Some(5)]).await, None);
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

//! Answers as values of a type: by structured output, or by a tool for models without it.

use futures_util::StreamExt;
use runlet::model::{Capabilities, ModelEvent, ModelResponse, OutputFormat, StopReason, ToolDefinition};
use runlet::testing::ScriptedModel;
use runlet::{Agent, ErrorKind, Message, Part, Role, RunError, RunPolicy, Runtime, ToolCall};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::kit::{Stub, assert_whole, brief};

/// How a complaint was settled.
#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Resolution {
    refund: bool,
    note: String,
}

fn resolution(note: &str) -> Resolution {
    Resolution { refund: true, note: note.into() }
}

/// A model without structured output.
fn plain() -> ScriptedModel {
    ScriptedModel::new().capabilities(Capabilities::new().context_window(128_000).with_tools())
}

fn typed<O: runlet::agent::Output>(model: &ScriptedModel) -> Agent<(), O> {
    Agent::builder("tester").model(model.clone()).tool(Stub::echo("t")).build().unwrap()
}

/// Runs a script whole and streamed and compares the value of the answer.
async fn check<O: runlet::agent::Output + std::fmt::Debug + PartialEq>(
    model: impl Fn() -> ScriptedModel,
    expected: Result<O, ErrorKind>,
) {
    let whole = Runtime::new().run(&typed::<O>(&model()), (), "go").await;
    let streamed = Runtime::new().stream(&typed::<O>(&model()), (), "go").finish().await;
    for ended in [whole, streamed] {
        match &ended {
            Ok(result) => assert_whole(&result.messages),
            Err(error) => assert_whole(&error.report().messages),
        }
        let ended = ended.map(|result| result.output).map_err(|error: RunError| error.kind());
        assert_eq!(ended, expected);
    }
}

const GOOD: &str = r#"{"refund":true,"note":"late"}"#;

#[tokio::test]
async fn a_model_with_structured_output_is_held_to_the_schema() {
    check(|| ScriptedModel::new().text(GOOD), Ok(resolution("late"))).await;
    let model = ScriptedModel::new().text(GOOD);
    let result = Runtime::new().run(&typed::<Resolution>(&model), (), "go").await.unwrap();
    assert_eq!(result.text, GOOD);
    let request = &model.requests()[0];
    let Some(OutputFormat::Schema { name, description, schema, .. }) = &request.output else {
        panic!("{:?}", request.output)
    };
    assert_eq!((name.as_str(), description.as_deref()), ("Resolution", Some("How a complaint was settled.")));
    assert_eq!(schema.value()["required"], json!(["refund", "note"]));
}

#[tokio::test]
async fn a_model_without_it_answers_through_a_tool() {
    let good = || json!({ "refund": true, "note": "late" });
    check(|| plain().tool_call("final_answer", good()), Ok(resolution("late"))).await;
    check(|| plain().tool_calls([("t", json!({})), ("final_answer", good())]), Ok(resolution("late"))).await;
    check(|| plain().text(GOOD), Ok(resolution("late"))).await;
    let model = plain().tool_call("final_answer", good());
    let result = Runtime::new().run(&typed::<Resolution>(&model), (), "go").await.unwrap();
    assert_eq!(result.text, good().to_string());
    let request = &model.requests()[0];
    assert!(request.output.is_none());
    let last = request.tools.last();
    let Some(ToolDefinition::Function(spec)) = last else { panic!("{last:?}") };
    assert_eq!(spec.name, "final_answer");
}

#[tokio::test]
async fn an_invalid_answer_goes_back_with_its_problem() {
    let model = ScriptedModel::new().text("{}").text(GOOD);
    let result = Runtime::new().run(&typed::<Resolution>(&model), (), "go").await.unwrap();
    assert_eq!(result.output, resolution("late"));
    let sent = brief(&model.requests()[1].messages);
    assert_eq!(sent[..2], ["user | go", "assistant | {}"]);
    assert!(sent[2].starts_with("user | ") && sent[2].contains("missing field `refund`"), "{sent:?}");

    let model = plain()
        .tool_call("final_answer", json!({}))
        .tool_call("final_answer", serde_json::from_str::<Value>(GOOD).unwrap());
    let result = Runtime::new().run(&typed::<Resolution>(&model), (), "go").await.unwrap();
    assert_eq!(result.output, resolution("late"));
    let sent = brief(&model.requests()[1].messages);
    assert!(sent[2].starts_with("tool | call_1! ") && sent[2].contains("missing field `refund`"), "{sent:?}");
}

/// How many requests a model gets that never answers in the right form, under a policy.
async fn check_bounded(model: ScriptedModel, retries: u32, expected: usize) {
    let agent: Agent<(), Resolution> = Agent::builder("tester")
        .model(model.clone())
        .tool(Stub::echo("t"))
        .run_policy(RunPolicy::new().max_output_retries(retries))
        .build()
        .unwrap();
    let error = Runtime::new().run(&agent, (), "go").await.unwrap_err();
    assert_eq!((error.kind(), model.requests().len()), (ErrorKind::Model, expected), "{error}");
    assert_whole(&error.report().messages);
}

#[tokio::test]
async fn invalid_answers_are_sent_back_only_so_often() {
    let texts = || (0..9).fold(ScriptedModel::new(), |model, _| model.text("no"));
    check_bounded(texts(), 2, 3).await;
    check_bounded(texts(), 0, 1).await;
    check_bounded(texts(), 5, 6).await;
    let by_tool = || (0..9).fold(plain(), |model, _| model.tool_call("final_answer", json!({})));
    check_bounded(by_tool(), 2, 3).await;
    check_bounded(by_tool(), 0, 1).await;
    check_bounded(by_tool(), 5, 6).await;
    let mixed = (0..9).fold(plain(), |model, _| model.tool_calls([("t", json!({})), ("final_answer", json!({}))]));
    check_bounded(mixed, 2, 3).await;
}

#[tokio::test]
async fn a_type_that_is_no_object_is_wrapped_in_one() {
    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    enum Mood {
        Good,
        Bad,
    }
    check(|| ScriptedModel::new().text(r#"{"value":7}"#), Ok(7_u32)).await;
    check(|| ScriptedModel::new().text(r#"{"value":[1,2]}"#), Ok(vec![1_u8, 2])).await;
    check(|| ScriptedModel::new().text(r#"{"value":"Bad"}"#), Ok(Mood::Bad)).await;
    check(|| ScriptedModel::new().text(r#"{"value":null}"#), Ok(None::<Mood>)).await;
    check(|| ScriptedModel::new().text(r#"{"value":{"a":1}}"#), Ok(json!({ "a": 1 }))).await;
    check(|| plain().tool_call("final_answer", json!({ "value": 7 })), Ok(7_u32)).await;
    check::<u32>(|| ScriptedModel::new().text("7").text("7").text("{}"), Err(ErrorKind::Model)).await;
}

#[tokio::test]
async fn a_text_answer_is_the_models_text_as_it_is() {
    check(|| ScriptedModel::new().text(" {\"value\": 1} "), Ok(" {\"value\": 1} ".to_owned())).await;
}

#[tokio::test]
async fn an_answer_that_was_cut_off_is_checked_like_any_other() {
    let cut = || ModelResponse::new(Message::assistant(r#"{"refund":tr"#), StopReason::MaxTokens);
    check(|| ScriptedModel::new().response(cut()).text(GOOD), Ok(resolution("late"))).await;
}

#[test]
fn a_tool_of_the_answers_name_is_a_config_error() {
    let agent = Agent::<(), Resolution>::builder("tester").model(plain()).tool(Stub::echo("final_answer")).build();
    assert_eq!(agent.unwrap_err().kind(), ErrorKind::Config);
}

/// A model that writes its one answer in these pieces.
fn streamed(mut events: Vec<ModelEvent>, message: Message) -> ScriptedModel {
    events.push(ModelEvent::Completed(Box::new(ModelResponse::new(message, StopReason::EndTurn))));
    ScriptedModel::new().events(events.into_iter().map(Ok))
}

/// What of a streamed answer can be read, after every event, each state once.
async fn check_partial<O: runlet::agent::Output>(model: ScriptedModel, expected: &[Value]) {
    let mut stream = Runtime::new().stream(&typed::<O>(&model), (), "go");
    let mut seen: Vec<Value> = Vec::new();
    while stream.next().await.is_some() {
        seen.extend(stream.partial::<Value>().filter(|value| seen.last() != Some(value)));
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_answer_can_be_read_while_it_is_written() {
    let pieces = [r#"{"refund":tr"#, r#"ue,"note":"la"#, r#"te"}"#];
    let expected = [json!({}), json!({ "refund": true, "note": "la" }), json!({ "refund": true, "note": "late" })];
    let text: Vec<ModelEvent> = pieces.iter().map(|text| ModelEvent::TextDelta((*text).to_owned())).collect();
    check_partial::<Resolution>(streamed(text, Message::assistant(GOOD)), &expected).await;

    let name = |at: usize| (at == 0).then(|| "final_answer".to_owned());
    let call = |(at, text): (usize, &&str)| ModelEvent::ToolCallDelta {
        index: 0,
        name: name(at),
        arguments: (*text).to_owned(),
    };
    let calls = [ModelEvent::TextDelta("{} is the answer:".to_owned())];
    let calls = calls.into_iter().chain(pieces.iter().enumerate().map(call)).collect();
    let message = Message::new(Role::Assistant, vec![Part::tool_call(ToolCall::new("1", "final_answer", GOOD))]);
    check_partial::<Resolution>(streamed(calls, message), &expected).await;
}

#[tokio::test]
async fn an_answer_that_is_text_or_wrapped_is_read_as_what_it_is() {
    check_partial::<String>(ScriptedModel::new().text(GOOD), &[]).await;
    let wrapped = ScriptedModel::new().text(r#"{"value":["a","b"]}"#);
    let mut stream = Runtime::new().stream(&typed::<Vec<String>>(&wrapped), (), "go");
    while stream.next().await.is_some() {}
    assert_eq!(stream.partial::<Vec<String>>(), Some(vec!["a".to_owned(), "b".to_owned()]));
}

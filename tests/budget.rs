//! The context budget: nothing is sent uncounted, and what does not fit is made smaller whole turns at a time or refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use runlet::budget::{Compressor, ContextManager, ContextOverflow, ContextPolicy, DropOldestTurns, Need, Ruler};
use runlet::event::EventLog;
use runlet::hook::{Hook, HookContext, ModelVerdict};
use runlet::message::{Messages, TokenCount};
use runlet::model::{BillPart, Capabilities, ModelRequest};
use runlet::testing::{FixedRuler, ScriptedModel};
use runlet::{Agent, ErrorKind, Message, Result, Role, Runtime, ToolCall, ToolResult};
use serde_json::json;

use crate::kit::{Stub, assert_whole, brief};

fn window(tokens: u64) -> Capabilities {
    Capabilities::new().context_window(tokens).with_tools()
}

/// Prepares a request of one message, whose input takes 32 tokens by this ruler, and compares how it ends.
fn check(policy: ContextPolicy, model: &Capabilities, expected: Result<(), ErrorKind>) {
    let prepared = ContextManager::new(policy.ruler(FixedRuler(8))).prepare(ModelRequest::new("x"), model);
    assert_eq!(prepared.map(drop).map_err(|error| error.kind()), expected);
}

#[test]
fn a_request_is_prepared_only_where_it_fits_with_the_reserved_output() {
    let reserved = |tokens| ContextPolicy::new().reserved_output_tokens(tokens);
    check(reserved(68), &window(100), Ok(()));
    check(reserved(69), &window(100), Err(ErrorKind::ContextOverflow));
    check(ContextPolicy::new(), &window(1_024 + 32), Ok(()));
    check(ContextPolicy::new(), &window(1_024 + 31), Err(ErrorKind::ContextOverflow));
    check(reserved(68).max_context_tokens(99), &window(100), Err(ErrorKind::ContextOverflow));
    check(reserved(68).max_context_tokens(101), &window(100), Ok(()));
}

#[test]
fn row_52_an_unknown_window_without_a_cap_is_a_config_error() {
    check(ContextPolicy::new(), &Capabilities::new(), Err(ErrorKind::Config));
    check(ContextPolicy::new().max_context_tokens(2_000), &Capabilities::new(), Ok(()));
}

#[test]
fn row_56_a_reserve_that_fills_the_window_is_a_config_error() {
    let reserved = |tokens| ContextPolicy::new().reserved_output_tokens(tokens);
    check(reserved(100), &window(100), Err(ErrorKind::Config));
    check(reserved(u64::MAX), &window(100), Err(ErrorKind::Config));
    check(reserved(99), &window(100), Err(ErrorKind::ContextOverflow));
}

#[test]
fn a_bill_has_an_item_for_every_part_and_adds_up() {
    let spec = runlet::tool::ToolSpec::new("t", "says", runlet::schema::Schema::of::<u8>());
    let request = ModelRequest::from_messages([Message::user("a"), Message::assistant("b")])
        .instructions("i")
        .tool(spec)
        .max_output_tokens(50);
    let prepared = ContextManager::new(ContextPolicy::new()).prepare(request, &window(9_000)).unwrap();
    let bill = prepared.bill().unwrap();
    let parts: Vec<BillPart> = bill.items().map(|item| item.part).collect();
    let expected = [
        BillPart::Overhead,
        BillPart::Instructions,
        BillPart::Tool { name: "t".into() },
        BillPart::Message { index: 0, role: Role::User },
        BillPart::Message { index: 1, role: Role::Assistant },
        BillPart::ReservedOutput,
    ];
    assert_eq!(parts, expected);
    assert_eq!(bill.items().map(|item| item.tokens).sum::<TokenCount>(), bill.total());
    assert_eq!((bill.reserved_output(), bill.limit(), bill.excess()), (50, 9_000, 0));
    assert!(bill.to_string().lines().count() == parts.len() + 3, "{bill}");
}

/// An agent of a small window; a user message takes 18 tokens, an input of one message 34.
fn small(
    model: &ScriptedModel,
    policy: ContextPolicy,
) -> runlet::agent::AgentBuilder<(), String, runlet::model::AnyModel> {
    let model = model.clone().capabilities(window(200));
    Agent::builder("tester").model(model).context(policy.reserved_output_tokens(100).ruler(FixedRuler(10)))
}

#[tokio::test]
async fn a_run_over_budget_is_refused_with_its_bill_and_sends_nothing() {
    let (model, log) = (ScriptedModel::new().text("never"), EventLog::new());
    let agent = small(&model, ContextPolicy::new()).build().unwrap();
    let many: Vec<Message> = (0..10).map(|_| Message::user("x")).collect();
    let error = Runtime::new().event_log(&log).run(&agent, (), many).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContextOverflow);
    let overflow = error.error().detail::<ContextOverflow>().unwrap();
    assert_eq!(overflow.bill().total().upper, 16 + 10 * 18 + 100);
    assert_eq!(overflow.bill().excess(), 96);
    assert!(error.to_string().contains("message"), "the largest parts are named: {error}");
    assert!(model.requests().is_empty());
    assert!(log.names().contains(&"context.refused") && !log.names().contains(&"model.requested"));
    assert_eq!(log.names().last(), Some(&"run.failed"));
}

struct Enlarge(usize);

impl Hook for Enlarge {
    fn name(&self) -> &'static str {
        "enlarge"
    }

    async fn before_model_call(&self, _: &HookContext, request: &mut ModelRequest) -> Result<ModelVerdict> {
        request.messages.extend((0..self.0).map(|_| Message::user("more")));
        Ok(ModelVerdict::Send)
    }
}

#[tokio::test]
async fn row_59_what_a_hook_adds_is_counted() {
    let model = ScriptedModel::new().text("done");
    let fits = small(&model, ContextPolicy::new()).hook(Enlarge(3)).build().unwrap();
    Runtime::new().run(&fits, (), "go").await.unwrap();
    assert_eq!(model.requests()[0].messages.len(), 4);
    let model = ScriptedModel::new().text("never");
    let over = small(&model, ContextPolicy::new()).hook(Enlarge(4)).build().unwrap();
    let error = Runtime::new().run(&over, (), "go").await.unwrap_err();
    assert_eq!((error.kind(), model.requests().len()), (ErrorKind::ContextOverflow, 0));
}

#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicUsize>);

impl Ruler for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn measure(&self, text: &str) -> TokenCount {
        if text.starts_with("message") {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        TokenCount::exact(1)
    }
}

#[tokio::test]
async fn every_message_is_measured_once_over_all_steps_and_runs_of_an_agent() {
    let ruler = Counting::default();
    let model = (0..10).fold(ScriptedModel::new(), |model, _| model.tool_call("t", json!({}))).text("message");
    let model = model.text("message");
    let agent: Agent = Agent::builder("tester")
        .model(model)
        .tool(Stub::new("t", |_, _| async { Ok("message".to_owned()) }))
        .context(ContextPolicy::new().ruler(ruler.clone()))
        .build()
        .unwrap();
    let result = Runtime::new().run(&agent, (), "message").await.unwrap();
    assert_eq!(ruler.0.load(Ordering::Relaxed), 11, "the question and ten results; the answer was not sent");
    let mut history = result.messages.clone();
    history.push(Message::user("message"));
    Runtime::new().run(&agent, (), history).await.unwrap();
    assert_eq!(ruler.0.load(Ordering::Relaxed), 13, "the first answer and the new question");
}

#[test]
fn copies_and_forks_of_a_history_are_counted_right() {
    let manager = ContextManager::new(ContextPolicy::new());
    let total = |messages: &Messages| {
        let mut request = ModelRequest::default();
        request.messages = messages.clone();
        manager.prepare(request, &window(90_000)).unwrap().bill().unwrap().input()
    };
    let fresh = |messages: &Messages| total(&messages.iter().map(|message| Message::clone(message)).collect());
    let mut trunk = Messages::from(vec![Message::user("a long beginning of a conversation")]);
    let mut fork = trunk.clone();
    trunk.push(Message::assistant("short"));
    fork.push(Message::assistant("a much longer answer than that of the trunk"));
    let copy = trunk.clone();
    trunk.push(Message::user("on"));
    for messages in [&trunk, &fork, &copy] {
        assert_eq!(total(messages), fresh(messages));
    }
}

/// A conversation of random turns: with or without a system message, calls and results.
fn conversation() -> impl Strategy<Value = Vec<Message>> {
    let turn = prop::collection::vec(0..4_usize, 0..4);
    (any::<bool>(), prop::collection::vec(turn, 1..12)).prop_map(|(system, turns)| {
        let mut messages = Vec::new();
        if system {
            messages.push(Message::system("rules"));
        }
        for (number, turn) in turns.iter().enumerate() {
            messages.push(Message::user(format!("user {number}")));
            for (place, size) in turn.iter().enumerate() {
                let asked: Vec<ToolCall> =
                    (0..*size).map(|call| ToolCall::new(format!("{number}_{place}_{call}"), "t", "{}")).collect();
                if asked.is_empty() {
                    messages.push(Message::assistant("words"));
                    continue;
                }
                let results = asked.iter().map(|call| ToolResult::text(call, "result")).collect();
                let parts = asked.into_iter().map(runlet::Part::ToolCall).collect();
                messages.push(Message::new(Role::Assistant, parts));
                messages.push(Message::tool(results));
            }
        }
        messages
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn dropping_the_oldest_turns_keeps_a_whole_conversation_that_fits(
        before in conversation(),
        limit in 200..1_500_u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let run = |input: Vec<Message>| {
            let model = ScriptedModel::new().text("done").capabilities(window(limit));
            let policy = ContextPolicy::new()
                .reserved_output_tokens(50)
                .ruler(FixedRuler(10))
                .compress(DropOldestTurns::new());
            let agent: Agent = Agent::builder("tester").model(model.clone()).context(policy).build().unwrap();
            let ended = runtime.block_on(Runtime::new().run(&agent, (), input));
            (ended, model.requests().pop())
        };
        match run(before.clone()) {
            (Ok(result), Some(sent)) => {
                let sent: Vec<Message> = sent.messages.iter().map(|message| Message::clone(message)).collect();
                let shared: Messages = sent.clone().into();
                assert_whole(&shared);
                prop_assert_eq!(&result.messages[..before.len()], &Messages::from(before.clone())[..], "all is kept");
                let mut rest = before.iter();
                prop_assert!(sent.iter().all(|message| rest.any(|old| old == message)), "in the old order");
                let newest = |messages: &[Message]| messages.iter().rfind(|m| m.role == Role::User).cloned();
                prop_assert_eq!(newest(&sent), newest(&before));
                let (_, again) = run(sent.clone());
                prop_assert_eq!(brief(&again.unwrap().messages), brief(&shared), "what fits is left alone");
            }
            (Err(error), None) => prop_assert_eq!(error.kind(), ErrorKind::ContextOverflow),
            (ended, sent) => prop_assert!(false, "{:?} {:?}", ended, sent),
        }
    }
}

/// A compressor that makes of a conversation whatever the function makes of it.
struct Custom(fn(&Messages) -> Option<Messages>);

impl Compressor for Custom {
    fn name(&self) -> &'static str {
        "custom"
    }

    async fn compress(&self, messages: &Messages, _: Need) -> Result<Option<Messages>> {
        Ok((self.0)(messages))
    }
}

/// Runs a conversation that is too long through a compressor and compares the kind of the error.
async fn check_compressor(compress: fn(&Messages) -> Option<Messages>, expected: ErrorKind) {
    let model = ScriptedModel::new().text("never");
    let agent = small(&model, ContextPolicy::new().compress(Custom(compress))).build().unwrap();
    let call = ToolCall::new("c", "t", "{}");
    let mut input = vec![Message::user("first")];
    input.push(Message::new(Role::Assistant, vec![runlet::Part::ToolCall(call.clone())]));
    input.push(Message::tool(vec![ToolResult::text(&call, "r")]));
    input.push(Message::user("second"));
    let before = brief(&Messages::from(input.clone()));
    let error = Runtime::new().run(&agent, (), input).await.unwrap_err();
    assert_eq!(error.kind(), expected, "{error}");
    assert!(expected != ErrorKind::Internal || error.to_string().contains("custom"), "{error}");
    assert_eq!(brief(&error.report().messages), before);
    assert_eq!(error.report().run().context(), &error.report().messages, "the run keeps its history");
    assert!(model.requests().is_empty());
}

#[tokio::test]
async fn row_57_a_compressor_that_breaks_the_conversation_is_at_fault_and_the_history_stays() {
    fn pick(messages: &Messages, places: &[usize]) -> Messages {
        places.iter().map(|place| messages[*place].clone()).collect()
    }
    check_compressor(|messages| Some(pick(messages, &[0, 1, 2])), ErrorKind::Internal).await;
    check_compressor(|messages| Some(pick(messages, &[0, 1, 3])), ErrorKind::Internal).await;
    check_compressor(|messages| Some(pick(messages, &[0, 2, 3])), ErrorKind::Internal).await;
    check_compressor(|messages| Some(pick(messages, &[0, 2, 1, 3])), ErrorKind::Internal).await;
    check_compressor(|messages| Some(pick(messages, &[3, 0])), ErrorKind::Internal).await;
    check_compressor(|_| Some(Messages::new()), ErrorKind::Internal).await;
    check_compressor(|_| None, ErrorKind::ContextOverflow).await;
}

#[tokio::test]
async fn a_compressed_conversation_stays_so_and_the_report_keeps_all() {
    let (model, log) = (ScriptedModel::new().tool_call("t", json!({})).text("done"), EventLog::new());
    let agent = small(&model, ContextPolicy::new().max_context_tokens(290).compress(DropOldestTurns::new()));
    let model_window = agent.model(model.clone().capabilities(window(400)));
    let agent = model_window.tool(Stub::echo("t")).build().unwrap();
    let input: Vec<Message> = (0..8).map(|n| Message::user(n.to_string())).collect();
    let result = Runtime::new().event_log(&log).run(&agent, (), input).await.unwrap();
    assert_eq!(result.messages.len(), 8 + 3);
    let sent: Vec<Vec<String>> = model.requests().iter().map(|request| brief(&request.messages)).collect();
    assert!(sent[0].len() < 8, "{sent:?}");
    assert_eq!(sent[1].last().unwrap(), "tool | call_1: {}");
    let names = log.names();
    assert!(names.contains(&"context.compressed"));
    assert!(result.run().context().len() < result.messages.len());
}

#[tokio::test]
async fn what_is_added_for_one_provider_is_counted_too() {
    let request = ModelRequest::new("go").option("openai", "extra_body", json!({ "input": "word ".repeat(10_000) }));
    let model = ScriptedModel::new().text("done").capabilities(Capabilities::new().context_window(8_000));
    let agent: Agent = Agent::builder("tester").model(model.clone()).build().unwrap();
    let refused = Runtime::new().run_request(&agent, (), request).await.expect_err("it does not fit");
    assert_eq!((refused.kind(), model.requests().len()), (ErrorKind::ContextOverflow, 0));
}

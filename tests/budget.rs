//! The context budget: nothing is sent uncounted, and what does not fit is made smaller whole turns at a time or refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use runlet::budget::{
    BillItem, Compressor, ContextManager, ContextOverflow, ContextPolicy, DropOldestTurns, DropReasoning, Need,
    PartKind, Ruler, Share,
};
use runlet::error::{ProviderError, ProviderErrorCategory};
use runlet::event::EventLog;
use runlet::hook::{Hook, HookContext, ModelVerdict};
use runlet::message::{Media, Messages, TokenCount, Usage, UsageSource};
use runlet::model::{
    BillPart, Capabilities, Model, ModelRequest, ModelResponse, ModelStream, PreparedRequest, StopReason,
};
use runlet::testing::{FixedRuler, ScriptedModel};
use runlet::{Agent, Error, ErrorKind, Message, Part, Result, Role, Runtime, ToolCall, ToolResult};
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
    check(reserved(68), &window(u64::MAX), Ok(()));
    check(reserved(u64::MAX - 2).margin(0.5), &window(u64::MAX - 1), Err(ErrorKind::ContextOverflow));
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
fn an_input_that_is_longer_than_the_model_reads_is_refused_whatever_the_window() {
    let model = window(10_000).max_input_tokens(31);
    check(ContextPolicy::new().reserved_output_tokens(10), &model, Err(ErrorKind::ContextOverflow));
    check(ContextPolicy::new().reserved_output_tokens(10), &window(10_000), Ok(()));
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
    let model = (0..10).fold(ScriptedModel::new(), |model, number| model.tool_call("t", json!(number))).text("message");
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
                let parts = asked.into_iter().map(Part::tool_call).collect();
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
    input.push(Message::new(Role::Assistant, vec![Part::tool_call(call.clone())]));
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

#[test]
fn a_bill_has_a_line_for_every_part_of_a_message_and_every_tool_result() {
    let call = ToolCall::new("c", "lookup", "{}");
    let asked = Message::new(Role::Assistant, vec![Part::text("let me see"), Part::tool_call(call.clone())]);
    let answered = Message::tool(vec![ToolResult::text(&call, "one"), ToolResult::text(&call, "two")]);
    let pictured = Message::new(
        Role::User,
        vec![Part::text("and this?"), Part::Media(Media::image_url("https://example.com/a.png"))],
    );
    let request = ModelRequest::from_messages([Message::user("go"), asked, answered, pictured]);
    let manager = ContextManager::new(ContextPolicy::new().ruler(FixedRuler(10)));
    let bill = manager.bill(&request, &window(90_000)).unwrap();
    let lines: Vec<(String, u64)> = bill.items().map(|item| (item.part.to_string(), item.tokens.upper)).collect();
    let lines: Vec<(&str, u64)> = lines.iter().map(|(part, upper)| (part.as_str(), *upper)).collect();
    let expected = [
        ("request overhead", 16),
        ("message 0 (user)", 18),
        ("message 1 (assistant)", 8),
        ("message 1 part 0 (text)", 10),
        ("message 1 part 1 (call of lookup)", 44),
        ("message 2 (tool results)", 8),
        ("message 2 part 0 (result of lookup)", 34),
        ("message 2 part 1 (result of lookup)", 34),
        ("message 3 (user)", 8),
        ("message 3 part 0 (text)", 10),
        ("message 3 part 1 (image)", 4_784),
        ("reserved output", 1_024),
    ];
    assert_eq!(lines, expected);
    assert_eq!(bill.items().map(|item| item.tokens).sum::<TokenCount>(), bill.total());
    let json = serde_json::to_value(&bill).unwrap();
    let part = &json["items"][4]["part"];
    assert_eq!(*part, json!({ "part": "message_part", "index": 1, "place": 1, "kind": "tool_call", "name": "lookup" }));
    assert_eq!(json["calibration"]["samples"], 0);
    let again: Vec<BillItem> = serde_json::from_value(json["items"].clone()).unwrap();
    assert_eq!(again, bill.items().collect::<Vec<_>>());
    assert!(again.iter().any(|item| matches!(item.part, BillPart::MessagePart { kind: PartKind::Image, .. })));
}

#[test]
fn an_agent_explains_what_its_first_request_would_cost() {
    let model = ScriptedModel::new().text("done").capabilities(window(9_000));
    let agent: Agent = Agent::builder("tester")
        .model(model.clone())
        .instructions("Help.")
        .tool(Stub::echo("t"))
        .context(ContextPolicy::new().margin(0.1))
        .build()
        .unwrap();
    let bill = agent.explain("go").unwrap();
    let (runtime, log) =
        (tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap(), EventLog::new());
    runtime.block_on(Runtime::new().event_log(&log).run(&agent, (), "go")).unwrap();
    let checked = log.events().into_iter().find_map(|event| match event.kind {
        runlet::event::EventKind::ContextBudgetChecked { bill } => Some(bill),
        _ => None,
    });
    assert_eq!(checked.unwrap(), bill);
    assert_eq!((bill.margin(), bill.limit()), (900, 9_000));
    assert!(bill.items().any(|item| item.part == BillPart::Margin), "{bill}");
    // One that does not fit is explained all the same, and nothing is sent.
    let over = agent.explain("word ".repeat(20_000)).unwrap();
    assert!(over.excess() > 10_000 && model.requests().len() == 1);
    let other = ScriptedModel::new().capabilities(window(5_000));
    assert_eq!(agent.explain_for(&other, "go").unwrap().limit(), 5_000);
}

/// Builds an agent of a small window and compares the words of the error.
#[track_caller]
fn check_build(policy: ContextPolicy, model: Capabilities, instructions: &str, words: &str) {
    let model = ScriptedModel::new().capabilities(model);
    let built =
        Agent::<()>::builder("tester").model(model).instructions(instructions).tool(Stub::echo("t")).context(policy);
    let error = built.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains(words), "{error} has no {words:?}");
}

#[test]
fn settings_that_make_no_sense_are_config_errors_that_name_them() {
    let policy = ContextPolicy::new;
    for fraction in [f64::NAN, -0.1, 0.0, 1.01, f64::INFINITY] {
        check_build(
            policy().max_share(Share::ToolResults, fraction),
            window(9_000),
            "",
            "`ContextPolicy::max_share` of tool results",
        );
    }
    for fraction in [f64::NAN, -0.1, 1.0, f64::NEG_INFINITY] {
        check_build(policy().margin(fraction), window(9_000), "", "`ContextPolicy::margin`");
    }
    check_build(policy().max_context_tokens(0), window(9_000), "", "`ContextPolicy::max_context_tokens` is 0");
    check_build(policy(), window(0), "", "`scripted/scripted` is 0 tokens");
    check_build(policy(), Capabilities::new(), "", "the context window of model `scripted/scripted` is unknown");
    check_build(policy(), window(1_024), "", "1024 tokens are reserved for the answer of model `scripted/scripted`");
}

#[test]
fn row_55_instructions_and_tools_that_leave_no_room_are_refused_at_build_naming_the_largest() {
    let long = "word ".repeat(5_000);
    check_build(ContextPolicy::new(), window(4_000), &long, "the largest parts: instructions (");
    let share = ContextPolicy::new().max_share(Share::Instructions, 0.1);
    check_build(share, window(40_000), &long, "instructions take up to");
    let model = ScriptedModel::new().capabilities(window(4_000));
    let error = Agent::<()>::builder("tester").model(model).instructions(long).build().unwrap_err();
    assert!(error.detail::<ContextOverflow>().unwrap().is_fixed());
}

#[test]
fn row_54_a_message_larger_than_the_window_is_refused_with_both_numbers() {
    let manager = ContextManager::new(ContextPolicy::new().reserved_output_tokens(10).ruler(FixedRuler(500)));
    let error = manager.prepare(ModelRequest::new("long"), &window(400)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContextOverflow);
    assert!(error.to_string().contains("up to 534 tokens") && error.to_string().contains("limit of 400"), "{error}");
}

#[test]
fn parts_are_held_to_their_shares() {
    let call = ToolCall::new("c", "t", "{}");
    let asked = Message::new(Role::Assistant, vec![Part::tool_call(call.clone())]);
    let results = |count: usize| Message::tool(vec![ToolResult::text(&call, "r"); count]);
    let request = |count| ModelRequest::from_messages([Message::user("go"), asked.clone(), results(count)]);
    let policy = ContextPolicy::new().reserved_output_tokens(10).ruler(FixedRuler(10));
    let manager = ContextManager::new(policy.clone().max_share(Share::ToolResults, 0.3));
    // A message of results takes 8 tokens, each result 34: at most 300 of 1,000.
    assert!(manager.prepare(request(8), &window(1_000)).is_ok());
    let refused = manager.prepare(request(9), &window(1_000)).unwrap_err();
    assert!(refused.to_string().contains("tool results take up to 314 of at most 300 tokens"), "{refused}");
    let overflow = refused.detail::<ContextOverflow>().unwrap();
    assert_eq!((overflow.bill().excess(), overflow.is_fixed()), (14, false));
    let pictures = |count: usize| {
        let picture = Part::Media(Media::image_url("https://example.com/a.png"));
        ModelRequest::from_messages([Message::new(Role::User, vec![picture; count])])
    };
    let manager = ContextManager::new(policy.max_share(Share::Attachments, 0.5));
    assert!(manager.prepare(pictures(1), &window(10_000)).is_ok());
    assert!(manager.prepare(pictures(2), &window(10_000)).is_err());
    assert!(manager.prepare(pictures(2), &window(20_000)).is_ok());
}

#[tokio::test]
async fn a_share_is_kept_by_compression() {
    let call = |n: usize| ToolCall::new(n.to_string(), "t", "{}");
    let mut input = Vec::new();
    for n in 0..4 {
        input.push(Message::user("go"));
        input.push(Message::new(Role::Assistant, vec![Part::tool_call(call(n))]));
        input.push(Message::tool(vec![ToolResult::text(&call(n), "r")]));
    }
    input.push(Message::user("and now?"));
    let model = ScriptedModel::new().text("done").capabilities(window(1_000));
    let policy = ContextPolicy::new().reserved_output_tokens(10).ruler(FixedRuler(10));
    let policy = policy.max_share(Share::ToolResults, 0.13).compress_to(1.0).compress(DropOldestTurns::new());
    let agent: Agent = Agent::builder("tester").model(model.clone()).context(policy).build().unwrap();
    Runtime::new().run(&agent, (), input).await.unwrap();
    let sent = &model.requests()[0].messages;
    let results: usize = sent.iter().map(|message| message.tool_results().count()).sum();
    assert!(results == 3 && sent.len() == 10, "{:?}", brief(sent));
}

/// Writes down what it was asked for and changes nothing.
#[derive(Clone, Default)]
struct Asked(Arc<std::sync::Mutex<Vec<Told>>>);

/// What was to go, and what each message takes.
type Told = (u64, Vec<u64>);

impl Compressor for Asked {
    fn name(&self) -> &'static str {
        "asked"
    }

    async fn compress(&self, _: &Messages, need: Need) -> Result<Option<Messages>> {
        self.0.lock().unwrap().push((need.excess_tokens, need.message_tokens));
        Ok(None)
    }
}

/// A talk whose turns are, in order: words, a tool, words, a tool, a tool, words, and a question.
fn mixed_talk() -> Vec<Message> {
    let mut talk = Vec::new();
    for (number, tool) in [false, true, false, true, true, false].into_iter().enumerate() {
        talk.push(Message::user(format!("question {number}")));
        if tool {
            let call = ToolCall::new(number.to_string(), "t", "{}");
            talk.push(Message::new(Role::Assistant, vec![Part::tool_call(call.clone())]));
            talk.push(Message::tool(vec![ToolResult::text(&call, "r")]));
        }
        talk.push(Message::assistant("an answer"));
    }
    talk.push(Message::user("and now?"));
    talk
}

/// Runs the talk in a window of 1,000 tokens, of which tool results may take a share; gives what is sent, message by
/// message, and what each compressor did. A result's message takes 42 tokens, so there are 126.
async fn sent_within(share: f64, policy: ContextPolicy) -> (Vec<String>, Vec<String>) {
    let (model, log) = (ScriptedModel::new().text("done"), EventLog::new());
    let policy = policy.reserved_output_tokens(10).ruler(FixedRuler(10)).max_share(Share::ToolResults, share);
    let agent: Agent =
        Agent::builder("tester").model(model.clone().capabilities(window(1_000))).context(policy).build().unwrap();
    Runtime::new().event_log(&log).run(&agent, (), mixed_talk()).await.unwrap();
    let done = log.events().into_iter().filter_map(|event| match event.kind {
        runlet::event::EventKind::ContextCompressed { compressor, freed_tokens, .. } => {
            Some(format!("{compressor} {freed_tokens}"))
        }
        _ => None,
    });
    (brief(&model.requests()[0].messages), done.collect())
}

#[tokio::test]
async fn a_share_alone_takes_away_what_is_at_fault_and_nothing_else() {
    let whole = brief(&Messages::from(mixed_talk()));
    let drop = || ContextPolicy::new().compress(DropReasoning::new()).compress(DropOldestTurns::new());
    let (sent, done) = sent_within(0.126, drop()).await;
    assert_eq!((sent, done.len()), (whole.clone(), 0), "within its share");
    let (sent, done) = sent_within(0.125, drop().compress_to(1.0)).await;
    let expected: Vec<String> =
        whole.iter().enumerate().filter(|(n, _)| !(2..6).contains(n)).map(|(_, m)| m.clone()).collect();
    assert_eq!(sent, expected, "the oldest turn with a tool goes, and the words before it stay");
    assert_eq!(done.len(), 1, "{done:?}");
    // Once a share has to be made smaller, it goes down as far as a whole request does.
    let (sent, _) = sent_within(0.125, drop().compress_to(0.4)).await;
    assert_eq!(sent.iter().filter(|message| message.starts_with("tool")).count(), 1, "{sent:?}");
    let (sent, _) = sent_within(0.04, drop()).await;
    assert!(!sent.iter().any(|message| message.starts_with("tool")), "{sent:?}");
}

#[tokio::test]
async fn a_compressor_is_told_what_of_each_message_is_at_fault() {
    let asked = Asked::default();
    let policy = ContextPolicy::new().compress_to(1.0).compress(asked.clone()).compress(DropOldestTurns::new());
    sent_within(0.1, policy).await;
    let expected: Vec<u64> =
        mixed_talk().iter().map(|message| if message.role == Role::Tool { 42 } else { 0 }).collect();
    assert_eq!(*asked.0.lock().unwrap(), [(26, expected)], "the whole request is not too long, so that is all");
}

#[tokio::test]
async fn a_share_and_the_whole_request_are_both_made_to_fit() {
    let asked = Asked::default();
    let policy = ContextPolicy::new().compress_to(1.0).compress(asked.clone()).compress(DropOldestTurns::new());
    sent_within(0.1, policy.max_context_tokens(300)).await;
    let asked = asked.0.lock().unwrap();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert_eq!(asked[0].0, 126 - 30);
    assert!(asked[1].1.iter().all(|tokens| *tokens > 0), "the second time every message counts: {asked:?}");
}

#[tokio::test]
async fn calibration_counts_for_shares_as_for_the_limit() {
    let policy = ContextPolicy::new().ruler(Quarter).max_share(Share::Instructions, 0.5);
    let manager = ContextManager::new(policy).for_model(&Dense::new(1.0));
    let request = ModelRequest::new("a".repeat(40_000)).instructions("a".repeat(40_000));
    let before = manager.bill(&request, &window(90_000)).unwrap();
    let prepared = manager.prepare(request.clone(), &window(90_000)).unwrap();
    let usage = Usage { input_tokens: Some(48_000), source: UsageSource::Reported, ..Usage::default() };
    manager.observe(&prepared, &usage);
    let after = manager.bill(&request, &window(90_000)).unwrap();
    assert!(after.shares()[0].tokens >= before.shares()[0].tokens * 2, "{after}");
}

/// A model whose tokenizer takes so many tokens for a letter, and which can count.
#[derive(Clone)]
struct Dense {
    per_letter: f64,
    window: u64,
    counts: Option<u64>,
    asked: Arc<AtomicUsize>,
}

impl Dense {
    fn new(per_letter: f64) -> Self {
        Self { per_letter, window: 100_000, counts: None, asked: Arc::default() }
    }
}

impl Model for Dense {
    fn provider(&self) -> &'static str {
        "dense"
    }

    fn name(&self) -> &'static str {
        "dense-1"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new().context_window(self.window)
    }

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
    async fn complete(&self, request: PreparedRequest) -> Result<ModelResponse> {
        let letters: usize = request.messages().iter().map(|message| message.text().len()).sum();
        let mut response = ModelResponse::new(Message::assistant("ok"), StopReason::EndTurn);
        let input_tokens = Some((letters as f64 * self.per_letter) as u64);
        response.usage = Usage { input_tokens, source: UsageSource::Reported, ..Usage::default() };
        Ok(response)
    }

    async fn stream(&self, request: PreparedRequest) -> Result<ModelStream> {
        Ok(ModelStream::whole(self.complete(request).await?))
    }

    async fn count_tokens(&self, _: &ModelRequest) -> Result<Option<u64>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.counts.map(Some).ok_or_else(|| Error::new(ErrorKind::Model, "it does not count today"))
    }
}

/// A ruler that takes a quarter of a token for a letter, and a fifth more as its upper figure.
#[derive(Debug)]
struct Quarter;

impl Ruler for Quarter {
    fn name(&self) -> &'static str {
        "quarter"
    }

    fn measure(&self, text: &str) -> TokenCount {
        let expected = text.len() as u64 / 4;
        TokenCount { expected, upper: expected * 6 / 5 }
    }
}

#[tokio::test]
async fn reported_usage_corrects_the_ruler_for_a_tokenizer_that_takes_more() {
    let model = Dense::new(0.25 * 1.6);
    let policy = ContextPolicy::new().ruler(Quarter);
    let agent: Agent = Agent::builder("tester").model(model.clone()).context(policy.clone()).build().unwrap();
    let (text, true_count) = ("a".repeat(40_000), 16_000);
    let before = agent.explain(text.as_str()).unwrap();
    assert!(before.input().upper < true_count, "the ruler alone says too little: {}", before.input().upper);
    Runtime::new().run(&agent, (), text.as_str()).await.unwrap();
    let after = agent.explain(text.as_str()).unwrap();
    assert!(after.input().upper >= true_count, "one usage is enough: {}", after.input().upper);
    assert!(after.input().upper < true_count * 11 / 10, "and no more is added: {}", after.input().upper);
    assert!(after.input().expected.abs_diff(true_count) < true_count / 50, "{}", after.input().expected);
    let calibration = after.calibration();
    assert_eq!((calibration.samples, calibration.underestimates), (1, 1));
    assert_eq!(policy.calibration("dense", "dense-1"), calibration, "it outlives the run");
    assert_eq!(after.items().map(|item| item.tokens).sum::<TokenCount>(), after.total());
    let shown = after.to_string();
    assert!(shown.contains("calibrated by 1 reported usages") && shown.contains("\ncalibration "), "{shown}");
    // What is learnt of one model is not held against another.
    assert_eq!(agent.explain_for(&ScriptedModel::new(), "go").unwrap().calibration().samples, 0);
}

#[tokio::test]
async fn usage_that_covers_more_than_the_request_corrects_nothing() {
    let policy = ContextPolicy::new().ruler(Quarter);
    let agent = Agent::<()>::builder("tester").model(Dense::new(0.5)).context(policy.clone());
    let agent = agent.native_tool(runlet::message::Native::new("dense", "web_search", "{}")).build().unwrap();
    Runtime::new().run(&agent, (), "a".repeat(40_000)).await.unwrap();
    assert_eq!(policy.calibration("dense", "dense-1").samples, 0);
}

#[test]
fn an_overflow_that_the_provider_reports_makes_the_same_request_too_large() {
    let policy = ContextPolicy::new().reserved_output_tokens(10).ruler(Quarter);
    let mut manager = ContextManager::new(policy).for_model(&Dense::new(1.0));
    let request = ModelRequest::new("a".repeat(1_200));
    let prepared = manager.prepare(request.clone(), &window(600)).unwrap();
    let refusal = ProviderError::new("p", ProviderErrorCategory::ContextOverflow, "too long");
    manager.observe_overflow(prepared.bill().unwrap(), &refusal);
    let refused = manager.prepare(request, &window(600)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ContextOverflow);
}

/// Runs a request whose upper figure does not fit though the expected one does.
async fn check_count(counts: Option<u64>, ask: bool, expected: Result<(), ErrorKind>, asked: usize) {
    let model = Dense { window: 1_150 + 1_024, counts, ..Dense::new(0.25) };
    let policy = ContextPolicy::new().ruler(Quarter);
    let policy = if ask { policy.count_with_provider() } else { policy };
    let agent: Agent = Agent::builder("tester").model(model.clone()).context(policy).build().unwrap();
    let log = EventLog::new();
    let ended = Runtime::new().event_log(&log).run(&agent, (), "a".repeat(4_000)).await;
    assert_eq!(ended.map(drop).map_err(|error| error.kind()), expected);
    assert_eq!(model.asked.load(Ordering::Relaxed), asked);
    let counted = log.events().into_iter().find_map(|event| match event.kind {
        runlet::event::EventKind::ContextBudgetChecked { bill } => bill.counted_input(),
        _ => None,
    });
    assert_eq!(counted, counts.filter(|_| expected.is_ok()));
}

#[tokio::test]
async fn the_provider_is_asked_only_where_it_may_say_that_a_request_fits_after_all() {
    check_count(Some(1_010), true, Ok(()), 1).await;
    check_count(Some(1_151), true, Err(ErrorKind::ContextOverflow), 1).await;
    check_count(None, true, Err(ErrorKind::ContextOverflow), 1).await;
    check_count(Some(1_010), false, Err(ErrorKind::ContextOverflow), 0).await;
}

#[tokio::test]
async fn what_does_not_change_is_measured_once_over_all_runs_of_an_agent() {
    let ruler = Counting::default();
    let model = (0..4).fold(ScriptedModel::new(), |model, _| model.text("done"));
    let context = ContextPolicy::new().ruler(ruler.clone());
    let agent = Agent::<()>::builder("tester").model(model).instructions("message: help").context(context);
    let agent = agent.build().unwrap();
    for _ in 0..4 {
        Runtime::new().run(&agent, (), "go").await.unwrap();
    }
    assert_eq!(ruler.0.load(Ordering::Relaxed), 1);
}

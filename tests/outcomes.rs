//! What becomes of tool calls: odd arguments, long outputs and what is recalled of them, answers that come later, tools
//! that block, and answers that are none.

use std::panic::resume_unwind;
use std::sync::mpsc;
use std::time::Duration;

use futures_util::StreamExt;
use runlet::error::ProviderErrorCategory;
use runlet::event::{EventKind, EventLog};
use runlet::hook::{Hook, HookContext};
use runlet::message::Native;
use runlet::model::{Capabilities, Model, ModelEvent, ModelResponse, ModelStream, PreparedRequest, StopReason};
use runlet::run::{Action, Decision, NativeCall, Run, RunStatus};
use runlet::testing::ScriptedModel;
use runlet::tool::Tool;
use runlet::{
    Agent, ErrorKind, Input, Json, Message, Part, Result, Role, Runtime, ToolCall, ToolError, ToolPolicy, ToolResult,
    tool,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::kit::{Journal, Stub, agent, assert_whole, calls, on_paused_clock, results, settle};

/// Adds two numbers.
#[tool]
async fn plus(a: i64, b: i64) -> i64 {
    a + b
}

/// Takes nothing that must be given.
#[tool]
async fn optional(note: Option<String>) -> String {
    note.unwrap_or_else(|| "nothing".to_owned())
}

/// Gives a number that JSON does not have.
#[tool]
async fn not_a_number() -> Json<Vec<f64>> {
    Json(vec![1.0, f64::NAN])
}

/// Calls a tool once with arguments as a model wrote them, and compares the result the model reads: all of it, or with
/// `..` in front only a part.
async fn check_call(name: &str, arguments: &str, is_error: bool, expected: &str) {
    let model = ScriptedModel::new().response(calls(&[("a", name, arguments), ("b", "optional", "")])).text("done");
    let agent: Agent =
        Agent::builder("tester").model(model).tool(plus {}).tool(optional {}).tool(not_a_number {}).build().unwrap();
    let result = Runtime::new().run(&agent, (), "go").await.unwrap();
    assert_whole(&result.messages);
    let results: Vec<&ToolResult> = result.messages.iter().flat_map(|message| message.tool_results()).collect();
    let told = results[0].as_text();
    assert_eq!(results[0].is_error, is_error, "{arguments}: {told}");
    match expected.strip_prefix("..") {
        Some(part) => assert!(told.contains(part), "{arguments}: {told}"),
        None => assert_eq!(told, expected, "{arguments}"),
    }
    assert_eq!(results[1].as_text(), "nothing", "the other call runs");
}

#[tokio::test]
async fn row_34_empty_arguments_are_an_empty_object_and_no_more() {
    check_call("optional", "", false, "nothing").await;
    check_call("optional", " \n", false, "nothing").await;
    check_call("plus", "", true, "../a: expected a value").await;
}

#[tokio::test]
async fn row_35_arguments_that_are_no_object_are_answered() {
    check_call("plus", r#""{\"a\":1,\"b\":2}""#, true, "..was not run").await;
    check_call("plus", "[1,2]", true, "..was not run").await;
}

#[tokio::test]
async fn row_36_what_follows_the_arguments_is_answered() {
    check_call("plus", r#"{"a":1,"b":2} {"a":3}"#, true, "..was not run").await;
}

#[tokio::test]
async fn row_37_arguments_without_bottom_are_answered() {
    let deep = format!(r#"{{"a":{}1{},"b":2}}"#, "[".repeat(5_000), "]".repeat(5_000));
    check_call("plus", &deep, true, "..was not run").await;
}

#[tokio::test]
async fn row_38_a_number_that_json_lacks_fails_the_call() {
    check_call("plus", r#"{"a":NaN,"b":2}"#, true, "..was not run").await;
    let not_json = "the result cannot be written as JSON: NaN is not a JSON number";
    check_call("not_a_number", "{}", true, not_json).await;
}

#[tokio::test]
async fn row_41_a_repeated_key_is_refused_and_no_person_is_asked() {
    check_call("plus", r#"{"a":1,"a":9,"b":2}"#, true, "..was not run").await;
    let journal = Journal::default();
    let model = ScriptedModel::new()
        .response(calls(&[("a", "pay", r#"{"to":"ada","n":[{"x":1,"x":2}]}"#)]))
        .response(calls(&[("b", "pay", r#"{"to":"ada"}"#)]));
    let gated = Stub::slow("pay", &journal, 0).with(|spec| spec.approval = true);
    let error = Runtime::new().run(&agent(&model, [gated]), (), "go").await.unwrap_err();
    assert_eq!(error.report().status, RunStatus::Interrupted, "the second call is asked about");
    let told = results(&error.report().messages);
    assert!(told[0].contains("a key stands twice"), "{told:?}");
    assert!(journal.lines().is_empty());
}

#[tokio::test]
async fn row_43_a_person_sees_what_will_run() {
    let model = ScriptedModel::new().response(calls(&[("a", "pay", "{\"to\":\"\u{202e}ada\u{200b}é\"}")]));
    let gated = Stub::echo("pay").with(|spec| spec.approval = true);
    let error = Runtime::new().run(&agent(&model, [gated]), (), "go").await.unwrap_err();
    let Action::AskHuman { calls, .. } = error.report().run().next() else { panic!("the run waits") };
    assert_eq!(calls[0].prompt(), r#"pay({"to":"\u{202e}ada\u{200b}é"})"#);
    assert_eq!(
        runlet::run::visible("a\u{0}\u{7}\u{1b}[31m\n\u{feff}\u{2066}é 字"),
        r"a\u{0}\u{7}\u{1b}[31m\n\u{feff}\u{2066}é 字"
    );
}

#[tokio::test]
async fn row_25_a_cut_off_message_under_another_name_is_cut_off() {
    let journal = Journal::default();
    let run = async |response: ModelResponse| {
        let model = ScriptedModel::new().response(response).text("done");
        let agent: Agent = Agent::builder("tester")
            .model(model)
            .tool(Stub::slow("t", &journal, 0))
            .max_output_tokens(50)
            .build()
            .unwrap();
        let result = Runtime::new().run(&agent, (), "go").await.unwrap();
        assert_whole(&result.messages);
        results(&result.messages)
    };
    let mut all_used = calls(&[("a", "t", "{}"), ("b", "t", "{}")]);
    all_used.usage.output_tokens = Some(50);
    assert!(run(all_used).await.iter().all(|text| text.contains("cut off")));
    let ends_inside = calls(&[("a", "t", "{}"), ("b", "t", r#"{"text":"half"#)]);
    assert!(run(ends_inside).await.iter().all(|text| text.contains("cut off")));
    assert!(journal.lines().is_empty(), "none was run: {:?}", journal.lines());
    let wrong_elsewhere = calls(&[("a", "t", r#"{"text":"half"#), ("b", "t", "{}")]);
    assert_eq!(run(wrong_elsewhere).await, ["t done", "t done"], "only the last call can be cut off");
}

#[tokio::test]
async fn row_27_an_unknown_tool_is_an_event() {
    let log = EventLog::new();
    let model = ScriptedModel::new().tool_call("nope", json!({})).text("done");
    Runtime::new().event_log(&log).run(&agent(&model, []), (), "go").await.unwrap();
    let names: Vec<&str> = log.names().into_iter().filter(|name| name.starts_with("tool.")).collect();
    assert_eq!(names, ["tool.unknown", "tool.failed"]);
}

#[tokio::test]
async fn row_44_an_empty_answer_has_a_typed_error() {
    let model = ScriptedModel::new().text("").text(" ");
    let error = Runtime::new().run(&agent(&model, []), (), "go").await.unwrap_err();
    assert_eq!(error.error().provider().map(|provider| provider.category), Some(ProviderErrorCategory::EmptyResponse));
}

#[tokio::test]
async fn a_native_call_that_nobody_answers_is_no_answer() {
    let native = Native::new("openai", "computer_call", r#"{"type":"computer_call"}"#);
    let message = Message::new(Role::Assistant, vec![Part::Native(native)]);
    let model = ScriptedModel::new().response(ModelResponse::new(message, StopReason::EndTurn));
    let error = Runtime::new().run(&agent(&model, []), (), "go").await.unwrap_err();
    assert_eq!((error.kind(), error.report().status), (ErrorKind::Model, RunStatus::Failed));
    let call = error.error().detail::<NativeCall>().expect("a typed error");
    assert_eq!((call.provider.as_str(), call.item.as_str()), ("openai", "computer_call"));
    assert_eq!(error.report().messages.len(), 1, "no provider takes a call back without its answer");
}

#[tokio::test]
async fn a_native_call_beside_a_tools_call_is_not_left_unanswered() {
    let native =
        |kind: &str| Part::Native(Native::new("openai", kind, format!(r#"{{"type":"{kind}","call_id":"n"}}"#)));
    let call = || Part::tool_call(ToolCall::new("a", "t", "{}"));
    let open = Message::new(Role::Assistant, vec![native("shell_call"), call()]);
    let model = ScriptedModel::new().response(ModelResponse::new(open, StopReason::ToolCalls)).text("never");
    let error = Runtime::new().run(&agent(&model, [Stub::echo("t")]), (), "go").await.unwrap_err();
    assert!(error.error().detail::<NativeCall>().is_some());
    assert_eq!((model.requests().len(), error.report().messages.len()), (1, 1));
    // What the provider ran itself has its output with it.
    let closed = Message::new(Role::Assistant, vec![native("shell_call"), native("shell_call_output"), call()]);
    let model = ScriptedModel::new().response(ModelResponse::new(closed, StopReason::ToolCalls)).text("done");
    let result = Runtime::new().run(&agent(&model, [Stub::echo("t")]), (), "go").await.expect("an answer");
    assert_eq!(result.output, "done");
}

/// Adds to every result.
struct Verbose;

impl Hook for Verbose {
    fn name(&self) -> &str {
        "verbose"
    }

    async fn after_tool_call(&self, _: &HookContext, _: &ToolCall, result: &mut ToolResult) -> Result<()> {
        result.content.push(Part::text("y".repeat(5_000)));
        Ok(())
    }
}

#[tokio::test]
async fn row_53_a_result_takes_its_share_of_the_window_and_no_more() {
    let cut = async |window: u64, hook: bool, output: &'static str| {
        let model = ScriptedModel::new().tool_call("t", json!({})).text("done");
        let model = model.capabilities(Capabilities::new().context_window(window).with_tools());
        let builder = Agent::builder("tester")
            .model(model)
            .tool(Stub::new("t", move |_, _| async move { Ok(output.repeat(5_000)) }));
        let agent: Agent = if hook { builder.hook(Verbose).build() } else { builder.build() }.unwrap();
        let result = Runtime::new().run(&agent, (), "go").await.unwrap();
        results(&result.messages).concat().len()
    };
    assert_eq!(cut(400_000, false, "x ").await, 10_000, "it fits");
    let small = cut(8_000, false, "word ").await;
    assert!((1_000..15_000).contains(&small), "a quarter of the window: {small}");
    let dense = cut(8_000, false, "ἀ§").await;
    assert!((500..3_000).contains(&dense), "dense text is cut shorter: {dense}");
    let with_hook = cut(8_000, true, "").await;
    assert!(with_hook < 5_000, "what hooks add is cut too: {with_hook}");
}

#[tokio::test]
async fn row_53_what_was_cut_can_be_read_piece_by_piece() {
    let whole = (0..400).map(|number| format!("line {number}")).collect::<Vec<_>>().join("\n");
    let given = whole.clone();
    let long = Stub::new("t", move |_, _| {
        let given = given.clone();
        async move { Ok(given) }
    });
    let recall = |arguments: serde_json::Value| ("recall", arguments);
    let model = ScriptedModel::new()
        .tool_call("t", json!({}))
        .tool_calls([
            recall(json!({ "handle": "out_1_0", "offset": 50, "length": 30 })),
            recall(json!({ "handle": "out_1_0", "offset": 3_000 })),
            recall(json!({ "handle": "out_9_9" })),
            recall(json!({ "handle": "out_1_0", "offset": 99_999 })),
            recall(json!({ "hande": "out_1_0" })),
        ])
        .text("done");
    let policy = ToolPolicy::new().max_output_bytes(100);
    let agent: Agent = Agent::builder("tester").model(model.clone()).tool(long).tool_policy(policy).build().unwrap();
    let result = Runtime::new().run(&agent, (), "go").await.unwrap();
    assert_whole(&result.messages);
    let told = results(&result.messages);
    assert!(told[0].contains("handle `out_1_0` and offset 50"), "{}", told[0]);
    assert_eq!(told[1], format!("{}\n[.. bytes 50 to 80 of {} ..]", &whole[50..80], whole.len()));
    assert_eq!(told[2], format!("{}\n[.. bytes 3000 to 3100 of {} ..]", &whole[3_000..3_100], whole.len()));
    assert!(told[3].contains("`out_1_0`"), "{}", told[3]);
    assert!(told[4].contains("begin before its end"), "{}", told[4]);
    assert!(told[5].contains("unknown field"), "{}", told[5]);
    let tools: Vec<usize> = model.requests().iter().map(|request| request.tools.len()).collect();
    assert_eq!(tools, [1, 2, 2], "`recall` is offered once there is something to read");
    let saved: Run = serde_json::from_str(&serde_json::to_string(result.run()).unwrap()).unwrap();
    assert_eq!(&saved, result.run(), "what is kept is written down with the run");
}

#[tokio::test]
async fn row_53_nothing_is_kept_beyond_what_the_policy_allows() {
    let model = ScriptedModel::new().tool_call("t", json!({})).text("done");
    let long = Stub::new("t", |_, _| async { Ok("x".repeat(1_000)) });
    let policy = ToolPolicy::new().max_output_bytes(100).max_recall_bytes(999);
    let agent: Agent = Agent::builder("tester").model(model.clone()).tool(long).tool_policy(policy).build().unwrap();
    let result = Runtime::new().run(&agent, (), "go").await.unwrap();
    assert!(results(&result.messages)[0].contains("900 bytes of this output are left out ..]"));
    assert_eq!(model.requests()[1].tools.len(), 1);
}

#[tokio::test]
async fn row_53_a_tool_of_the_agents_own_that_is_called_recall_is_cut_like_any_other() {
    let model = ScriptedModel::new().tool_call("recall", json!({})).text("done");
    let own = Stub::new("recall", |_, _| async { Ok("x".repeat(1_000)) }).with(|spec| spec.max_output = Some(100));
    let done = Runtime::new().run(&agent(&model, [own]), (), "go").await.unwrap();
    let told = results(&done.messages).concat();
    assert!(told.contains("900 bytes of this output are left out ..]"), "{told}");
}

/// Gives a text as long as a large file.
fn huge(bytes: usize) -> Stub {
    Stub::new("t", move |_, _| async move { Ok("x".repeat(bytes)) })
}

#[tokio::test]
async fn row_63_an_output_of_fifty_megabytes_is_neither_sent_nor_kept() {
    let model = ScriptedModel::new().tool_call("t", json!({})).text("done");
    let done = Runtime::new().run(&agent(&model, [huge(50 << 20)]), (), "go").await.unwrap();
    let told = results(&model.requests()[1].messages).concat();
    assert!(told.len() <= (256 << 10) + 300, "{} bytes are sent", told.len());
    let kept = serde_json::to_string(done.run()).unwrap().len();
    assert!(kept < 1 << 20, "{kept} bytes are kept: more than recall may keep is not kept at all");
}

#[tokio::test]
async fn row_53_a_handle_names_one_output_in_all_runs_of_a_conversation() {
    let runtime = Runtime::new().state_store(runlet::state::InMemoryStateStore::new());
    let chat = runtime.conversation("c");
    let mut handles = Vec::new();
    for _ in 0..3 {
        let model = ScriptedModel::new().tool_call("t", json!({})).tool_call("t", json!({ "n": 2 })).text("done");
        let long = huge(1_000).with(|spec| spec.max_output = Some(100));
        let done = chat.run(&agent(&model, [long]), (), "go").await.unwrap();
        for text in results(done.new_messages()) {
            handles.push(text.split('`').nth(3).unwrap().to_owned());
        }
    }
    let distinct: std::collections::HashSet<_> = handles.iter().collect();
    assert_eq!(distinct.len(), 6, "{handles:?}");
}

/// A model that panics, before or while it answers.
struct Panics;

impl Model for Panics {
    fn provider(&self) -> &'static str {
        "panics"
    }

    fn name(&self) -> &'static str {
        "panics"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new().context_window(8_000)
    }

    async fn complete(&self, _: PreparedRequest) -> Result<ModelResponse> {
        resume_unwind(Box::new("secret-canary"))
    }

    async fn stream(&self, _: PreparedRequest) -> Result<ModelStream> {
        let half = Ok(ModelEvent::TextDelta("half".to_owned()));
        Ok(ModelStream::new(
            futures_util::stream::iter([half])
                .chain(futures_util::stream::once(async { resume_unwind(Box::new("secret-canary")) })),
        ))
    }
}

#[tokio::test]
async fn row_60_a_model_that_panics_is_one_that_failed() {
    let agent: Agent = Agent::builder("tester").model(Panics).build().unwrap();
    for streamed in [false, true] {
        let log = EventLog::new();
        let runtime = Runtime::new().event_log(&log);
        let ended = if streamed {
            runtime.stream(&agent, (), "go").finish().await
        } else {
            runtime.run(&agent, (), "go").await
        };
        let error = ended.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Model, "the model panicked"));
        assert_eq!(log.names().last(), Some(&"run.failed"));
    }
}

/// A run with a call whose answer comes later and one that has its answer, written down and read back.
async fn deferred(log: &EventLog) -> (Agent, Run) {
    let later = Stub::failing("later", || ToolError::defer("mail 4711"));
    let model = ScriptedModel::new().tool_calls([("later", json!({ "q": 1 })), ("now", json!({}))]).text("done");
    let agent = agent(&model, [later, Stub::echo("now")]);
    let error = Runtime::new().event_log(log).run(&agent, (), "go").await.unwrap_err();
    assert_eq!((error.kind(), error.report().status), (ErrorKind::Interrupted, RunStatus::Interrupted));
    let run: Run = serde_json::from_str(&serde_json::to_string(error.report().run()).unwrap()).unwrap();
    (agent, run)
}

#[tokio::test]
async fn a_deferred_call_waits_for_its_result_and_the_run_goes_on_with_it() {
    let log = EventLog::new();
    let (agent, run) = deferred(&log).await;
    let Action::AskHuman { calls, .. } = run.next() else { panic!("the run waits") };
    assert_eq!((calls.len(), calls[0].index, calls[0].deferred.as_deref()), (1, 0, Some("mail 4711")));
    assert!(log.events().iter().any(|event| matches!(&event.kind, EventKind::ToolDeferred { .. })));

    for (decision, is_error) in [(Decision::result("in aisle 4"), false), (Decision::failed("in aisle 4"), true)] {
        let done = Runtime::new().resume(&agent, (), run.clone(), [(0, decision)]).await;
        // The script has one answer left for the first of the two.
        let messages = match &done {
            Ok(done) => &done.messages,
            Err(error) => &error.report().messages,
        };
        assert_whole(messages);
        let told: Vec<&ToolResult> = messages.iter().flat_map(|message| message.tool_results()).collect();
        assert_eq!((told[0].as_text().as_str(), told[0].is_error), ("in aisle 4", is_error));
        assert_eq!(told[1].as_text(), "{}");
    }
}

#[tokio::test]
async fn a_deferred_call_takes_a_result_only_and_a_held_one_a_decision_only() {
    let (agent, run) = deferred(&EventLog::new()).await;
    let error = Runtime::new().resume(&agent, (), run.clone(), [(0, Decision::Approve)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert_eq!(error.report().run(), &run, "the run is as it was");
    let model = ScriptedModel::new().tool_call("ask", json!({}));
    let gated = crate::kit::agent(&model, [Stub::echo("ask").with(|spec| spec.approval = true)]);
    let held = Runtime::new().run(&gated, (), "go").await.unwrap_err().report().run().clone();
    let error = Runtime::new().resume(&gated, (), held, [(0, Decision::result("x"))]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}

/// Says which thread runs it.
#[tool(blocking)]
fn thread_name() -> String {
    format!("{:?}", std::thread::current().id())
}

/// Panics on its own thread.
#[tool(blocking)]
fn falls_over() -> String {
    panic!("secret-canary")
}

#[tokio::test]
async fn row_62_a_blocking_tool_runs_on_a_thread_of_its_own() {
    let model = ScriptedModel::new().tool_calls([("thread_name", json!({})), ("falls_over", json!({}))]).text("done");
    let agent: Agent = Agent::builder("tester").model(model).tool(thread_name {}).tool(falls_over {}).build().unwrap();
    let result = Runtime::new().run(&agent, (), "go").await.unwrap();
    let told = results(&result.messages);
    assert_ne!(told[0], format!("{:?}", std::thread::current().id()));
    assert_eq!(told[1], "The tool failed and gave no reason.");
}

#[test]
fn row_62_a_tool_that_blocks_beyond_its_time_is_left_behind_and_reported() {
    // A paused clock does not go on while a blocking call runs, so this one runs in real time, for as little as it can.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (free, blocked) = mpsc::channel::<()>();
    let blocked = std::sync::Mutex::new(blocked);
    runtime.block_on(async {
        let blocked = std::sync::Arc::new(blocked);
        let stuck = Stub::new("t", move |_, _| {
            let blocked = std::sync::Arc::clone(&blocked);
            async move {
                blocked.lock().unwrap().recv().ok();
                Ok("never read".to_owned())
            }
        });
        let stuck = stuck.with(|spec| {
            spec.blocking = true;
            spec.timeout = Some(Duration::from_millis(5));
        });
        let model = ScriptedModel::new().tool_call("t", json!({})).text("done");
        let policy = ToolPolicy::new().grace(Duration::from_millis(5));
        let agent: Agent = Agent::builder("tester").model(model).tool(stuck).tool_policy(policy).build().unwrap();
        let log = EventLog::new();
        let result = Runtime::new().event_log(&log).run(&agent, (), "go").await.unwrap();
        assert!(results(&result.messages)[0].contains("Whether it took effect is not known"));
        let names = log.names();
        assert_eq!(names.iter().filter(|name| **name == "tool.unresponsive").count(), 1, "{names:?}");
        drop(free);
    });
}

#[test]
fn a_stream_gives_what_is_deferred_like_a_run() {
    on_paused_clock(async {
        let later = Stub::failing("later", || ToolError::defer("mail 4711")).read();
        let model = ScriptedModel::new().tool_call("later", json!({}));
        let names: Vec<&str> =
            Runtime::new().stream(&agent(&model, [later]), (), "go").map(|event| event.name()).collect().await;
        assert!(names.contains(&"tool.deferred"), "{names:?}");
        assert_eq!(names.last(), Some(&"run.interrupted"));
    });
}

/// Runs the calls of one answer on a runtime of one thread and on one of several, and compares their results.
fn check_threads(tools: fn() -> Vec<Stub>, expected: &[&str]) {
    use tokio::runtime::Builder;
    for mut threads in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = threads.worker_threads(2).enable_time().build().unwrap();
        let tools = tools();
        let name = |tool: &Stub| Tool::<()>::spec(tool).name.to_string();
        let asked: Vec<_> = tools.iter().map(|tool| (name(tool), json!({}))).collect();
        let model = ScriptedModel::new().tool_calls(asked.iter().map(|(name, input)| (name.as_str(), input.clone())));
        let agent = agent(&model.text("done"), tools);
        let result = runtime.block_on(async { Runtime::new().run(&agent, (), "go").await.unwrap() });
        assert_eq!(results(&result.messages), expected, "{:?}", runtime.handle().runtime_flavor());
    }
}

#[test]
fn a_call_gives_the_same_whether_it_ends_at_once_or_waits_on_one_thread_or_on_several() {
    let tools = || {
        vec![
            Stub::new("at_once", |_, _| async { Ok("at once".to_owned()) }),
            Stub::new("later", |_, _| async {
                tokio::task::yield_now().await;
                Ok("later".to_owned())
            }),
            Stub::new("falls_at_once", |_, _| async { panic!("secret-canary") }),
            Stub::new("falls_later", |_, _| async {
                tokio::task::yield_now().await;
                panic!("secret-canary")
            }),
        ]
    };
    let fell = "The tool failed and gave no reason.";
    check_threads(tools, &["at once", "later", fell, fell]);
}

#[tokio::test]
async fn calls_that_give_way_take_turns() {
    let turns = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let tools = ["first", "second"].map(|name| {
        let turns = std::sync::Arc::clone(&turns);
        Stub::new(name, move |_, _| {
            let turns = std::sync::Arc::clone(&turns);
            async move {
                for _ in 0..3 {
                    turns.lock().unwrap().push(name);
                    tokio::task::yield_now().await;
                }
                Ok(String::new())
            }
        })
    });
    let model = ScriptedModel::new().tool_calls([("first", json!({})), ("second", json!({}))]).text("done");
    Runtime::new().run(&agent(&model, tools), (), "go").await.unwrap();
    let turns = turns.lock().unwrap();
    // Which of them goes first in a round is the scheduler's business.
    for round in turns.chunks(2) {
        assert!(round.contains(&"first") && round.contains(&"second"), "{turns:?}");
    }
}

#[test]
fn calls_that_block_their_threads_hold_up_no_other_where_there_are_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    // Each waits, on its thread, for the other to have begun.
    let [(to_first, at_first), (to_second, at_second)] = [mpsc::channel(), mpsc::channel()];
    let meets = |name, here: mpsc::Sender<()>, there: mpsc::Receiver<()>| {
        let ends = std::sync::Arc::new(std::sync::Mutex::new((here, there)));
        Stub::new(name, move |_, _| {
            let ends = std::sync::Arc::clone(&ends);
            async move {
                let (here, there) = &*ends.lock().unwrap();
                here.send(()).unwrap();
                Ok(format!("{:?}", there.recv_timeout(Duration::from_secs(10))))
            }
        })
    };
    let tools = [meets("first", to_second, at_first), meets("second", to_first, at_second)];
    let model = ScriptedModel::new().tool_calls([("first", json!({})), ("second", json!({}))]).text("done");
    let agent = agent(&model, tools);
    let result = runtime.block_on(async { Runtime::new().run(&agent, (), "go").await.unwrap() });
    assert_eq!(results(&result.messages), ["Ok(())", "Ok(())"]);
}

#[tokio::test]
async fn a_call_does_not_begin_when_the_one_before_it_cancelled_the_run() {
    let (token, journal) = (CancellationToken::new(), Journal::default());
    let (cancel, told) = (token.clone(), journal.clone());
    let cancels = Stub::new("cancels", move |_, _| {
        cancel.cancel();
        async { Ok(String::new()) }
    });
    let begins = Stub::new("begins", move |_, _| {
        let told = told.clone();
        async move {
            told.note("begun");
            Ok(String::new())
        }
    });
    let model = ScriptedModel::new().tool_calls([("cancels", json!({})), ("begins", json!({}))]);
    let input = Input::new("go").cancellation(token);
    let error = Runtime::new().run(&agent(&model, [cancels, begins]), (), input).await.unwrap_err();
    settle().await;
    assert_eq!((error.kind(), journal.lines()), (ErrorKind::Cancelled, vec![]));
}

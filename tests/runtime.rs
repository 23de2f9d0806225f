//! What a run does: turns, tools and their faults, limits, interruptions, and what is left when it is dropped.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use futures_util::StreamExt;
use runlet::budget::ContextPolicy;
use runlet::error::{ProviderError, ProviderErrorCategory};
use runlet::message::Messages;
use runlet::model::{ModelResponse, StopReason, ToolChoice, ToolDefinition};
use runlet::run::{Decision, Run, RunStatus};
use runlet::schema::Schema;
use runlet::testing::ScriptedModel;
use runlet::tool::{Effect, ToolErrorKind, ToolSpec};
use runlet::{
    Agent, Context, ErrorKind, Input, Message, ModelRequest, Part, Role, RunError, RunId, RunPolicy, Runtime,
    ToolError, ToolPolicy, tool,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::kit::{Journal, Paced, Stub, agent, assert_whole, brief, calls, on_paused_clock, results, settle, text};

/// Runs an agent on "go" and compares the whole conversation, in short, and how the run ended.
async fn check(model: ScriptedModel, tools: Vec<Stub>, expected: &[&str], ending: Result<&str, ErrorKind>) {
    let ended = Runtime::new().run(&agent(&model, tools), (), "go").await;
    let (messages, ended) = match ended {
        Ok(result) => (result.messages.clone(), Ok(result.output)),
        Err(error) => (error.report().messages.clone(), Err(error.kind())),
    };
    assert_whole(&messages);
    assert_eq!(brief(&messages), expected);
    assert_eq!(ended, ending.map(str::to_owned));
}

/// Runs an agent whose model calls a tool and then says "done", and compares what the model read of the call.
async fn check_result(stub: Stub, expected: &str) {
    let model = ScriptedModel::new().tool_call("t", json!({})).text("done");
    let result = Runtime::new().run(&agent(&model, [stub]), (), "go").await.unwrap();
    assert_eq!(results(&result.messages), [expected]);
    assert_eq!(results(&model.requests()[1].messages), [expected], "what was sent");
}

fn failed(run: Result<runlet::RunResult<String>, RunError>) -> RunError {
    run.expect_err("the run should not have come to an answer")
}

#[tokio::test]
async fn a_run_without_tools_gives_the_final_answer() {
    check(ScriptedModel::new().text("Hello."), vec![], &["user | go", "assistant | Hello."], Ok("Hello.")).await;
}

#[tokio::test]
async fn a_tool_is_run_and_its_result_goes_back_to_the_model() {
    let model = ScriptedModel::new().tool_call("t", json!({ "a": 1 })).text("done");
    let expected = ["user | go", "assistant | call_1 = t({\"a\":1})", "tool | call_1: {\"a\":1}", "assistant | done"];
    check(model.clone(), vec![Stub::echo("t")], &expected, Ok("done")).await;
    assert_eq!(brief(&model.requests()[1].messages), expected[..3]);
}

#[tokio::test]
async fn a_result_holds_id_status_usage_reasoning_and_steps() {
    let thought = |words: &str, response: ModelResponse| {
        let reasoning = serde_json::from_value(json!({ "type": "reasoning", "text": words })).unwrap();
        let mut message = response.message;
        message.parts.insert(0, reasoning);
        ModelResponse::new(message, response.stop_reason)
    };
    let model = ScriptedModel::new()
        .response(thought("first", calls(&[("a", "t", "{}")])))
        .response(thought("second", text("done")));
    let input = Input::new("go").run_id(RunId::new("r1"));
    let result = Runtime::new().run(&agent(&model, [Stub::echo("t")]), (), input).await.unwrap();
    assert_eq!(result.run_id.as_str(), "r1");
    assert_eq!(result.status, RunStatus::Completed);
    assert_eq!(result.reasoning, "first\n\nsecond");
    assert_eq!((result.steps, result.stop_reason.clone()), (2, Some(StopReason::EndTurn)));
    assert_eq!(result.usage.input_tokens, Some(2));
    assert_eq!(result.new_messages().len(), 3);
    assert!(result.error.is_none());
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_turn_run_at_once_and_answer_in_call_order() {
    let journal = Journal::default();
    let model = ScriptedModel::new().tool_calls([("a", json!({})), ("b", json!({}))]).text("done");
    let tools = vec![Stub::slow("a", &journal, 20), Stub::slow("b", &journal, 10)];
    let result = Runtime::new().run(&agent(&model, tools), (), "go").await.unwrap();
    assert_eq!(journal.lines(), ["a+", "b+", "b-", "a-"]);
    assert_eq!(results(&result.messages), ["a done", "b done"]);
}

#[tokio::test(start_paused = true)]
async fn a_sequential_tool_runs_alone_after_the_calls_before_it() {
    let journal = Journal::default();
    let names = ["a", "s", "b", "c"];
    let model = ScriptedModel::new().tool_calls(names.map(|name| (name, json!({})))).text("done");
    let tools = names.map(|name| Stub::slow(name, &journal, 10).with(|spec| spec.sequential = name == "s"));
    Runtime::new().run(&agent(&model, tools), (), "go").await.unwrap();
    assert_eq!(journal.lines(), ["a+", "a-", "s+", "s-", "b+", "c+", "b-", "c-"]);
}

/// The most calls of one turn that ran at a time, under a policy.
async fn most_at_once(policy: ToolPolicy) -> usize {
    let journal = Journal::default();
    let model = ScriptedModel::new().tool_calls(vec![("t", json!({})); 20]).text("done");
    let agent: Agent =
        Agent::builder("tester").model(model).tool(Stub::slow("t", &journal, 10)).tool_policy(policy).build().unwrap();
    Runtime::new().run(&agent, (), "go").await.unwrap();
    let (mut now, mut most) = (0_usize, 0);
    for line in journal.lines() {
        if line == "t+" {
            now += 1;
        } else {
            now -= 1;
        }
        most = most.max(now);
    }
    most
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_run_at_a_time_than_the_policy_allows() {
    let mut none = ToolPolicy::new();
    none.concurrency = 0;
    assert_eq!(most_at_once(ToolPolicy::new()).await, 8);
    assert_eq!(most_at_once(ToolPolicy::new().concurrency(3)).await, 3);
    assert_eq!(most_at_once(none).await, 1, "0 counts as 1, however it was set");
}

#[tokio::test]
async fn row_27_an_unknown_tool_is_answered_with_the_names_there_are_and_the_run_goes_on() {
    let model = ScriptedModel::new().tool_call("nope", json!({})).text("done");
    let expected = [
        "user | go",
        "assistant | call_1 = nope({})",
        "tool | call_1! There is no tool `nope`. The tools are: `a`, `b`.",
        "assistant | done",
    ];
    check(model, vec![Stub::echo("a"), Stub::echo("b")], &expected, Ok("done")).await;
    let model = ScriptedModel::new().tool_call("A", json!({})).text("done");
    let expected = [
        "user | go",
        "assistant | call_1 = A({})",
        "tool | call_1! There is no tool `A`. There are no tools.",
        "assistant | done",
    ];
    check(model, vec![], &expected, Ok("done")).await;
}

/// Adds two numbers.
#[tool]
async fn plus(a: i64, b: i64) -> i64 {
    a + b
}

#[tokio::test]
async fn rows_23_and_36_malformed_and_missing_arguments_are_answered_and_the_run_goes_on() {
    let model = ScriptedModel::new()
        .response(calls(&[("1", "plus", "{\"a\":1"), ("2", "plus", "{\"a\":1}"), ("3", "plus", "{\"a\":1,\"b\":2}")]))
        .text("done");
    let agent: Agent = Agent::builder("tester").model(model).tool(plus {}).build().unwrap();
    let result = Runtime::new().run(&agent, (), "go").await.unwrap();
    assert_eq!(result.output, "done");
    let results: Vec<_> = result.messages.iter().flat_map(|message| message.tool_results()).collect();
    assert_eq!(results.iter().map(|result| result.is_error).collect::<Vec<_>>(), [true, true, false]);
    assert!(results[1].as_text().contains('b'), "the problem is named: {}", results[1].as_text());
    assert_eq!(results[2].as_text(), "3");
}

#[tokio::test]
async fn three_bad_steps_in_a_row_fail_the_run() {
    let bad = || calls(&[("", "nope", "{}")]);
    let model = ScriptedModel::new().response(bad()).response(bad()).response(bad()).text("never asked for");
    let error = failed(Runtime::new().run(&agent(&model, [Stub::echo("t")]), (), "go").await);
    assert_eq!((error.kind(), error.report().status), (ErrorKind::Model, RunStatus::Failed));
    assert_eq!(model.requests().len(), 3);
    assert_whole(&error.report().messages);
}

#[tokio::test]
async fn a_good_call_between_bad_steps_starts_the_count_anew() {
    let bad = |arguments| calls(&[("", "nope", arguments)]);
    let good = calls(&[("", "nope", "{}"), ("", "t", "{}")]);
    let steps = [bad("1"), bad("2"), good, bad("3"), bad("4"), text("done")];
    let model = steps.into_iter().fold(ScriptedModel::new(), ScriptedModel::response);
    let result = Runtime::new().run(&agent(&model, [Stub::echo("t")]), (), "go").await.unwrap();
    assert_eq!(result.steps, 6);
}

#[tokio::test]
async fn the_words_of_a_tool_error_reach_the_model() {
    check_result(
        Stub::failing("t", || ToolError::failed("the printer is out of paper")),
        "the printer is out of paper",
    )
    .await;
    check_result(Stub::failing("t", || ToolError::retry("give a date")), "give a date").await;
}

#[tokio::test]
async fn row_60_a_panic_is_a_failed_result_without_the_panics_words() {
    let panics = Stub::new("t", |_, _| async { panic!("secret-canary") });
    check_result(panics, "The tool failed and gave no reason.").await;
    let panics_at_once = Stub::new("t", |_, _| -> std::future::Ready<Result<String, ToolError>> { panic!("canary") });
    check_result(panics_at_once, "The tool failed and gave no reason.").await;
}

#[tokio::test(start_paused = true)]
async fn row_61_a_call_that_takes_too_long_is_cancelled_and_answered() {
    let journal = Journal::default();
    let told = journal.clone();
    let stuck = Stub::new("t", move |info, _| {
        let told = told.clone();
        async move {
            info.cancellation().cancelled().await;
            told.note("cancelled");
            std::future::pending().await
        }
    });
    let started = tokio::time::Instant::now();
    check_result(stuck, "The call took longer than 60000 ms. Whether it took effect is not known.").await;
    assert_eq!(started.elapsed().as_secs(), 62, "the timeout and the grace");
    assert_eq!(journal.lines(), ["cancelled"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_well_within_its_grace_counts() {
    let late = Stub::new("t", |info, _| async move {
        info.cancellation().cancelled().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok("saved what there was".to_owned())
    });
    check_result(late.with(|spec| spec.timeout = Some(Duration::from_secs(1))), "saved what there was").await;
}

/// How often a call that fails every time is run, for a tool that allows five retries.
async fn check_tries(effect: Effect, error: fn() -> ToolError, expected: usize) {
    let journal = Journal::default();
    let told = journal.clone();
    let stub = Stub::new("t", move |_, _| {
        told.note("try");
        async move { Err(error()) }
    });
    let stub = stub.with(|spec| {
        spec.effect = effect;
        spec.retries = 5;
    });
    let model = ScriptedModel::new().tool_call("t", json!({})).text("done");
    Runtime::new().run(&agent(&model, [stub]), (), "go").await.ok();
    assert_eq!(journal.lines().len(), expected, "{effect:?} {:?}", error().kind());
}

#[tokio::test]
async fn only_calls_that_may_run_twice_are_tried_again() {
    check_tries(Effect::Read, || ToolError::failed("no"), 6).await;
    check_tries(Effect::Idempotent, || ToolError::failed("no"), 6).await;
    check_tries(Effect::Write, || ToolError::failed("no"), 1).await;
    check_tries(Effect::Read, || ToolError::retry("no"), 1).await;
    check_tries(Effect::Read, || ToolError::fatal("no"), 1).await;
}

#[tokio::test(start_paused = true)]
async fn rows_64_and_65_a_fatal_tool_error_ends_the_run_after_its_siblings() {
    let journal = Journal::default();
    let tools = [Stub::failing("f", || ToolError::fatal("the shop burnt down")), Stub::slow("s", &journal, 50)];
    let model = ScriptedModel::new().tool_calls([("f", json!({})), ("s", json!({}))]);
    let error = failed(Runtime::new().run(&agent(&model, tools), (), "go").await);
    assert_eq!(error.kind(), ErrorKind::Tool);
    assert!(error.to_string().contains("the shop burnt down"), "{error}");
    assert_eq!(journal.lines(), ["s+", "s-"]);
    assert_eq!(results(&error.report().messages), ["the shop burnt down", "s done"]);
}

#[tokio::test]
async fn row_65_after_a_fatal_tool_error_nobody_is_asked_about_its_siblings() {
    for names in [["f", "ask", "later"], ["ask", "later", "f"]] {
        let tools = [
            Stub::failing("f", || ToolError::fatal("the shop burnt down")),
            Stub::echo("ask").with(|spec| spec.approval = true),
            Stub::failing("later", || ToolError::defer("mail 4711")),
        ];
        let model = ScriptedModel::new().tool_calls(names.map(|name| (name, json!({}))));
        let error = failed(Runtime::new().run(&agent(&model, tools), (), "go").await);
        assert_eq!((error.kind(), error.report().status), (ErrorKind::Tool, RunStatus::Failed), "{names:?}");
        assert_whole(&error.report().messages);
        assert_eq!(results(&error.report().messages).len(), 3);
    }
}

#[tokio::test]
async fn row_63_a_long_output_is_cut_to_its_head_and_tail() {
    let long = Stub::new("t", |_, _| async { Ok(format!("{}{}", "a".repeat(60), "ü".repeat(20))) });
    // 10 bytes from each end.
    let cut = format!(
        "{}\n[.. 80 bytes of this output are left out: call `recall` with handle `out_1_0` and offset 10 to read them \
         ..]\n{}",
        "a".repeat(10),
        "ü".repeat(5)
    );
    check_result(long.with(|spec| spec.max_output = Some(20)), &cut).await;
    // 3 bytes from each end would halve a character.
    let odd = Stub::new("t", |_, _| async { Ok("ü".repeat(10)) });
    let cut = "ü\n[.. 16 bytes of this output are left out: call `recall` with handle `out_1_0` and offset 2 to read \
               them ..]\nü";
    check_result(odd.with(|spec| spec.max_output = Some(6)), cut).await;
    let fits = Stub::new("t", |_, _| async { Ok("a".repeat(20)) });
    check_result(fits.with(|spec| spec.max_output = Some(20)), &"a".repeat(20)).await;
}

#[tokio::test]
async fn row_47_more_calls_than_one_turn_may_have_are_answered_unrun() {
    let journal = Journal::default();
    let model = ScriptedModel::new().tool_calls(vec![("t", json!({})); 200]).text("done");
    let result = Runtime::new().run(&agent(&model, [Stub::slow("t", &journal, 0)]), (), "go").await.unwrap();
    assert_whole(&result.messages);
    assert_eq!(journal.lines().iter().filter(|line| *line == "t+").count(), 32);
    let results = results(&result.messages);
    assert_eq!(results.len(), 200);
    assert!(results[32..].iter().all(|text| text.contains("at most 32")), "{}", results[32]);
}

#[tokio::test]
async fn rows_29_and_30_repeated_and_empty_call_ids_are_renamed_and_each_call_runs_once() {
    let model = || {
        ScriptedModel::new()
            .response(calls(&[("x", "t", "1"), ("x", "t", "2"), ("", "t", "3"), ("call_1_2", "t", "4")]))
            .response(calls(&[("x", "t", "5"), ("", "t", "6")]))
            .text("done")
    };
    let journal = Journal::default();
    let tool = |effect| {
        let journal = journal.clone();
        let stub = Stub::new("t", move |_, arguments| {
            journal.note(arguments.clone());
            async { Ok(arguments) }
        });
        move || vec![stub.clone().with(|spec| spec.effect = effect)]
    };
    let runs =
        both_ways(model, tool(Effect::Read)).await.into_iter().chain(both_ways(model, tool(Effect::Write)).await);
    for (run, (streamed, result)) in runs.enumerate() {
        let messages = result.unwrap().messages.clone();
        assert_whole(&messages);
        assert_eq!(results(&messages), ["1", "2", "3", "4", "5", "6"], "streamed: {streamed}");
        let mut ids: Vec<String> =
            messages.iter().flat_map(|message| message.tool_calls().map(|call| call.id.clone())).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 6, "run {run}");
    }
    assert_eq!(journal.lines().len(), 24, "each call of each run once: {:?}", journal.lines());
}

/// The same script run whole and streamed.
async fn both_ways(
    model: impl Fn() -> ScriptedModel,
    tools: impl Fn() -> Vec<Stub>,
) -> [(bool, Result<runlet::RunResult<String>, RunError>); 2] {
    let whole = Runtime::new().run(&agent(&model(), tools()), (), "go").await;
    let streamed = Runtime::new().stream(&agent(&model(), tools()), (), "go").finish().await;
    [(false, whole), (true, streamed)]
}

#[tokio::test]
async fn row_24_calls_of_a_message_that_was_cut_off_are_not_run() {
    let journal = Journal::default();
    let cut = || {
        let mut response = calls(&[("x", "t", "{}"), ("y", "t", "{")]);
        response.stop_reason = StopReason::MaxTokens;
        ScriptedModel::new().response(response).text("done")
    };
    for (streamed, result) in both_ways(cut, || vec![Stub::slow("t", &journal, 0)]).await {
        let result = result.unwrap();
        assert_whole(&result.messages);
        let results = results(&result.messages);
        assert!(results.iter().all(|text| text.contains("cut off")), "streamed: {streamed}, {results:?}");
    }
    assert!(journal.lines().is_empty());
}

#[tokio::test]
async fn row_44_an_empty_answer_is_asked_for_once_more_and_then_fails_the_run() {
    let model = ScriptedModel::new().text(" ").text("now");
    check(model.clone(), vec![], &["user | go", "assistant | now"], Ok("now")).await;
    assert_eq!(brief(&model.requests()[1].messages), ["user | go"]);
    check(ScriptedModel::new().text("").text(""), vec![], &["user | go"], Err(ErrorKind::Model)).await;
    let mut out_of_room = text("");
    out_of_room.stop_reason = StopReason::MaxTokens;
    let model = ScriptedModel::new().response(out_of_room);
    check(model.clone(), vec![], &["user | go"], Err(ErrorKind::Model)).await;
    assert_eq!(model.requests().len(), 1, "more of the same would not help");
}

#[tokio::test]
async fn row_23_text_before_a_call_that_the_provider_could_not_read_is_no_answer() {
    let lost = || {
        let mut lost = text("Let me look");
        lost.stop_reason = StopReason::MalformedCall;
        lost
    };
    let model = ScriptedModel::new().response(lost()).text("now");
    check(model.clone(), vec![], &["user | go", "assistant | now"], Ok("now")).await;
    assert_eq!(brief(&model.requests()[1].messages), ["user | go"]);
    let model = ScriptedModel::new().response(lost()).response(lost());
    check(model.clone(), vec![], &["user | go"], Err(ErrorKind::Model)).await;
    assert_eq!(model.requests().len(), 2, "it is asked once more and not again");
}

/// Runs one answer and compares how it ended.
async fn check_refused(parts: Vec<Part>, stop_reason: StopReason, expected: &str) {
    let model = ScriptedModel::new().response(ModelResponse::new(Message::new(Role::Assistant, parts), stop_reason));
    let error = failed(Runtime::new().run(&agent(&model, []), (), "go").await);
    assert_eq!((error.kind(), error.report().status), (ErrorKind::Model, RunStatus::Refused));
    assert_eq!(error.to_string(), expected);
    assert_eq!(model.requests().len(), 1, "a refusal is not asked for again");
    assert!(
        error.report().messages.iter().all(|message| !message.parts.is_empty()),
        "no provider takes an empty message"
    );
}

#[tokio::test]
async fn row_45_a_refusal_or_a_filter_ends_the_run_as_refused() {
    let refusal = || serde_json::from_value(json!({ "type": "refusal", "text": "I won't." })).unwrap();
    check_refused(vec![refusal()], StopReason::Refusal, "the model refused: I won't.").await;
    check_refused(vec![refusal()], StopReason::EndTurn, "the model refused: I won't.").await;
    check_refused(vec![], StopReason::Refusal, "the model refused: the model declined to answer").await;
    let filtered = "the model refused: the provider's content filter stopped the answer";
    check_refused(vec![Part::text("Half an ans")], StopReason::ContentFilter, filtered).await;
    check_refused(vec![], StopReason::ContentFilter, filtered).await;
}

#[tokio::test]
async fn row_45_a_pause_goes_on_with_what_was_said_so_far() {
    let pause = |words: &str| {
        let mut response = text(words);
        response.stop_reason = StopReason::Pause;
        response
    };
    let model = ScriptedModel::new().response(pause("searching")).text("found");
    check(model.clone(), vec![], &["user | go", "assistant | searching", "assistant | found"], Ok("found")).await;
    assert_eq!(brief(&model.requests()[1].messages), ["user | go", "assistant | searching"]);
}

#[tokio::test]
async fn row_48_a_run_stops_after_twenty_steps_and_keeps_its_report() {
    let endless = || (0..30).fold(ScriptedModel::new(), |model, number| model.tool_call("t", json!(number)));
    let model = endless();
    let error = failed(Runtime::new().run(&agent(&model, [Stub::echo("t")]), (), "go").await);
    let report = error.report();
    assert_eq!((error.kind(), report.status, report.steps), (ErrorKind::PolicyStop, RunStatus::Stopped, 20));
    assert_eq!(model.requests().len(), 20);
    assert_eq!(report.messages.len(), 41);
    assert_eq!(report.usage.input_tokens, Some(20));
    assert_whole(&report.messages);

    let model = endless();
    let short: Agent =
        Agent::builder("tester").model(model.clone()).tool(Stub::echo("t")).max_steps(0).build().unwrap();
    let error = failed(Runtime::new().run(&short, (), "go").await);
    assert_eq!((error.kind(), model.requests().len()), (ErrorKind::PolicyStop, 0));
}

#[tokio::test]
async fn a_failing_model_leaves_the_report_of_what_was_done() {
    let failure = ProviderError::new("scripted", ProviderErrorCategory::Overloaded, "come back later");
    let model = ScriptedModel::new().tool_call("t", json!({})).fail(failure.into());
    let error = failed(Runtime::new().run(&agent(&model, [Stub::echo("t")]), (), "go").await);
    assert_eq!(error.kind(), ErrorKind::Model);
    assert_eq!(error.error().provider().unwrap().category, ProviderErrorCategory::Overloaded);
    assert!(error.error().is_retryable());
    let report = error.into_report();
    assert_eq!(report.status, RunStatus::Failed);
    assert_eq!(brief(&report.messages), ["user | go", "assistant | call_1 = t({})", "tool | call_1: {}"]);
    assert_eq!(report.error.unwrap().kind(), ErrorKind::Model);
}

#[tokio::test]
async fn a_full_request_is_merged_over_the_agents_own_and_sent() {
    let model = ScriptedModel::new().text("a").text("b");
    let agent: Agent = Agent::builder("tester")
        .model(model.clone())
        .instructions("own")
        .temperature(0.5)
        .tool(Stub::echo("t"))
        .metadata(json!({ "kept": 1, "changed": 1 }))
        .option("p", "kept", 1)
        .option("p", "changed", 1)
        .build()
        .unwrap();
    let extra = ToolSpec::new("extra", "", Schema::of::<u8>());
    let again = ToolSpec::new("t", "", Schema::of::<u8>());
    let request = ModelRequest::from_messages([Message::user("a"), Message::assistant("b"), Message::user("c")])
        .instructions("asked")
        .tool(extra)
        .tool(again)
        .tool_choice(ToolChoice::Auto)
        .max_output_tokens(99)
        .metadata("changed", 2)
        .option("p", "changed", 2);
    Runtime::new().run_request(&agent, (), request.clone()).await.unwrap();
    Runtime::new().stream_request(&agent, (), request).finish().await.unwrap();
    for sent in model.requests() {
        assert_eq!(brief(&sent.messages), ["user | a", "assistant | b", "user | c"]);
        assert_eq!(sent.instructions.as_deref(), Some("asked"));
        assert_eq!((sent.max_output_tokens, sent.temperature), (Some(99), Some(0.5)));
        assert_eq!(sent.tool_choice, Some(ToolChoice::Auto));
        assert_eq!(json!(sent.metadata), json!({ "kept": 1, "changed": 2 }));
        assert_eq!(json!(sent.options.of("p")), json!({ "kept": 1, "changed": 2 }));
        let names: Vec<_> = sent
            .tools
            .iter()
            .map(|tool| match tool {
                ToolDefinition::Function(spec) => spec.name.to_string(),
                _ => String::new(),
            })
            .collect();
        assert_eq!(names, ["t", "extra"], "a name stands once, and the agent's own tool has it");
    }
}

#[tokio::test]
async fn a_run_without_messages_is_a_config_error_and_sends_nothing() {
    let model = ScriptedModel::new();
    let error = failed(Runtime::new().run(&agent(&model, []), (), Messages::new()).await);
    assert_eq!((error.kind(), model.requests().len()), (ErrorKind::Config, 0));
}

#[tokio::test]
async fn metadata_of_agent_and_caller_reach_the_tools() {
    let seen = Journal::default();
    let told = seen.clone();
    let stub = Stub::new("t", move |info, _| {
        told.note(json!(info.metadata()).to_string());
        told.note(format!("{} {} {} {} {}", info.agent(), info.step(), info.index(), info.call_id(), info.tool()));
        async { Ok(String::new()) }
    });
    let model = ScriptedModel::new().tool_call("t", json!({})).text("done");
    let agent: Agent =
        Agent::builder("tester").model(model).tool(stub).metadata(json!({ "a": 1, "b": 1 })).build().unwrap();
    Runtime::new().run(&agent, (), Input::new("go").metadata("b", 2)).await.unwrap();
    assert_eq!(seen.lines(), [r#"{"a":1,"b":2}"#, "tester 1 0 call_1 t"]);
}

struct Shop {
    name: &'static str,
}

/// Names the shop.
#[tool]
async fn name(shop: &Shop) -> &'static str {
    shop.name
}

#[tokio::test]
async fn dependencies_are_given_by_value_shared_or_as_a_shared_reference() {
    async fn check(deps: impl runlet::IntoDeps<Shop>) {
        let model = ScriptedModel::new().tool_call("name", json!({})).text("done");
        let agent: Agent<Shop> = Agent::builder("tester").model(model).tool(name {}).build().unwrap();
        let result = Runtime::new().run(&agent, deps, "go").await.unwrap();
        assert_eq!(results(&result.messages), ["north"]);
    }
    let shop = Arc::new(Shop { name: "north" });
    check(Shop { name: "north" }).await;
    check(Arc::clone(&shop)).await;
    check(&shop).await;
    assert_eq!(Context::<Shop>::detached(&shop).deps().name, "north");
}

/// A run that waits for approval of calls 0 and 2, and the model behind it.
async fn interrupted() -> (Agent, ScriptedModel, Run) {
    let model = ScriptedModel::new()
        .tool_calls([("ask", json!({ "n": 0 })), ("free", json!({})), ("ask", json!({ "n": 2 }))])
        .text("done");
    let tools = [Stub::echo("ask").with(|spec| spec.approval = true), Stub::echo("free")];
    let agent = agent(&model, tools);
    let error = failed(Runtime::new().run(&agent, (), "go").await);
    assert_eq!((error.kind(), error.report().status), (ErrorKind::Interrupted, RunStatus::Interrupted));
    assert_eq!(brief(&error.report().messages), ["user | go"], "an open turn is not history");
    let saved = serde_json::to_string(error.report().run()).unwrap();
    (agent, model, serde_json::from_str(&saved).unwrap())
}

/// Resumes the interrupted run and compares the results the model read.
async fn check_resumed(decisions: impl IntoIterator<Item = (usize, Decision)>, expected: &[&str]) {
    let (agent, _, run) = interrupted().await;
    let result = Runtime::new().resume(&agent, (), run, decisions).await.unwrap();
    assert_eq!(result.output, "done");
    assert_whole(&result.messages);
    assert_eq!(results(&result.messages), expected);
}

#[tokio::test]
async fn an_approved_call_runs_an_edited_one_as_edited_and_a_rejected_one_not() {
    let edited = || Decision::ApproveEdited { arguments: r#"{"n":9}"#.to_owned() };
    let rejected = || Decision::Reject { reason: "Too dear.".to_owned() };
    check_resumed([(0, Decision::Approve), (2, Decision::Approve)], &[r#"{"n":0}"#, "{}", r#"{"n":2}"#]).await;
    check_resumed([(2, edited()), (0, Decision::Approve)], &[r#"{"n":0}"#, "{}", r#"{"n":9}"#]).await;
    let refused = "This call was not run: a person rejected it. Too dear.";
    check_resumed([(0, rejected()), (2, rejected())], &[refused, "{}", refused]).await;
}

#[tokio::test]
async fn a_run_with_a_decision_left_interrupts_again() {
    let (agent, model, run) = interrupted().await;
    let error = failed(Runtime::new().resume(&agent, (), run, [(0, Decision::Approve)]).await);
    assert_eq!((error.kind(), model.requests().len()), (ErrorKind::Interrupted, 1));
    let run = error.into_report().run().clone();
    let result = Runtime::new().resume(&agent, (), run, [(2, Decision::Approve)]).await.unwrap();
    assert_eq!(result.output, "done");
}

/// A resumption that does not fit: the run is as it was and nothing was sent.
async fn check_unfit(agent: &Agent, run: Run, decisions: Vec<(usize, Decision)>) {
    let error = failed(Runtime::new().resume(agent, (), run.clone(), decisions.clone()).await);
    assert_eq!(error.kind(), ErrorKind::Config, "{decisions:?}: {error}");
    assert_eq!(error.report().run(), &run);
}

#[tokio::test]
async fn a_wrong_agent_or_a_wrong_decision_leaves_the_run_as_it_was() {
    let (agent, model, run) = interrupted().await;
    let other: Agent = Agent::builder("other").model(model.clone()).build().unwrap();
    let approve = || Decision::Approve;
    let nonsense = || Decision::ApproveEdited { arguments: "{".to_owned() };
    check_unfit(&other, run.clone(), vec![(0, approve())]).await;
    check_unfit(&agent, run.clone(), vec![(1, approve())]).await;
    check_unfit(&agent, run.clone(), vec![(3, approve())]).await;
    check_unfit(&agent, run.clone(), vec![(0, approve()), (0, approve())]).await;
    check_unfit(&agent, run.clone(), vec![(0, approve()), (9, approve())]).await;
    check_unfit(&agent, run.clone(), vec![(0, nonsense())]).await;
    let twice = Decision::ApproveEdited { arguments: r#"{"n":1,"n":2}"#.to_owned() };
    check_unfit(&agent, run.clone(), vec![(0, twice)]).await;
    assert_eq!(model.requests().len(), 1);
    let done = Runtime::new().resume(&agent, (), run, [(0, approve()), (2, approve())]).await.unwrap();
    check_unfit(&agent, done.run().clone(), vec![(0, approve())]).await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_token_ends_the_run_and_its_tools() {
    let (token, journal) = (CancellationToken::new(), Journal::default());
    let (told, cancel) = (journal.clone(), token.clone());
    let stub = Stub::new("t", move |info, _| {
        let (told, cancel) = (told.clone(), cancel.clone());
        async move {
            cancel.cancel();
            info.cancellation().cancelled().await;
            told.note("cancelled");
            Ok(String::new())
        }
    });
    let model = ScriptedModel::new().tool_call("t", json!({})).text("never");
    let input = Input::new("go").cancellation(token.clone());
    let error = failed(Runtime::new().run(&agent(&model, [stub.clone()]), (), input).await);
    assert_eq!((error.kind(), error.report().status), (ErrorKind::Cancelled, RunStatus::Cancelled));
    assert_whole(&error.report().messages);
    settle().await;
    assert_eq!((journal.lines(), model.requests().len()), (vec!["cancelled".to_owned()], 1));

    let input = Input::new("go").cancellation(token);
    let error = failed(Runtime::new().run(&agent(&model, [stub]), (), input).await);
    assert_eq!((error.kind(), model.requests().len()), (ErrorKind::Cancelled, 1), "cancelled before it began");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_model_never_answers_can_be_cancelled() {
    let token = CancellationToken::new();
    let model = ScriptedModel::new().silence();
    let (agent, input) = (agent(&model, []), Input::new("go").cancellation(token.clone()));
    let runtime = Runtime::new();
    let cancel = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        token.cancel();
    };
    let (ended, ()) = futures_util::join!(runtime.run(&agent, (), input), cancel);
    assert_eq!(failed(ended).kind(), ErrorKind::Cancelled);
}

/// Polls a future up to `polls` times, letting tasks go on between, and drops it. Says whether it ended before.
pub(crate) async fn poll_and_drop(future: impl Future, polls: usize) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        if future.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_ready() {
            return true;
        }
        settle().await;
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    false
}

/// A run of three requests with tools that read and write, dropped after each number of polls in turn: afterwards there
/// is no further request, and every tool that began has ended or was cancelled.
async fn check_dropped(streamed: bool) {
    let mut ended = false;
    let mut polls = 0;
    while !ended {
        let (journal, model) = (Journal::default(), Paced::new(10));
        let model = model
            .answer(calls(&[("a", "read", "{}"), ("b", "write", "{}")]))
            .answer(calls(&[("c", "write", "{}")]))
            .answer(text("two words"));
        let tool = |name: &'static str| {
            let journal = journal.clone();
            Stub::new(name, move |info, _| {
                let journal = journal.clone();
                async move {
                    journal.note(format!("{} began", info.call_id()));
                    let rest = tokio::time::sleep(Duration::from_millis(30));
                    tokio::select! {
                        () = rest => journal.note(format!("{} ended", info.call_id())),
                        () = info.cancellation().cancelled() => journal.note(format!("{} ended", info.call_id())),
                    }
                    Ok(String::new())
                }
            })
        };
        let agent: Agent = Agent::builder("tester")
            .model(model.clone())
            .tool(tool("read").read())
            .tool(tool("write"))
            .build()
            .unwrap();
        let runtime = Runtime::new();
        ended = if streamed {
            poll_and_drop(runtime.stream(&agent, (), "go").for_each(|_| async {}), polls).await
        } else {
            poll_and_drop(runtime.run(&agent, (), "go"), polls).await
        };
        let asked = model.asked();
        settle().await;
        let lines = journal.lines();
        let count = |word: &str| lines.iter().filter(|line| line.ends_with(word)).count();
        assert_eq!(count("began"), count("ended"), "after {polls} polls: {lines:?}");
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!(model.asked(), asked, "after {polls} polls");
        assert_eq!(journal.lines(), lines, "after {polls} polls");
        polls += 1;
    }
    assert!(polls > 10, "the run was dropped at only {polls} points");
}

#[tokio::test(start_paused = true)]
async fn row_66_a_dropped_run_sends_nothing_more_and_cancels_its_tools() {
    check_dropped(false).await;
}

#[tokio::test(start_paused = true)]
async fn row_67_a_dropped_stream_sends_nothing_more_and_cancels_its_tools() {
    check_dropped(true).await;
}

#[tokio::test]
async fn a_forced_tool_choice_holds_for_the_first_answer_only() {
    let model = ScriptedModel::new().tool_call("t", json!({})).text("done");
    let agent: Agent = Agent::builder("tester")
        .model(model.clone())
        .tool(Stub::echo("t"))
        .tool_choice(ToolChoice::Required)
        .build()
        .unwrap();
    Runtime::new().run(&agent, (), "go").await.unwrap();
    let choices: Vec<_> = model.requests().into_iter().map(|request| request.tool_choice).collect();
    assert_eq!(choices, [Some(ToolChoice::Required), Some(ToolChoice::Auto)]);
}

#[tokio::test]
async fn an_agent_that_cannot_run_says_so_before_anything_is_sent() {
    fn check(agent: Result<Agent, runlet::Error>) {
        assert_eq!(agent.unwrap_err().kind(), ErrorKind::Config);
    }
    let begin = || Agent::builder("tester").model(ScriptedModel::new());
    check(begin().tool(Stub::echo("t")).tool(Stub::echo("t")).build());
    check(begin().tool(Stub::echo("two words")).build());
    check(begin().metadata(json!(1)).build());
}

#[tokio::test]
async fn limits_are_the_policys() {
    let model = ScriptedModel::new().tool_calls(vec![("t", json!({})); 3]).text("done");
    let agent: Agent = Agent::builder("tester")
        .model(model)
        .tool(Stub::echo("t"))
        .run_policy(RunPolicy::new().max_tool_calls_per_step(1))
        .context(ContextPolicy::new())
        .tool_policy(ToolPolicy::new().max_output_bytes(0))
        .build()
        .unwrap();
    let result = Runtime::new().run(&agent, (), "go").await.unwrap();
    let texts = results(&result.messages);
    assert_eq!(texts[0], "\n[.. 2 bytes of this output are left out ..]\n");
    assert!(texts[1].contains("at most 1"), "{}", texts[1]);
}

#[test]
fn many_runs_share_one_runtime() {
    on_paused_clock(async {
        let runtime = Runtime::new();
        let runs = (0..50).map(|number| {
            let model = ScriptedModel::new().tool_call("t", json!(number)).text(number.to_string());
            let (runtime, agent) = (runtime.clone(), agent(&model, [Stub::echo("t")]));
            async move { runtime.run(&agent, (), "go").await.unwrap() }
        });
        let results = futures_util::future::join_all(runs).await;
        let mut ids: Vec<_> = results.iter().map(|result| result.run_id.clone()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 50);
        assert!(results.iter().enumerate().all(|(number, result)| result.output == number.to_string()));
    });
}

#[test]
fn the_kinds_of_tool_errors_have_stable_names() {
    assert_eq!(json!(ToolErrorKind::InvalidArguments), json!("invalid_arguments"));
    assert_eq!(json!(ToolErrorKind::TimedOut), json!("timed_out"));
}

//! The limits of a run: what they do not allow is not begun, and what was done until then is kept.

use std::time::Duration;

use runlet::agent::{Cost, Price};
use runlet::budget::{ContextPolicy, Summarize};
use runlet::hook::{Hook, HookContext};
use runlet::message::{Extra, Media, Part, Role};
use runlet::model::{Capabilities, Fallback, Model, ModelResponse, ModelStream, PreparedRequest};
use runlet::run::{Limit, LimitReached, RunStatus};
use runlet::testing::ScriptedModel;
use runlet::tool::ToolErrorKind;
use runlet::{
    Agent, Error, ErrorKind, Message, Result, RunError, RunPolicy, Runtime, ToolError, Usage, message::UsageSource,
};
use serde_json::json;

use crate::kit::{Journal, Stub, agent, assert_whole, calls, results, settle, text};

/// A model that asks for one call of `t` in each of nine steps, each time another, and is billed as told.
fn busy(usage: Usage) -> ScriptedModel {
    (0..9).fold(ScriptedModel::new(), |model, number| {
        let number = number.to_string();
        model.response(calls(&[("", "t", number.as_str())]).usage(usage))
    })
}

fn billed(input: u64, output: u64) -> Usage {
    let source = UsageSource::Reported;
    Usage { input_tokens: Some(input), output_tokens: Some(output), source, ..Usage::default() }
}

fn under(model: &ScriptedModel, policy: RunPolicy, tools: impl IntoIterator<Item = Stub>) -> Agent {
    let builder = Agent::builder("tester").model(model.clone()).run_policy(policy);
    tools.into_iter().fold(builder, runlet::agent::AgentBuilder::tool).build().unwrap()
}

async fn stopped(agent: &Agent) -> (LimitReached, RunError) {
    let error = Runtime::new().run(agent, (), "go").await.expect_err("the run should come to its limit");
    assert_eq!((error.kind(), error.report().status), (ErrorKind::PolicyStop, RunStatus::Stopped), "{error}");
    assert_whole(&error.report().messages);
    let reached = error.error().detail::<LimitReached>().expect("the error says which limit it was").clone();
    assert!(error.to_string().contains(reached.limit.setting()), "{error}");
    (reached, error)
}

/// Runs a model that never ends, and compares the limit it came to, how often it was asked and what was used.
async fn check(policy: RunPolicy, usage: Usage, limit: Limit, requests: usize, used: u64) {
    let model = busy(usage);
    let (reached, error) = stopped(&under(&model, policy, [Stub::echo("t")])).await;
    assert_eq!((reached.limit, model.requests().len(), reached.used), (limit, requests, used), "{error}");
    assert_eq!(error.report().messages.len(), 1 + 2 * requests, "all work is kept");
    assert_eq!(error.report().spent.model_requests as usize, requests);
}

#[tokio::test]
async fn each_limit_stops_the_run_before_it_is_passed() {
    let policy = RunPolicy::new;
    check(policy().max_steps(3), billed(1, 1), Limit::Steps, 3, 3).await;
    check(policy().max_model_requests(3), billed(1, 1), Limit::ModelRequests, 3, 3).await;
    // Each request is counted some hundred tokens at most; the script bills more.
    check(policy().max_input_tokens(4_200), billed(2_000, 1), Limit::InputTokens, 2, 4_000).await;
    check(policy().max_output_tokens(1_000), billed(1, 400), Limit::OutputTokens, 3, 1_200).await;
    check(policy().max_total_tokens(4_700), billed(2_000, 300), Limit::TotalTokens, 2, 4_600).await;
    // A unit for a thousand tokens either way.
    let price = Price::per_million(1_000.0, 1_000.0);
    let priced = policy().price("scripted", price).max_cost(Cost::from_units(4.7));
    check(priced, billed(2_000, 300), Limit::Cost, 2, 4_600_000_000_000).await;
}

#[tokio::test]
async fn a_model_without_a_price_is_not_asked_where_cost_is_limited() {
    let model = busy(billed(1, 1));
    let (reached, _) = stopped(&under(&model, RunPolicy::new().max_cost(Cost::from_units(1e6)), [])).await;
    assert_eq!((reached.limit, model.requests().len()), (Limit::Cost, 0));
}

#[tokio::test]
async fn a_fallback_without_a_price_is_not_asked_where_cost_is_limited_and_the_dearest_price_counts() {
    let model = |name| Named(name, ScriptedModel::new().response(text("done").usage(billed(1_000, 100))));
    let policy = || RunPolicy::new().price("cheap", Price::per_million(1.0, 1.0)).max_cost(Cost::from_units(1e6));
    let both = Fallback::new(model("cheap")).or(model("dear"));
    let build = |policy| -> Agent { Agent::builder("tester").model(both.clone()).run_policy(policy).build().unwrap() };
    let (reached, _) = stopped(&build(policy())).await;
    assert_eq!(reached.limit, Limit::Cost, "the second may cost anything");
    let priced = policy().price("dear", Price::per_million(1_000.0, 10_000.0));
    let done = Runtime::new().run(&build(priced), (), "go").await.unwrap();
    assert_eq!(done.spent.cost, Cost::from_units(2.0), "1,000 of input and 100 of output at the dearest price");
}

/// A model under a name of its own.
#[derive(Clone)]
struct Named(&'static str, ScriptedModel);

impl Model for Named {
    fn provider(&self) -> &'static str {
        "named"
    }

    fn name(&self) -> &'static str {
        self.0
    }

    fn capabilities(&self) -> Capabilities {
        Model::capabilities(&self.1)
    }

    async fn complete(&self, request: PreparedRequest) -> Result<ModelResponse> {
        self.1.complete(request).await
    }

    async fn stream(&self, request: PreparedRequest) -> Result<ModelStream> {
        self.1.stream(request).await
    }
}

/// An agent whose conversation has to be summed up by the model `sums_up` before anything is sent.
fn summed_up(model: &ScriptedModel, sums_up: &ScriptedModel, policy: RunPolicy) -> (Agent, Vec<Message>) {
    let context = ContextPolicy::new()
        .max_context_tokens(3_000)
        .reserved_output_tokens(50)
        .compress(Summarize::with(Named("sums_up", sums_up.clone())).keep_steps(1).max_tokens(100));
    let builder = Agent::builder("tester").model(model.clone()).context(context).run_policy(policy);
    let words = "something that was said ".repeat(60);
    let turn = |_| [Message::user(words.clone()), Message::assistant(words.clone())];
    (builder.build().unwrap(), (0..8).flat_map(turn).chain([Message::user("go")]).collect())
}

#[tokio::test]
async fn a_model_that_sums_up_is_asked_within_the_limits_and_counts_where_it_reports_nothing() {
    let unknown = Usage { source: UsageSource::Partial, ..Usage::default() };
    let summary = || (0..9).fold(ScriptedModel::new(), |model, _| model.response(text("in short").usage(unknown)));
    let run = async |policy: RunPolicy| {
        let (model, sums_up) = (ScriptedModel::new().text("done"), summary());
        let (agent, talk) = summed_up(&model, &sums_up, policy);
        let ended = Runtime::new().run(&agent, (), talk).await;
        let report = ended.map_or_else(RunError::into_report, |done| done.report);
        (report, model.requests().len(), sums_up.requests())
    };
    let (report, asked, summaries) = run(RunPolicy::new()).await;
    assert_eq!((report.status, asked), (RunStatus::Completed, 1));
    assert_eq!(report.spent.model_requests as usize, 1 + summaries.len());
    assert!(report.spent.input_tokens > 1_000, "unknown is not zero: {:?}", report.spent);

    let priced = RunPolicy::new().price("scripted", Price::per_million(1.0, 1.0)).max_cost(Cost::from_units(1e6));
    let (report, asked, summaries) = run(priced.clone()).await;
    assert_eq!((report.status, asked, summaries.len()), (RunStatus::Failed, 0, 0), "it has no price");
    let (report, _, _) = run(priced.price("sums_up", Price::per_million(1_000.0, 1_000.0))).await;
    assert_eq!(report.status, RunStatus::Completed);
    assert!(report.spent.cost > Cost::from_units(1.0), "{:?}", report.spent);

    let (report, asked, summaries) = run(RunPolicy::new().max_input_tokens(500)).await;
    assert_ne!(report.status, RunStatus::Completed);
    assert_eq!((asked, summaries.len()), (0, 0), "a limit is looked at before");
    let (_, _, summaries) = run(RunPolicy::new().max_output_tokens(60)).await;
    assert_eq!(summaries[0].max_output_tokens, Some(60), "its answer is held to what is left");
}

#[tokio::test]
async fn row_68_a_nested_run_is_counted_by_the_prices_of_the_run_around_it() {
    let inner_model = ScriptedModel::new().response(text("inner").usage(billed(2_000, 300)));
    let nests = Stub::new("nests", move |_, _| {
        let inner = agent(&inner_model, []);
        async move {
            Runtime::new()
                .run(&inner, (), "go")
                .await
                .map(|done| done.output)
                .map_err(|e| ToolError::failed(e.to_string()))
        }
    });
    let model = ScriptedModel::new().tool_call("nests", json!({})).text("never");
    let price = Price::per_million(1_000.0, 1_000.0);
    let policy = RunPolicy::new().price("scripted", price).max_cost(Cost::from_units(2.31));
    let (reached, error) = stopped(&under(&model, policy, [nests])).await;
    assert_eq!(reached.limit, Limit::Cost);
    assert!(error.report().spent.cost >= Cost::from_units(2.3), "{:?}", error.report().spent);
    assert_eq!(model.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_is_held_to_what_the_limits_leave_for_it() {
    let model = ScriptedModel::new().text("done");
    let policy = RunPolicy::new().max_output_tokens(700).max_total_tokens(100_000);
    Runtime::new().run(&under(&model, policy, []), (), "go").await.unwrap();
    assert_eq!(model.requests()[0].max_output_tokens, Some(700));
    // A limit that leaves more than the model could say is none for its answer, and takes no room from its input.
    let cramped = ScriptedModel::new().text("done");
    let builder =
        Agent::builder("tester").model(cramped.clone()).run_policy(RunPolicy::new().max_total_tokens(900_000));
    let agent: Agent = builder.build().unwrap();
    Runtime::new().run(&agent, (), "go").await.unwrap();
    assert_eq!(cramped.requests()[0].max_output_tokens, None);
    let words = "something that was said ".repeat(4_000);
    for allowed in [100_000, 127_000] {
        let model = ScriptedModel::new().text("done");
        let agent = under(&model, RunPolicy::new().max_output_tokens(allowed), []);
        Runtime::new().run(&agent, (), words.clone()).await.unwrap();
        let held = model.requests()[0].max_output_tokens.unwrap();
        assert!(held > 1_024 && held <= allowed, "{held}: what the input leaves of the window, or less");
    }
    // A limit on the input is none on the answer.
    let capabilities = Capabilities::new().context_window(400_000).max_input_tokens(40_000).max_output_tokens(128_000);
    let model = ScriptedModel::new().capabilities(capabilities).text("done");
    let agent = under(&model, RunPolicy::new().max_output_tokens(100_000), []);
    Runtime::new().run(&agent, (), words.clone()).await.unwrap();
    assert_eq!(model.requests()[0].max_output_tokens, Some(100_000));
    let unlimited = ScriptedModel::new().text("done");
    Runtime::new().run(&under(&unlimited, RunPolicy::new(), []), (), "go").await.unwrap();
    assert_eq!(unlimited.requests()[0].max_output_tokens, None);
}

#[tokio::test]
async fn a_batch_of_calls_that_passes_the_limit_does_not_start() {
    let journal = Journal::default();
    let model = ScriptedModel::new()
        .tool_calls([("t", json!(1)), ("t", json!(2))])
        .tool_calls([("t", json!(3)), ("t", json!(4))]);
    for streamed in [false, true] {
        let tool = Stub::slow("t", &journal, 0).read();
        let agent = under(&model, RunPolicy::new().max_tool_calls(3), [tool]);
        let error = if streamed {
            let model = ScriptedModel::new()
                .tool_calls([("t", json!(1)), ("t", json!(2))])
                .tool_calls([("t", json!(3)), ("t", json!(4))]);
            let agent = under(&model, RunPolicy::new().max_tool_calls(3), [Stub::slow("t", &journal, 0).read()]);
            Runtime::new().stream(&agent, (), "go").finish().await.unwrap_err()
        } else {
            Runtime::new().run(&agent, (), "go").await.unwrap_err()
        };
        let reached = error.error().detail::<LimitReached>().unwrap();
        assert_eq!((reached.limit, reached.used, reached.needed, reached.allowed), (Limit::ToolCalls, 2, 2, 3));
        assert_whole(&error.report().messages);
        let results = results(&error.report().messages);
        assert_eq!(results.len(), 4);
        assert!(results[2..].iter().all(|text| text.contains("was not run")), "{results:?}");
    }
    assert_eq!(journal.lines().iter().filter(|line| *line == "t+").count(), 4, "two of each run");
}

#[tokio::test]
async fn row_48_a_call_that_is_made_again_and_again_stops_the_run() {
    let again = |count| (0..count).fold(ScriptedModel::new(), |model, _| model.tool_call("t", json!({ "a": 1 })));
    let journal = Journal::default();
    let model = again(9);
    let (reached, _) = stopped(&agent(&model, [Stub::slow("t", &journal, 0)])).await;
    assert_eq!((reached.limit, reached.used, reached.allowed), (Limit::IdenticalCalls, 5, 5));
    assert_eq!((model.requests().len(), journal.lines().len()), (5, 8), "the fifth was not run");

    let model = again(4).tool_call("t", json!({ "a": 2 }));
    let model = (0..4).fold(model, |model, _| model.tool_call("t", json!({ "a": 1 }))).text("done");
    assert!(Runtime::new().run(&agent(&model, [Stub::echo("t")]), (), "go").await.is_ok(), "not in a row");

    let model = again(9).text("done");
    let unlimited = under(&model, RunPolicy::new().max_identical_calls(0), [Stub::echo("t")]);
    assert!(Runtime::new().run(&unlimited, (), "go").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_too_long_stops_and_its_tools_are_cancelled() {
    let journal = Journal::default();
    let told = journal.clone();
    let stuck = Stub::new("t", move |info, _| {
        let told = told.clone();
        async move {
            info.cancellation().cancelled().await;
            told.note("cancelled");
            Ok(String::new())
        }
    });
    let model = busy(billed(1, 1));
    let policy = RunPolicy::new().max_duration(Duration::from_secs(5));
    let (reached, error) = stopped(&under(&model, policy.clone(), [stuck])).await;
    assert_eq!((reached.limit, reached.used, reached.allowed), (Limit::Duration, 5_000, 5_000));
    assert_eq!(results(&error.report().messages).len(), 1, "the call has its result");
    settle().await;
    assert_eq!((journal.lines(), model.requests().len()), (vec!["cancelled".to_owned()], 1));

    let silent = ScriptedModel::new().silence();
    let (reached, error) = stopped(&under(&silent, policy, [])).await;
    assert_eq!(reached.limit, Limit::Duration);
    assert_eq!(error.report().usage.source, UsageSource::Unknown, "what the answer would have cost is not known");
    assert!(error.report().spent.input_tokens > 0, "but its request counts");
}

#[tokio::test]
async fn row_49_unknown_usage_is_unknown_and_counts_by_its_upper_figure() {
    // A source of its own keeps the script from filling in figures.
    let unknown = Usage { source: UsageSource::Partial, ..Usage::default() };
    let model = busy(unknown);
    let (reached, error) = stopped(&under(&model, RunPolicy::new().max_input_tokens(400), [Stub::echo("t")])).await;
    assert_eq!(reached.limit, Limit::InputTokens);
    let report = error.report();
    assert_eq!((report.usage.input_tokens, report.usage.total_tokens()), (None, None), "never zero");
    assert!(report.spent.input_tokens > 0 && report.spent.output_tokens > 0, "{:?}", report.spent);
}

/// Fails after the model has answered.
struct Veto;

impl Hook for Veto {
    fn name(&self) -> &str {
        "veto"
    }

    async fn after_model_call(&self, _: &HookContext, _: &mut ModelResponse) -> Result<()> {
        Err(Error::new(ErrorKind::Hook, "no"))
    }
}

#[tokio::test]
async fn row_49_an_answer_that_a_hook_throws_away_was_billed_all_the_same() {
    let model = ScriptedModel::new().response(text("done").usage(billed(30, 4)));
    let agent: Agent = Agent::builder("tester").model(model).hook(Veto).build().unwrap();
    let error = Runtime::new().run(&agent, (), "go").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Hook);
    assert_eq!(error.report().usage, billed(30, 4));
}

/// A tool that runs an agent of its own, which has the same tool, and so on.
fn nested(runtime: &Runtime, depth: u32, policy: &RunPolicy, asked: &Journal) -> Agent {
    let model = ScriptedModel::new().response(calls(&[("", "deeper", "{}")]).usage(billed(100, 10))).text("done");
    let (runtime, policy, asked) = (runtime.clone(), policy.clone(), asked.clone());
    let own = policy.clone();
    let tool = Stub::new("deeper", move |info, _| {
        asked.note(format!("depth {}", info.depth()));
        let inner = (depth > 0).then(|| nested(&runtime, depth - 1, &policy, &asked));
        let runtime = runtime.clone();
        async move {
            let Some(inner) = inner else { return Ok("bottom".to_owned()) };
            match runtime.run(&inner, (), "go").await {
                Ok(result) => Ok(result.output),
                Err(error) => Err(ToolError::failed(error.to_string())),
            }
        }
    });
    let built = Agent::builder("tester").model(model).tool(tool).run_policy(own);
    built.build().unwrap()
}

#[tokio::test]
async fn row_68_runs_nest_only_so_deep() {
    let (runtime, asked) = (Runtime::new(), Journal::default());
    let outermost = nested(&runtime, 20, &RunPolicy::new(), &asked);
    runtime.run(&outermost, (), "go").await.unwrap();
    assert_eq!(asked.lines().len(), 9, "depths 0 to 8: {:?}", asked.lines());
    assert_eq!(asked.lines().last().map(String::as_str), Some("depth 8"));
}

#[tokio::test]
async fn row_68_what_nested_runs_spend_is_the_outer_runs_spending() {
    let (runtime, asked) = (Runtime::new(), Journal::default());
    let result = runtime.run(&nested(&runtime, 2, &RunPolicy::new(), &asked), (), "go").await.unwrap();
    assert_eq!((result.spent.model_requests, result.spent.tool_calls), (6, 3), "three runs of two requests");
    assert_eq!(result.usage.input_tokens, Some(101), "usage is the run's own");

    let asked = Journal::default();
    let policy = RunPolicy::new().max_model_requests(4);
    let outermost = nested(&runtime, 9, &policy, &asked);
    let error = runtime.run(&outermost, (), "go").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PolicyStop, "{error}");
    assert_eq!(error.report().spent.model_requests, 4, "together, however deep");
    assert_eq!(asked.lines().len(), 4);
}

#[tokio::test]
async fn row_68_no_call_of_a_nested_stream_begins_early_where_a_run_around_it_counts_calls() {
    let journal = Journal::default();
    let (inner_model, told) =
        (ScriptedModel::new().tool_calls([("t", json!(1)), ("t", json!(2))]).text("never"), journal.clone());
    let nests = Stub::new("nests", move |_, _| {
        let inner = agent(&inner_model, [Stub::slow("t", &told, 0).read()]);
        async move {
            let ended = Runtime::new().stream(&inner, (), "go").finish().await;
            Ok(ended.expect_err("two calls are too many").to_string())
        }
    });
    let model = ScriptedModel::new().tool_call("nests", json!({})).text("done");
    let outer = under(&model, RunPolicy::new().max_tool_calls(2), [nests]);
    let error = Runtime::new().run(&outer, (), "go").await;
    let messages = error.map_or_else(|error| error.into_report().messages, |done| done.report.messages);
    assert!(results(&messages)[0].contains("max_tool_calls"), "{:?}", results(&messages));
    assert!(journal.lines().is_empty(), "no call of the batch began: {:?}", journal.lines());
}

#[tokio::test]
async fn a_history_with_an_open_call_is_refused_before_anything_is_sent() {
    let call = || calls(&[("a", "t", "{}")]).message;
    let answer = |id: &str| Message::tool(vec![runlet::ToolResult::text(&runlet::ToolCall::new(id, "t", "{}"), "x")]);
    let user = || Message::user("go");
    for (history, words) in [
        (vec![user(), call()], "message 1 has the tool call `a`"),
        (vec![user(), call(), user()], "message 1 has the tool call `a`"),
        (vec![user(), call(), answer("b"), user()], "message 2 has a result for `b`"),
        (vec![answer("a"), user()], "message 0 has a result for `a`"),
        (vec![call(), answer("a"), answer("a"), user()], "message 2 has a result for `a`"),
    ] {
        let model = ScriptedModel::new().text("never");
        let error = Runtime::new().run(&agent(&model, []), (), history).await.unwrap_err();
        assert_eq!((error.kind(), model.requests().len()), (ErrorKind::Config, 0));
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.error().detail::<runlet::message::Unpaired>().is_some());
    }
    let model = ScriptedModel::new().text("done");
    let whole = vec![user(), call(), answer("a"), user()];
    assert!(Runtime::new().run(&agent(&model, []), (), whole).await.is_ok());
}

#[tokio::test]
async fn calls_of_one_turn_in_several_messages_are_sent_in_one() {
    let call = |id: &str| calls(&[(id, "t", "{}")]).message;
    let result = |id: &str| runlet::ToolResult::text(&runlet::ToolCall::new(id, "t", "{}"), "x");
    let seen = |id: &str| {
        let mut result = result(id);
        result.content.push(Part::Media(Media::image_base64("image/png", "AAAA")));
        Message::tool(vec![result])
    };
    let answer = |id: &str| Message::tool(vec![result(id)]);
    let history = vec![
        Message::user("go"),
        call("a"),
        call("b"),
        seen("a"),
        answer("b"),
        Message::assistant("Done."),
        Message::assistant("Really."),
        call("c").pinned(),
        answer("c"),
        Message::user("again"),
    ];
    let model = ScriptedModel::new().text("done");
    Runtime::new().run(&agent(&model, []), (), history).await.expect("an answer");
    let sent = &model.requests()[0].messages;
    let shape: Vec<_> = sent.iter().map(|message| (message.role, message.parts.len())).collect();
    let (user, assistant, tool) = (Role::User, Role::Assistant, Role::Tool);
    let (said, twice) = ([(assistant, 1), (assistant, 1), (assistant, 1), (tool, 1)], [(assistant, 2), (tool, 2)]);
    assert_eq!(shape, [&[(user, 1)], &twice[..], &said[..], &[(user, 1)]].concat());
    // What two providers keep cannot be kept with one message.
    let keeping = |id: &str, provider: &str| {
        let fields = serde_json::Map::from_iter([("x".to_owned(), json!(1))]);
        Message { extra: Extra::new(provider, fields), ..call(id) }
    };
    let mixed = vec![keeping("a", "p"), call("b"), keeping("c", "q"), answer("a"), answer("b"), answer("c")];
    let error = Runtime::new().run(&agent(&model, []), (), mixed).await.unwrap_err();
    assert!(error.error().detail::<runlet::message::Unpaired>().is_some());
    // Calls that stand apart from those that are open are nobody's turn.
    let torn = vec![call("a"), Message::user("x"), call("b"), answer("a"), answer("b"), Message::user("go")];
    let error = Runtime::new().run(&agent(&model, []), (), torn).await.unwrap_err();
    assert!(error.error().detail::<runlet::message::Unpaired>().is_some());
}

#[test]
fn the_kinds_of_limits_have_stable_names() {
    assert_eq!(json!(Limit::IdenticalCalls), json!("identical_calls"));
    assert_eq!(json!(ToolErrorKind::Deferred), json!("deferred"));
}

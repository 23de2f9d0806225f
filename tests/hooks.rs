//! Hooks: their order, what they may change and veto, and what happens when they break.

use std::time::Duration;

use runlet::event::{EventKind, EventLog};
use runlet::hook::{Hook, HookContext, HookPolicy, ModelVerdict, ToolVerdict};
use runlet::model::{ModelRequest, ModelResponse};
use runlet::testing::ScriptedModel;
use runlet::{Agent, Error, ErrorKind, Message, Part, Result, RunError, RunResult, Runtime, ToolCall, ToolResult};
use serde_json::json;

use crate::kit::{Journal, Stub, results};

/// Where a hook does something, and what.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Point {
    BeforeModel,
    AfterModel,
    BeforeTool,
    AfterTool,
    Never,
}

#[derive(Clone, Copy)]
enum Deed {
    Note,
    Change,
    Deny,
    Fail,
    Panic,
    Hang,
}

struct Acts {
    name: &'static str,
    at: Point,
    deed: Deed,
    journal: Journal,
}

impl Acts {
    async fn act(&self, point: Point, change: impl FnOnce() + Send) -> Result<ToolVerdict> {
        self.journal.note(format!("{} {point:?}", self.name));
        if point != self.at {
            return Ok(ToolVerdict::Run);
        }
        change();
        match self.deed {
            Deed::Note | Deed::Change => {}
            Deed::Deny => return Ok(ToolVerdict::deny("not on a Sunday")),
            Deed::Fail => return Err(Error::new(ErrorKind::Hook, "I say no")),
            Deed::Panic => panic!("canary"),
            Deed::Hang => std::future::pending().await,
        }
        Ok(ToolVerdict::Run)
    }
}

impl Hook for Acts {
    fn name(&self) -> &str {
        self.name
    }

    async fn before_model_call(&self, _: &HookContext, request: &mut ModelRequest) -> Result<ModelVerdict> {
        let change = || request.instructions = Some("changed".into());
        self.act(Point::BeforeModel, change).await.map(|_| ModelVerdict::Send)
    }

    async fn after_model_call(&self, _: &HookContext, response: &mut ModelResponse) -> Result<()> {
        let change = || {
            for part in &mut response.message.parts {
                if let Part::Text(text) = part {
                    text.text = "changed".into();
                }
            }
        };
        self.act(Point::AfterModel, change).await.map(drop)
    }

    async fn before_tool_call(&self, _: &HookContext, call: &mut ToolCall) -> Result<ToolVerdict> {
        let change = || {
            call.arguments = "\"changed\"".into();
            call.id = "another".into();
            call.name = "other".into();
        };
        self.act(Point::BeforeTool, change).await
    }

    async fn after_tool_call(&self, _: &HookContext, _: &ToolCall, result: &mut ToolResult) -> Result<()> {
        let change = || {
            result.content = vec![Part::text("changed")];
            result.call_id = "another".into();
        };
        self.act(Point::AfterTool, change).await.map(drop)
    }
}

/// A run with one tool call under one hook that acts at one point.
struct Ran {
    ended: std::result::Result<RunResult<String>, RunError>,
    model: ScriptedModel,
    journal: Journal,
    log: EventLog,
}

async fn run(at: Point, deed: Deed, policy: HookPolicy) -> Ran {
    let (journal, log) = (Journal::default(), EventLog::new());
    let model = ScriptedModel::new().tool_call("t", json!("own")).text("done");
    let ran = journal.clone();
    let stub = Stub::new("t", move |_, arguments| {
        ran.note("ran");
        async { Ok(arguments) }
    });
    let agent: Agent = Agent::builder("tester")
        .model(model.clone())
        .instructions("own")
        .tool(stub)
        .tool(Stub::failing("other", || runlet::ToolError::fatal("a hook chose another tool")))
        .hook_with(Acts { name: "h", at, deed, journal: journal.clone() }, policy)
        .build()
        .unwrap();
    let ended = Runtime::new().event_log(&log).run(&agent, (), "go").await;
    Ran { ended, model, journal, log }
}

/// What can be seen of a run that came to its answer: the instructions sent, what the model read, and the answer.
async fn check_seen(at: Point, deed: Deed, policy: HookPolicy, expected: [&str; 3]) {
    let ran = run(at, deed, policy).await;
    let result = ran.ended.unwrap();
    let instructions = ran.model.requests()[0].instructions.clone().unwrap();
    let read = results(&ran.model.requests()[1].messages).concat();
    assert_eq!([&*instructions, &read, &result.output], expected, "{at:?}");
}

const UNCHANGED: [&str; 3] = ["own", "\"own\"", "done"];

#[tokio::test]
async fn a_hook_changes_what_it_is_shown_at_every_point() {
    let policy = HookPolicy::new;
    check_seen(Point::Never, Deed::Note, policy(), UNCHANGED).await;
    check_seen(Point::BeforeModel, Deed::Change, policy(), ["changed", "\"own\"", "done"]).await;
    check_seen(Point::AfterModel, Deed::Change, policy(), ["own", "\"own\"", "changed"]).await;
    check_seen(Point::BeforeTool, Deed::Change, policy(), ["own", "\"changed\"", "done"]).await;
    check_seen(Point::AfterTool, Deed::Change, policy(), ["own", "changed", "done"]).await;
}

#[tokio::test]
async fn a_denied_tool_does_not_run_and_the_model_reads_why() {
    let ran = run(Point::BeforeTool, Deed::Deny, HookPolicy::new()).await;
    assert_eq!(results(&ran.ended.unwrap().messages), ["This call was not run: not on a Sunday"]);
    assert!(!ran.journal.lines().contains(&"ran".to_owned()));
}

/// A hook that breaks at a point fails the run, in time, and says so in one event.
async fn check_fails_closed(at: Point, deed: Deed, words: &str) {
    let ran = run(at, deed, HookPolicy::new().timeout(Duration::from_millis(5))).await;
    let error = ran.ended.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Hook);
    assert!(error.to_string().contains("`h`") && error.to_string().contains(words), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
    crate::kit::assert_whole(&error.report().messages);
    let requests = usize::from(at != Point::BeforeModel);
    assert_eq!(ran.model.requests().len(), requests);
    assert_eq!(ran.journal.lines().contains(&"ran".to_owned()), at == Point::AfterTool, "{at:?}");
    let failed: Vec<_> = ran
        .log
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::HookFailed { hook, point, .. } => Some((hook, point)),
            _ => None,
        })
        .collect();
    let point = match at {
        Point::BeforeModel => "before_model_call",
        Point::AfterModel => "after_model_call",
        Point::BeforeTool => "before_tool_call",
        _ => "after_tool_call",
    };
    assert_eq!(failed, [("h".to_owned(), point)]);
}

#[tokio::test(start_paused = true)]
async fn row_71_a_hook_that_fails_panics_or_hangs_fails_the_run() {
    for at in [Point::BeforeModel, Point::AfterModel, Point::BeforeTool, Point::AfterTool] {
        check_fails_closed(at, Deed::Fail, "I say no").await;
        check_fails_closed(at, Deed::Panic, "panicked").await;
        check_fails_closed(at, Deed::Hang, "took longer than 5 ms").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_may_be_skipped_leaves_nothing_half_done() {
    for at in [Point::BeforeModel, Point::AfterModel, Point::BeforeTool, Point::AfterTool] {
        for deed in [Deed::Fail, Deed::Panic, Deed::Hang] {
            check_seen(at, deed, HookPolicy::new().skip_on_failure(), UNCHANGED).await;
        }
        check_seen(at, Deed::Fail, HookPolicy::new().disabled(), UNCHANGED).await;
    }
    let disabled = run(Point::Never, Deed::Note, HookPolicy::new().disabled()).await;
    assert_eq!(disabled.journal.lines(), ["ran"], "a disabled hook is not called");
}

#[tokio::test]
async fn hooks_go_in_through_the_runtimes_first_and_out_in_reverse() {
    let journal = Journal::default();
    let hook = |name| Acts { name, at: Point::Never, deed: Deed::Note, journal: journal.clone() };
    let agent: Agent = Agent::builder("tester")
        .model(ScriptedModel::new().tool_call("t", json!({})).text("done"))
        .tool(Stub::echo("t"))
        .hook(hook("a1"))
        .hook(hook("a2"))
        .build()
        .unwrap();
    Runtime::new().hook(hook("r")).run(&agent, (), "go").await.unwrap();
    let expected: Vec<String> = ["BeforeModel", "AfterModel", "BeforeTool", "AfterTool", "BeforeModel", "AfterModel"]
        .iter()
        .flat_map(|point| {
            let order = if point.starts_with("Before") { ["r", "a1", "a2"] } else { ["a2", "a1", "r"] };
            order.map(|name| format!("{name} {point}"))
        })
        .collect();
    assert_eq!(journal.lines(), expected);
}

struct PanicsAtOnce;

impl Hook for PanicsAtOnce {
    fn name(&self) -> &'static str {
        "at_once"
    }

    fn before_model_call(
        &self,
        _: &HookContext,
        _: &mut ModelRequest,
    ) -> impl Future<Output = Result<ModelVerdict>> + Send {
        assert!(self.name().is_empty(), "canary");
        async { Ok(ModelVerdict::Send) }
    }
}

#[tokio::test]
async fn a_hook_that_panics_before_its_future_is_there_fails_the_run_too() {
    let agent: Agent = Agent::builder("tester").model(ScriptedModel::new()).hook(PanicsAtOnce).build().unwrap();
    let error = Runtime::new().run(&agent, (), Message::user("go")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Hook);
}

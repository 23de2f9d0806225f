//! Has a recorded conversation again, as runs of an agent.
//!
//! The agent's tools answer as those of the recorded client did. As long as a turn is continued by nothing but tool
//! results it belongs to one run; what else was said begins the next run, after all that the runs before it left.

use std::collections::BTreeMap;
use std::sync::Arc;

use runlet::agent::RunPolicy;
use runlet::budget::ContextPolicy;
use runlet::hook::{Hook, HookContext, ModelVerdict};
use runlet::model::{ModelRequest, ToolDefinition};
use runlet::run::RunStatus;
use runlet::schema::Schema;
use runlet::tool::{Arguments, Effect, ToolFuture, ToolSpec, Toolbox};
use runlet::{
    Agent, Context, Message, Messages, Part, Role, RunReport, Runtime, Tool, ToolError, ToolOutput, ToolPolicy,
    ToolResult,
};
use serde_json::{Value, json};

use crate::api::Api;
use crate::checks::recorded_reply;
use crate::conversation::{Conversation, Turn};
use crate::loopback::Loopback;

/// More than any recording takes: what is not under test here is not to get in the way.
const PLENTY: usize = 1 << 30;

/// Runs a conversation. Gives the bodies of the requests that were sent, one for each turn, or what went wrong in words.
pub(crate) async fn run(api: &dyn Api, conversation: &Conversation<'_>) -> Result<Vec<Value>, String> {
    let server = Loopback::start().await;
    let mut history = Messages::new();
    let mut sent = Vec::new();
    let tools = tools(api, &conversation.turns);
    let mut rest = conversation.turns.as_slice();
    while let Some(first) = rest.first() {
        let turns = 1 + continued_by_tools(api, rest);
        let said = unanswered(&history, &first.said);
        history.extend(said);
        let report = run_turns(api, &server, rest, turns, &tools, history).await?;
        let received = std::iter::from_fn(|| server.received());
        let bodies: Vec<Value> =
            received.map(|request| serde_json::from_slice(&request.body).unwrap_or_default()).collect();
        // A run also ends where the model calls nothing, whatever tools said in the recording after that.
        let (turns, after) = rest.split_at(bodies.len().min(turns));
        ended_as_recorded(&report, turns, sent.len())?;
        sent.extend(bodies);
        history = report.messages;
        rest = after;
    }
    Ok(sent)
}

/// How many turns after the first one go on with results of tools alone, sent in the same way.
fn continued_by_tools(api: &dyn Api, turns: &[Turn<'_>]) -> usize {
    let goes_on = |pair: &&[Turn<'_>]| match pair {
        [before, turn] => {
            let parts = || turn.said.iter().flat_map(|message| &message.parts);
            !before.exchange.is_error()
                && parts().next().is_some()
                && parts().all(|part| matches!(part, Part::ToolResult(_)))
                && is_streamed(api, before) == is_streamed(api, turn)
        }
        _ => false,
    };
    turns.windows(2).take_while(goes_on).count()
}

fn is_streamed(api: &dyn Api, turn: &Turn<'_>) -> bool {
    api.is_stream(turn.exchange) || turn.exchange.recorded.request.body["stream"] == true
}

/// What of the new messages the tools of the last run have not said already.
fn unanswered(history: &Messages, said: &[Message]) -> Vec<Message> {
    let mut answered = history.last().map_or(0, |message| message.tool_results().count());
    let mut is_new = |part: &Part| {
        let is_old = answered > 0 && matches!(part, Part::ToolResult(_));
        answered -= usize::from(is_old);
        !is_old
    };
    let mut said = said.to_vec();
    for message in said.iter_mut().take_while(|message| message.role == Role::Tool) {
        message.parts.retain(&mut is_new);
    }
    said.retain(|message| !message.parts.is_empty());
    said
}

/// One run of at most so many turns, the first of `rest`.
async fn run_turns(
    api: &dyn Api,
    server: &Loopback,
    rest: &[Turn<'_>],
    turns: usize,
    tools: &BTreeMap<String, ToolSpec>,
    history: Messages,
) -> Result<RunReport, String> {
    let Some(first) = rest.first() else { return Err("a run without turns".to_owned()) };
    for turn in rest.iter().take(turns) {
        let body = turn.exchange.recorded.response.body.clone().unwrap_or_default();
        server.reply(recorded_reply(turn.exchange, vec![body.into_bytes()]));
    }
    // The calls of the last answer are answered too, even if the next run sends the results.
    let results = Arc::new(rest.iter().skip(1).map(results).collect::<Vec<_>>());
    let steps = u32::try_from(turns).unwrap_or(u32::MAX);
    let mut agent = Agent::<(), String>::builder("recorded")
        .model(api.model(first.exchange, &server.url("/v1")))
        .context(ContextPolicy::new().max_context_tokens(PLENTY as u64))
        .run_policy(RunPolicy::new().max_steps(steps).max_tool_calls_per_step(PLENTY))
        .tool_policy(ToolPolicy::new().max_output_bytes(PLENTY))
        .hook(RecordedTools(rest.iter().map(|turn| turn.request.tools.clone()).collect()));
    for spec in tools.values() {
        agent = agent.tool(RecordedTool { spec: spec.clone(), results: results.clone() });
    }
    let agent = agent.build().map_err(|error| format!("no agent: {error}"))?;
    let mut request = first.request.clone();
    request.messages = history;
    let result = if is_streamed(api, first) {
        Runtime::new().stream_request(&agent, (), request).finish().await
    } else {
        Runtime::new().run_request(&agent, (), request).await
    };
    Ok(result.map_or_else(runlet::RunError::into_report, |result| result.report))
}

/// Checks that a run went as far as the recording does, and ended as that says.
fn ended_as_recorded(report: &RunReport, turns: &[Turn<'_>], before: usize) -> Result<(), String> {
    let place = before + turns.len().saturating_sub(1);
    let Some(last) = turns.last() else { return Err(format!("turn {place} was not sent: {}", words(report))) };
    let is_error = last.exchange.is_error();
    let is_of_provider = report.error.as_ref().is_some_and(|error| error.provider().is_some());
    match report.status {
        // It is stopped where the answer calls tools, but somebody else spoke next, or nobody.
        RunStatus::Completed | RunStatus::Refused | RunStatus::Stopped if !is_error => Ok(()),
        RunStatus::Failed if is_error && is_of_provider => Ok(()),
        status => Err(format!("turn {place}: the run stands at {status:?}: {}", words(report))),
    }
}

fn words(report: &RunReport) -> String {
    report.error.as_ref().map_or_else(|| "no error".to_owned(), ToString::to_string)
}

/// The results that a turn brings.
fn results(turn: &Turn<'_>) -> Vec<ToolResult> {
    turn.said.iter().flat_map(|message| message.tool_results().cloned()).collect()
}

/// Everything that the model could call: what the requests declare, and what was called although none does.
fn tools(api: &dyn Api, turns: &[Turn<'_>]) -> BTreeMap<String, ToolSpec> {
    let mut specs = BTreeMap::new();
    for turn in turns {
        for tool in turn.request.tools.iter() {
            if let Some(spec) = spec(tool) {
                specs.entry(spec.name.clone().into_owned()).or_insert(spec);
            }
        }
    }
    for turn in turns {
        let body = turn.exchange.recorded.response.body.as_deref().unwrap_or_default();
        let Ok(answer) = api.import(&api.body_of(api.output(body))) else { continue };
        for call in answer.messages.iter().flat_map(|message| message.tool_calls()) {
            specs.entry(call.name.clone()).or_insert_with(|| bare_spec(&call.name, &json!({})));
        }
    }
    // A name that no tool can have is called in vain, as the agent's user would see it.
    specs.retain(|_, spec| {
        let tool = RecordedTool { spec: spec.clone(), results: Arc::default() };
        Toolbox::<()>::new().add(tool).is_ok()
    });
    // The tools only look up what was recorded, so calls may begin while the answer still arrives.
    for spec in specs.values_mut() {
        spec.effect = Effect::Read;
    }
    specs
}

fn spec(tool: &ToolDefinition) -> Option<ToolSpec> {
    match tool {
        ToolDefinition::Function(spec) => Some(ToolSpec::clone(spec)),
        // A function with fields that Runlet has no word for is kept as it was written.
        ToolDefinition::Native(native) => {
            let tool: Value = serde_json::from_str(&native.item).ok()?;
            let parameters = ["parameters", "input_schema"].into_iter().find_map(|name| tool.get(name))?;
            Some(bare_spec(tool["name"].as_str()?, parameters))
        }
        _ => None,
    }
}

fn bare_spec(name: &str, parameters: &Value) -> ToolSpec {
    let schema = Schema::from_value(parameters.clone()).or_else(|_| Schema::from_value(true.into()));
    ToolSpec::new(name.to_owned(), "", schema.expect("`true` is a schema"))
}

/// Tells the model of the tools that were recorded, turn by turn, in place of the agent's: some that are called were
/// never declared, or in a form that only the provider knows.
struct RecordedTools(Vec<Arc<Vec<ToolDefinition>>>);

impl Hook for RecordedTools {
    fn name(&self) -> &'static str {
        "recorded_tools"
    }

    async fn before_model_call(
        &self,
        context: &HookContext,
        request: &mut ModelRequest,
    ) -> runlet::Result<ModelVerdict> {
        if let Some(tools) = of_step(&self.0, context.step()) {
            request.tools.clone_from(tools);
        }
        Ok(ModelVerdict::Send)
    }
}

/// A tool that says what was recorded.
struct RecordedTool {
    spec: ToolSpec,
    /// By step and in the recorded order, the results of all tools.
    results: Arc<Vec<Vec<ToolResult>>>,
}

impl Tool<()> for RecordedTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call<'a>(&'a self, context: &'a Context<()>, _: Arguments<'a>) -> ToolFuture<'a> {
        Box::pin(async move {
            let call = context.info();
            let results = of_step(&self.results, call.step()).map(Vec::as_slice).unwrap_or_default();
            let by_id = results.iter().find(|result| result.call_id == call.call_id());
            // Where the recorded client gave the calls other ids, their order tells.
            let by_place =
                || results.get(call.index()).filter(|result| [call.tool(), ""].contains(&result.name.as_str()));
            // Where there are no ids, the results may come in an order of their own.
            let by_name = || results.iter().find(|result| result.call_id.is_empty() && result.name == call.tool());
            let result = by_id.or_else(by_place).or_else(by_name);
            let result = result.ok_or_else(|| ToolError::failed("nothing was recorded for this call"))?;
            Ok(ToolOutput::parts(result.content.clone()))
        })
    }
}

/// What belongs to a step; steps count from 1.
fn of_step<T>(list: &[T], step: u32) -> Option<&T> {
    list.get(usize::try_from(step).ok()?.checked_sub(1)?)
}

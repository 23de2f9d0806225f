//! What meddles with random runs: hooks, a guard, a compressor and a store that do anything, as their seed says.
//!
//! What one of them does follows from the seed and from where it is asked, and not from the order in which calls that run
//! at once come to it. So a run is the same whole and streamed.

use std::panic::resume_unwind;
use std::time::Duration;

use runlet::agent::AgentBuilder;
use runlet::budget::{Compressor, ContextPolicy, CutToolResults, DropOldestTurns, Need};
use runlet::hook::{
    Guard, Hook, HookContext, HookPolicy, ModelFailure, ModelRecovery, ModelVerdict, Next, RunEnd, StateOperation,
    StateOutcome, ToolFailure, ToolRecovery, ToolVerdict, Verdict,
};
use runlet::message::Messages;
use runlet::model::{ModelResponse, PreparedRequest, StopReason};
use runlet::state::{InMemoryStateStore, StateScope, StateStore, Stored};
use runlet::testing::ScriptedModel;
use runlet::tool::ToolOutput;
use runlet::{Error, ErrorKind, Message, ModelRequest, Part, Result, Runtime, ToolCall, ToolResult};
use serde_json::Value;

use super::{CANARY, Chance, World, answer};
use crate::kit::text;

/// How long a hook or a guard may take.
const PATIENCE: Duration = Duration::from_millis(50);

/// One that meddles.
#[derive(Clone)]
struct Meddler {
    seed: u64,
    /// Of how many times it breaks once.
    breaks: u64,
    world: World,
    model: ScriptedModel,
}

impl Meddler {
    /// What it does at a point of a run.
    fn chance(&self, context: &HookContext, point: &str, key: &str) -> Chance {
        self.chance_of(&format!("{} {point} {key}", context.step()))
    }

    fn chance_of(&self, point: &str) -> Chance {
        // FNV-1a, for a number of its own at each point.
        let hashed = point
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Chance(self.seed ^ hashed)
    }

    /// Takes its time, or breaks.
    async fn meddle(&self, chance: &mut Chance) -> Result<()> {
        if chance.one_in(4) {
            tokio::time::sleep(Duration::from_millis(chance.below(30))).await;
        }
        if !chance.one_in(self.breaks) {
            return Ok(());
        }
        match chance.below(3) {
            0 => Err(Error::new(ErrorKind::Tool, "the hook broke")),
            1 => resume_unwind(Box::new(CANARY)),
            _ => std::future::pending().await,
        }
    }

    /// As [`meddle`](Self::meddle), where nothing may begin after the run.
    async fn begin(&self, chance: &mut Chance) -> Result<()> {
        self.world.asked_a_hook();
        self.meddle(chance).await
    }

    /// Surrounds work: lets it be, does not let it begin, or lets go of it half-way.
    async fn surround<T: Clone>(&self, chance: &mut Chance, next: Next<'_, T>, other: Option<T>) -> Result<T> {
        self.meddle(chance).await?;
        let outcome = match (chance.below(24), other) {
            (0, Some(other)) => return Ok(other),
            (1, Some(other)) => {
                // What it lets go of may end at the same moment, which a stream comes to in more turns.
                self.world.differs();
                let patience = Duration::from_millis(1 + chance.below(20));
                return tokio::time::timeout(patience, next.run()).await.unwrap_or(Ok(other));
            }
            _ => next.run().await,
        };
        self.meddle(chance).await?;
        outcome
    }
}

fn said_by_a_hook(chance: &mut Chance) -> ModelResponse {
    if chance.one_in(2) { text("said by a hook") } else { answer(chance) }
}

impl Hook for Meddler {
    fn name(&self) -> &str {
        "meddler"
    }

    async fn before_run(&self, context: &HookContext, _: &Messages) -> Result<()> {
        self.begin(&mut self.chance(context, "before_run", "")).await
    }

    async fn around_run(&self, context: &HookContext, next: Next<'_, ()>) -> Result<()> {
        let mut chance = self.chance(context, "around_run", "");
        let other = chance.one_in(4).then_some(());
        self.surround(&mut chance, next, other).await
    }

    async fn on_run_error(&self, context: &HookContext, _: &RunEnd<'_>, _: &Error) -> Result<()> {
        self.begin(&mut self.chance(context, "on_run_error", "")).await
    }

    async fn after_run(&self, context: &HookContext, _: &RunEnd<'_>) -> Result<()> {
        self.begin(&mut self.chance(context, "after_run", "")).await
    }

    async fn before_model_call(&self, context: &HookContext, request: &mut ModelRequest) -> Result<ModelVerdict> {
        let mut chance = self.chance(context, "before_model_call", "");
        match chance.below(24) {
            0 => request.messages.push(Message::user("said by a hook")),
            1 => request.messages = request.messages.iter().skip(1).cloned().collect(),
            2 => request.instructions = Some("be brief".into()),
            _ => {}
        }
        self.begin(&mut chance).await?;
        if chance.one_in(24) {
            return Ok(ModelVerdict::respond(said_by_a_hook(&mut chance)));
        }
        Ok(ModelVerdict::Send)
    }

    async fn around_model_call(
        &self,
        context: &HookContext,
        _: &PreparedRequest,
        next: Next<'_, ModelResponse>,
    ) -> Result<ModelResponse> {
        let mut chance = self.chance(context, "around_model_call", "");
        let other = said_by_a_hook(&mut chance);
        self.surround(&mut chance, next, Some(other)).await
    }

    async fn on_model_error(&self, context: &HookContext, failure: &ModelFailure) -> Result<ModelRecovery> {
        let mut chance = self.chance(context, "on_model_error", &failure.attempt.to_string());
        if !failure.may_retry && failure.attempt <= 3 {
            self.world.differs();
        }
        self.begin(&mut chance).await?;
        Ok(match chance.below(3) {
            0 => ModelRecovery::Respond(Box::new(said_by_a_hook(&mut chance))),
            1 => ModelRecovery::Retry { after: Duration::from_millis(chance.below(40)) },
            _ => ModelRecovery::Fail,
        })
    }

    async fn after_model_call(&self, context: &HookContext, response: &mut ModelResponse) -> Result<()> {
        let mut chance = self.chance(context, "after_model_call", "");
        match chance.below(24) {
            0 => response.message.parts.push(Part::text("said by a hook")),
            1 => response.message.parts.clear(),
            2 => response.stop_reason = StopReason::MaxTokens,
            _ => {}
        }
        self.begin(&mut chance).await
    }

    async fn before_tool_call(&self, context: &HookContext, call: &mut ToolCall) -> Result<ToolVerdict> {
        let mut chance = self.chance(context, "before_tool_call", &call.id);
        let verdict = match chance.below(24) {
            0 => ToolVerdict::deny("a hook says no"),
            1 => ToolVerdict::answer("said by a hook"),
            _ => ToolVerdict::Run,
        };
        if chance.one_in(8) {
            "{\"n\":7}".clone_into(&mut call.arguments);
        }
        self.begin(&mut chance).await?;
        if verdict != ToolVerdict::Run {
            self.world.deny(context.step(), &call.id);
        }
        Ok(verdict)
    }

    async fn around_tool_call(
        &self,
        context: &HookContext,
        call: &ToolCall,
        next: Next<'_, ToolResult>,
    ) -> Result<ToolResult> {
        let mut chance = self.chance(context, "around_tool_call", &call.id);
        self.surround(&mut chance, next, Some(ToolResult::text(call, "said by a hook"))).await
    }

    async fn on_tool_error(&self, context: &HookContext, failure: &ToolFailure<'_>) -> Result<ToolRecovery> {
        let mut chance = self.chance(context, "on_tool_error", &failure.call.id);
        self.begin(&mut chance).await?;
        let mended = chance.one_in(6);
        Ok(if mended { ToolRecovery::Answer(ToolOutput::text("mended by a hook")) } else { ToolRecovery::Keep })
    }

    async fn after_tool_call(&self, context: &HookContext, call: &ToolCall, result: &mut ToolResult) -> Result<()> {
        let mut chance = self.chance(context, "after_tool_call", &call.id);
        match chance.below(24) {
            0 => result.is_error = !result.is_error,
            1 => result.content.push(Part::text("more of it ".repeat(40))),
            2 => result.call_id.clear(),
            _ => {}
        }
        self.begin(&mut chance).await
    }

    async fn before_state_operation(&self, context: &HookContext, operation: &mut StateOperation) -> Result<()> {
        self.meddle(&mut self.chance(context, "before_state_operation", &format!("{operation:?}"))).await
    }

    async fn around_state_operation(
        &self,
        context: &HookContext,
        operation: &StateOperation,
        next: Next<'_, StateOutcome>,
    ) -> Result<StateOutcome> {
        let mut chance = self.chance(context, "around_state_operation", &format!("{operation:?}"));
        self.surround(&mut chance, next, None).await
    }

    async fn on_state_error(&self, context: &HookContext, operation: &StateOperation, _: &Error) -> Result<()> {
        self.meddle(&mut self.chance(context, "on_state_error", &format!("{operation:?}"))).await
    }

    async fn after_state_operation(
        &self,
        context: &HookContext,
        operation: &StateOperation,
        _: &mut Option<Stored>,
    ) -> Result<()> {
        self.meddle(&mut self.chance(context, "after_state_operation", &format!("{operation:?}"))).await
    }

    async fn before_compression(&self, context: &HookContext, messages: &Messages) -> Result<()> {
        self.begin(&mut self.chance(context, "before_compression", &messages.len().to_string())).await
    }

    async fn around_compression(
        &self,
        context: &HookContext,
        messages: &Messages,
        next: Next<'_, Option<Messages>>,
    ) -> Result<Option<Messages>> {
        let mut chance = self.chance(context, "around_compression", &messages.len().to_string());
        self.surround(&mut chance, next, Some(None)).await
    }

    async fn on_compression_error(&self, context: &HookContext, _: &Error) -> Result<()> {
        self.begin(&mut self.chance(context, "on_compression_error", "")).await
    }

    async fn after_compression(&self, context: &HookContext, messages: &mut Messages) -> Result<()> {
        let mut chance = self.chance(context, "after_compression", &messages.len().to_string());
        if chance.one_in(24) {
            *messages = messages.iter().skip(2).cloned().collect();
        }
        self.begin(&mut chance).await
    }
}

/// As a guard, it refuses too, and what it refuses must not be.
struct Refuses(Meddler);

impl Guard for Refuses {
    fn name(&self) -> &str {
        "refuses"
    }

    fn timeout(&self) -> Duration {
        PATIENCE
    }

    async fn check_run(&self, context: &HookContext, _: &Messages) -> Result<()> {
        self.0.begin(&mut self.0.chance(context, "check_run", "")).await
    }

    async fn check_model_call(&self, context: &HookContext, request: &PreparedRequest) -> Result<()> {
        if request.bill().is_none_or(|bill| bill.total().upper > bill.limit()) {
            self.0.world.violated("a model gets nothing uncounted, and nothing that does not fit");
        }
        let mut chance = self.0.chance(context, "check_model_call", "");
        if chance.one_in(self.0.breaks) {
            self.0.world.veto(self.0.model.requests().len());
            return Err(Error::new(ErrorKind::Tool, "refused"));
        }
        Ok(())
    }

    async fn check_response(&self, context: &HookContext, _: &ModelResponse) -> Result<()> {
        self.0.begin(&mut self.0.chance(context, "check_response", "")).await
    }

    async fn check_tool_call(&self, context: &HookContext, call: &ToolCall) -> Result<Verdict> {
        let mut chance = self.0.chance(context, "check_tool_call", &call.id);
        if chance.one_in(self.0.breaks) {
            self.0.world.deny(context.step(), &call.id);
            return if chance.one_in(2) {
                resume_unwind(Box::new(CANARY))
            } else {
                Ok(Verdict::deny("a guard says no"))
            };
        }
        self.0.begin(&mut chance).await.inspect_err(|_| self.0.world.deny(context.step(), &call.id))?;
        Ok(Verdict::Allow)
    }

    async fn check_tool_result(&self, context: &HookContext, call: &ToolCall, _: &ToolResult) -> Result<()> {
        self.0.begin(&mut self.0.chance(context, "check_tool_result", &call.id)).await
    }

    async fn check_state_operation(&self, context: &HookContext, operation: &StateOperation) -> Result<()> {
        self.0.meddle(&mut self.0.chance(context, "check_state_operation", &format!("{operation:?}"))).await
    }
}

impl Compressor for Meddler {
    fn name(&self) -> &str {
        "meddler"
    }

    async fn compress(&self, messages: &Messages, need: Need) -> Result<Option<Messages>> {
        let mut chance = self.chance_of(&format!("compress {}", messages.len()));
        self.world.asked_a_hook();
        if chance.one_in(4) {
            tokio::time::sleep(Duration::from_millis(chance.below(30))).await;
        }
        match chance.below(8) {
            0 => Err(Error::new(ErrorKind::Tool, "the compressor broke")),
            1 => resume_unwind(Box::new(CANARY)),
            2 => Ok(Some(messages.iter().skip(1).cloned().collect())),
            3 => Ok(Some(messages.iter().rev().cloned().collect())),
            4 => Ok(None),
            _ => DropOldestTurns::new().compress(messages, need).await,
        }
    }
}

/// A store that takes its time and loses its connection.
struct Store(Meddler, InMemoryStateStore);

impl Store {
    async fn asked(&self, what: &str) -> Result<()> {
        let mut chance = self.0.chance_of(what);
        tokio::time::sleep(Duration::from_millis(chance.below(20))).await;
        match chance.below(40) {
            0 => Err(Error::new(ErrorKind::State, "no connection")),
            1 => resume_unwind(Box::new(CANARY)),
            _ => Ok(()),
        }
    }
}

impl StateStore for Store {
    async fn load(&self, scope: &StateScope, key: &str) -> Result<Option<Stored>> {
        self.asked(&format!("load {key}")).await?;
        self.1.load(scope, key).await
    }

    async fn save(&self, scope: &StateScope, key: &str, value: Value, over: Option<u64>) -> Result<u64> {
        self.asked(&format!("save {key} {over:?}")).await?;
        self.1.save(scope, key, value, over).await
    }

    async fn delete(&self, scope: &StateScope, key: &str) -> Result<()> {
        self.asked(&format!("delete {key}")).await?;
        self.1.delete(scope, key).await
    }
}

/// An agent and a runtime with some of these, and always with the store.
pub(super) fn meddled<M>(
    chance: &mut Chance,
    mut builder: AgentBuilder<(), String, M>,
    runtime: Runtime,
    model: &ScriptedModel,
    world: &World,
) -> (AgentBuilder<(), String, M>, Runtime) {
    let breaks = chance.pick(&[1_000_000, 200, 60, 12]);
    let mut meddler = || Meddler { seed: chance.next(), breaks, world: world.clone(), model: model.clone() };
    let [a, b, guard, compressor, store] = [meddler(), meddler(), meddler(), meddler(), meddler()];
    let runtime = runtime.state_store(Store(store, InMemoryStateStore::new()));
    if chance.one_in(2) {
        let context = ContextPolicy::new().max_context_tokens(1_500 + chance.below(3_000)).reserved_output_tokens(50);
        builder = builder
            .context(context.compress(compressor).compress(CutToolResults::to(50)).compress(DropOldestTurns::new()));
    }
    match chance.below(4) {
        0 => (builder, runtime),
        1 => (builder.hook_with(a, policy(chance)), runtime),
        _ => (builder.hook_with(a, policy(chance)).guard(Refuses(guard)), runtime.hook_with(b, policy(chance))),
    }
}

fn policy(chance: &mut Chance) -> HookPolicy {
    let policy = HookPolicy::new().timeout(PATIENCE);
    if chance.one_in(2) { policy.skip_on_failure() } else { policy }
}

//! Runlet: an agent with one tool, over Chat Completions, or over Responses where the environment says so.

use bed::{Contestant, INSTRUCTIONS, QUESTION, Script, TOOL_RESULT};
use futures_util::StreamExt;
use runlet::event::EventKind;
use runlet::provider::OpenAiChat;
use runlet::{Agent, RunPolicy, Runtime, tool};

fn main() {
    bed::main::<Runlet>();
}

/// Looks up an order by the number on its receipt.
#[tool]
async fn lookup_order(order_id: String) -> &'static str {
    assert_eq!(order_id, "123");
    TOOL_RESULT
}

struct Runlet {
    runtime: Runtime,
    agent: Agent,
    script: Script,
}

impl Contestant for Runlet {
    fn new(base_url: String, script: Script) -> Self {
        let model = OpenAiChat::new("m").base_url(base_url).context_window(100_000_000);
        let steps = u32::try_from(script.requests() + 1).expect("a number of steps");
        let agent = Agent::builder("bed").model(model).instructions(INSTRUCTIONS).tool(lookup_order {});
        let agent =
            agent.run_policy(RunPolicy::new().max_steps(steps).max_identical_calls(0)).build().expect("an agent");
        Self { runtime: Runtime::new(), agent, script }
    }

    async fn run(&self) -> usize {
        if self.script.deltas == 0 {
            return self.runtime.run(&self.agent, (), QUESTION).await.expect("an answer").output.len();
        }
        let mut stream = self.runtime.stream(&self.agent, (), QUESTION);
        let mut length = 0;
        while let Some(event) = stream.next().await {
            if let EventKind::ModelTextDelta { text } = &event.kind {
                length += text.len();
            }
        }
        stream.finish().await.expect("an answer");
        length
    }
}

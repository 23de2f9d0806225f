//! rig: its agent with one tool.

use bed::{Contestant, INSTRUCTIONS, QUESTION, Script};
use futures_util::StreamExt;
use rig_agent::agent::MultiTurnStreamItem;
use rig_agent::{Agent, AgentBuilder};
use rig_core::providers::openai::OpenAIConfig;
use rig_core::streaming::{Item, StreamEvent};
use rig_core::tool::ToolExecutionError;

fn main() {
    bed::main::<Rig>();
}

/// Looks up an order by the number on its receipt.
#[rig_agent::rig_tool]
async fn lookup_order(order_id: String) -> Result<String, ToolExecutionError> {
    assert_eq!(order_id, "123");
    Ok(bed::TOOL_RESULT.to_owned())
}

struct Rig {
    agent: Agent,
    script: Script,
}

impl Contestant for Rig {
    fn new(base_url: String, script: Script) -> Self {
        let mut config = OpenAIConfig::new("key");
        config.base_url = base_url;
        let model = config.client().chat("m");
        Self { agent: AgentBuilder::new(model).preamble(INSTRUCTIONS).tool(LookupOrder).build(), script }
    }

    async fn run(&self) -> usize {
        let turns = self.script.requests() + 1;
        if self.script.deltas == 0 {
            return self.agent.prompt(QUESTION).max_turns(turns).await.expect("an answer").output().len();
        }
        let mut length = 0;
        let mut stream = self.agent.prompt(QUESTION).max_turns(turns).stream();
        while let Some(item) = stream.next().await {
            if let MultiTurnStreamItem::StreamAssistantItem(Item::Event(StreamEvent::Text { text, .. })) =
                item.expect("an item")
            {
                length += text.len();
            }
        }
        length
    }
}

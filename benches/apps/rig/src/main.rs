//! An agent with one tool, with rig.

use rig_agent::AgentBuilder;
use rig_core::providers::openai::OpenAIConfig;
use rig_core::tool::ToolExecutionError;

/// Looks up an order by the number on its receipt.
#[rig_agent::rig_tool]
async fn lookup_order(order_id: String) -> Result<String, ToolExecutionError> {
    Ok(format!("order {order_id}: delivered"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let question = std::env::args().nth(1).ok_or("a question is missing")?;
    let model = OpenAIConfig::new(std::env::var("OPENAI_API_KEY")?).client().chat("gpt-5.4-mini");
    let agent = AgentBuilder::new(model).preamble("You answer questions about orders.").tool(LookupOrder).build();
    println!("{}", agent.prompt(question).await?.output());
    Ok(())
}

//! An agent with one tool, with Runlet.

use runlet::provider::OpenAiChat;
use runlet::{Runtime, agent, tool};

/// Looks up an order by the number on its receipt.
#[tool]
async fn lookup_order(order_id: String) -> String {
    format!("order {order_id}: delivered")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let question = std::env::args().nth(1).ok_or("a question is missing")?;
    let support = agent!(support {
        model: OpenAiChat::from_env("gpt-5.4-mini")?,
        instructions: "You answer questions about orders.",
        tools: [lookup_order],
    });
    println!("{}", Runtime::new().run(&support, (), question).await?.output);
    Ok(())
}

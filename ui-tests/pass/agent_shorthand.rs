//! A field whose value is a variable of its name stands alone.

use runlet::testing::ScriptedModel;
use runlet::{Agent, agent, tool};

/// Greets.
#[tool]
async fn greet(name: String) -> String {
    name
}

fn main() {
    let model = ScriptedModel::new();
    let instructions = "Greet.";
    let agent: Agent = agent!(greeter { model, instructions, tools: [greet], max_steps: 2 });
    assert_eq!(agent.name(), "greeter");
    agent.check().unwrap();
}

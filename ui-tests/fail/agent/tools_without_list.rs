use runlet::testing::ScriptedModel;
use runlet::{agent, tool};

#[tool]
async fn greet() {}

fn main() {
    let _ = agent!(support { model: ScriptedModel::new(), tools: greet });
}

//! A value of the wrong type.

use runlet::testing::ScriptedModel;
use runlet::{agent, tool};

/// Looks up an order.
#[tool]
async fn lookup(order_id: String) -> String {
    order_id
}

fn main() {
    let _ = agent!(support { model: ScriptedModel::new(), max_steps: "twelve", tools: [lookup] });
}

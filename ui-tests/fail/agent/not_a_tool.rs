//! A function that is not a tool.

use runlet::testing::ScriptedModel;
use runlet::{agent, tool};

/// Looks up an order.
#[tool]
async fn lookup(order_id: String) -> String {
    order_id
}

async fn find(order_id: String) -> String {
    order_id
}

fn main() {
    let _ = agent!(support { model: ScriptedModel::new(), tools: [lookup, find] });
}

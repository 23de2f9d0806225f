//! A field given twice.

use runlet::testing::ScriptedModel;
use runlet::{agent, tool};

/// Looks up an order.
#[tool]
async fn lookup(order_id: String) -> String {
    order_id
}

fn main() {
    let _ = agent!(support { model: ScriptedModel::new(), instructions: "Help.", instructions: "Or not.", tools: [lookup] });
}

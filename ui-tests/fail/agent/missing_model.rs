//! An agent without a model.

use runlet::{agent, tool};

/// Looks up an order.
#[tool]
async fn lookup(order_id: String) -> String {
    order_id
}

fn main() {
    let _ = agent!(support { instructions: "Help.", tools: [lookup] });
}

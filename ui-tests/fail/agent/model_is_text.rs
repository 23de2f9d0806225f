//! A model given by its name alone.

use runlet::{agent, tool};

/// Looks up an order.
#[tool]
async fn lookup(order_id: String) -> String {
    order_id
}

fn main() {
    let _ = agent!(support { model: "gpt-5.5", tools: [lookup] });
}

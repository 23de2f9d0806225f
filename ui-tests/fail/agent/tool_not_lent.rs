//! A tool that borrows what the agent's dependencies do not lend.

use runlet::testing::ScriptedModel;
use runlet::{agent, tool};

/// Looks up an order.
#[tool]
async fn lookup(order_id: String) -> String {
    order_id
}

struct Orders;
struct Shop;

#[tool]
async fn find(orders: &Orders, order_id: String) -> String {
    let _ = orders;
    order_id
}

fn main() {
    let _ = agent!(support::<Shop> { model: ScriptedModel::new(), tools: [lookup, find] });
}

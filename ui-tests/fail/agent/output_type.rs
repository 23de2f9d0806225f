//! An output type that cannot be read.

use runlet::testing::ScriptedModel;
use runlet::{agent, tool};

/// Looks up an order.
#[tool]
async fn lookup(order_id: String) -> String {
    order_id
}

struct Resolution;

fn main() {
    let _ = agent!(support::<(), Resolution> { model: ScriptedModel::new(), tools: [lookup] });
}

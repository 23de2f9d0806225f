use runlet::tool;

struct Order;

#[tool]
async fn order() -> Order {
    Order
}

fn main() {}

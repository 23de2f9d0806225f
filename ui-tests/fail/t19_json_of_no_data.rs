use runlet::tool;

struct Order;

#[tool]
async fn order() -> runlet::Json<Order> {
    runlet::Json(Order)
}

fn main() {}

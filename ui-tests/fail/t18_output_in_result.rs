use runlet::tool;

#[derive(serde::Serialize)]
struct Order;

#[tool]
async fn order() -> Result<Order, runlet::ToolError> {
    Ok(Order)
}

fn main() {}

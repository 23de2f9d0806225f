#[tool(
    name = "refund-order",
    title = "Refund",
    description = "Pays an order back.",
    timeout = "30s",
    retries = 3,
    effect = idempotent,
    sequential,
    approval,
    max_output = 4096
)]
/// Replaced by the description.
async fn refund(order_id: String) -> bool {
    true
}

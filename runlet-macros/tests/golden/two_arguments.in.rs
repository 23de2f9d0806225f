#[tool]
/// Looks up an order.
async fn lookup_order(
    /// The number on the receipt.
    order_id: String,
    limit: u32,
) -> Result<String, DbError> {
    find(order_id, limit).await
}

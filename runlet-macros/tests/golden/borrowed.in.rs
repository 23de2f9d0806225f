#[tool]
pub async fn refund(ctx: &Context<Shop>, db: &OrderDb, mailer: &dyn Mailer, order_id: String) -> Json<Receipt> {
    db.refund(order_id).await
}

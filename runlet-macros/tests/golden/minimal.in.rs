#[tool]
async fn ping() {}

#[tool]
async fn r#move(r#type: String, r#in: Option<String>) {}

#[tool(crate = crate::kit::runlet)]
async fn ping(text: String) -> String {
    text
}

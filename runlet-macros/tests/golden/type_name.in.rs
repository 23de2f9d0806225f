#[tool(type = LookupOrder)]
pub(crate) async fn lookup_order(id: u64) -> String {
    id.to_string()
}

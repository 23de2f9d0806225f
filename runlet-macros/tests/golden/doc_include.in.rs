#[tool]
/// Before.
#[doc = include_str!("find.md")]
/// After.
async fn find() {}

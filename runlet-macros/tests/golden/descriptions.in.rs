#[tool]
/// Finds orders
/// by any of:
/// - their number
/// - their buyer
///
/// Newest first.
///
/// # Errors
/// Where the database is away.
async fn find(
    /// One word,
    /// or two.
    words: Vec<String>,
) {
}

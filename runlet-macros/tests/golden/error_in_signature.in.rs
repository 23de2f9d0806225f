#[tool(retires = 2)]
/// Finds.
fn find<T: Display>(
    /// What to find.
    #[arg(mim = 1)]
    what: &str,
    (a, b): (u8, u8),
) -> String {
    what.to_owned()
}

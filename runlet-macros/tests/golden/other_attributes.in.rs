#[tool]
#[deprecated(note = "use `search`")]
/// Finds.
#[instrument(skip_all)]
/// Slowly.
#[allow(clippy::too_many_arguments)]
async fn find(#[allow(unused)] mut id: u64) -> u64 {
    id += 1;
    id
}

#[tool(blocking, crate = ::kit::runlet)]
/// Reads.
fn read_file(path: String) -> String {
    path
}

//! The data that the project is given and does not carry.

use std::path::PathBuf;

/// A file of the shared data, as text: `RUNLET_SHARED` names its directory, which else lies beside the workspace. Says so
/// where there is none.
pub(crate) fn read(test: &str, path: &str) -> Option<String> {
    let shared = std::env::var_os("RUNLET_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    let contents = std::fs::read_to_string(shared.join(path)).ok();
    if contents.is_none() {
        println!("skipped: {test}: no shared data");
    }
    contents
}

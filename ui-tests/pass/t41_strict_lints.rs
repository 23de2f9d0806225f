#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    missing_copy_implementations,
    unreachable_pub,
    unused_qualifications,
    unused_results,
    rust_2018_idioms,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unused_lifetimes,
    let_underscore_drop,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    non_local_definitions,
    unsafe_code
)]
//! Nothing that the macros write meets a lint of a strict crate.

use runlet::{Deps, tool, toolset};

/// What tools borrow.
#[derive(Debug, Deps)]
pub struct Shop {
    db: Db,
    shared: std::sync::Arc<u8>,
}

/// A database.
#[derive(Clone, Copy, Debug)]
pub struct Db;

/// Finds.
#[tool(timeout = "1s")]
pub async fn find(db: &Db, #[arg(default = "x", pattern = "x")] text: String, note: Option<u8>) -> String {
    format!("{db:?} {text} {note:?}")
}

/// Files.
#[derive(Clone, Copy, Debug)]
pub struct Files;

#[toolset]
impl Files {
    /// Reads.
    #[tool]
    pub async fn read(&self, shared: &u8) -> u8 {
        *shared
    }
}

fn main() {
    let shop = Shop { db: Db, shared: std::sync::Arc::new(1) };
    assert_eq!(format!("{:?} {:?}", find {}, shop.db), "find Db");
    assert_eq!(Files::tools::<Shop>(Files).len(), *shop.shared as usize);
}

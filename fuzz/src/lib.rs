//! What each fuzz target does with its bytes. A test of the project runs the same functions over the committed corpus.

pub mod api;
pub mod arguments;
pub mod lowering;
pub mod request;
pub mod stream;

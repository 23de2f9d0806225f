#![deny(deprecated)]

use runlet::{Tool, tool};

#[tool]
#[deprecated(note = "use `search`")]
async fn find(id: u32) -> u32 {
    id
}

fn main() {
    assert_eq!(Tool::<()>::spec(&find {}).name, "find");
}

#![deny(dead_code)]

use runlet::{Tool, tool};

#[tool]
async fn find(id: u32) -> u32 {
    id
}

fn register<T: Tool<()> + Default>() {
    let _ = T::default();
}

fn main() {
    register::<find>();
}

use runlet::{Tool, tool};

/// One,
#[allow(unused_variables)]
/// two,
#[tool]
#[allow(clippy::all)]
/// three.
async fn count(id: u8) {}

fn main() {
    // What stands above `#[tool]` comes last: the compiler hands over the attributes below it first.
    let description = &Tool::<()>::spec(&count {}).description;
    assert_eq!(description, "One, two, three.");
}

use runlet::{Tool, tool};

/// Finds orders
/// by number.
///
/// * open ones
/// * paid ones
///
/// # Errors
/// Never.
#[tool]
async fn find() {}

fn main() {
    assert_eq!(Tool::<()>::spec(&find {}).description, "Finds orders by number.\n\n* open ones\n* paid ones");
}

use runlet::{Tool, tool};

/// Greets.
#[tool]
async fn greet(
    /// Whom to greet,
    /// by name.
    name: String,
    #[doc = "How often."] times: Option<u8>,
) -> String {
    format!("{name} {times:?}")
}

fn main() {
    let spec = Tool::<()>::spec(&greet {}).parameters.value().clone();
    assert_eq!(spec["properties"]["name"]["description"], "Whom to greet, by name.");
    assert_eq!(spec["properties"]["times"]["description"], "How often.");
}

use runlet::{Tool, tool};

/// Where it goes.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[allow(dead_code)]
struct Address {
    street: String,
}

#[tool]
async fn ship(to: Address, also: Vec<Address>) {
    let _ = (to, also);
}

fn main() {
    let schema = Tool::<()>::spec(&ship {}).parameters.json().to_owned();
    assert!(!schema.contains("title") && !schema.contains("$schema") && !schema.contains("ship"), "{schema}");
}

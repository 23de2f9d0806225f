use runlet::tool;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Address {
    street: String,
}

#[tool]
async fn ship(to: Address) -> String {
    to.street
}

fn main() {
    let to = Address { street: String::new() };
    let _ = ship::call(&runlet::Context::detached(()), to);
}

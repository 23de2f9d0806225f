use runlet::tool;

#[derive(schemars::JsonSchema)]
struct Address {
    street: String,
}

#[tool]
async fn ship(to: Address) -> String {
    to.street
}

fn main() {}

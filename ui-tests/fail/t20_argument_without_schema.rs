use runlet::tool;

#[derive(serde::Deserialize)]
struct Address {
    street: String,
}

#[tool]
async fn ship(to: Address) -> String {
    to.street
}

fn main() {}

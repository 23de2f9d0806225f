#![deny(private_interfaces)]

mod shop {
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Address {
        street: String,
    }

    #[runlet::tool]
    pub async fn ship(to: Address) -> String {
        to.street
    }
}

fn main() {}

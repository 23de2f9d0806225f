use runlet::tool;

struct Shop {
    name: String,
}

#[tool]
async fn name(shop: &Shop) -> &str {
    &shop.name
}

fn main() {}

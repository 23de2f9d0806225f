use runlet::tool;

#[tool]
async fn greet(#[serde(default)] name: String) -> String {
    name
}

fn main() {}

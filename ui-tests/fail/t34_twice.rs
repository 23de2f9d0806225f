use runlet::tool;

#[tool]
#[tool]
async fn greet(name: String) -> String {
    name
}

fn main() {}

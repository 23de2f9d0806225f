use runlet::tool;

#[tool]
async fn greet(name: String) -> String {
    name.len()
}

fn main() {}

use runlet::tool;

#[tool]
async fn greet(name: &str) -> String {
    name.to_owned()
}

fn main() {}

use runlet::tool;

#[tool]
async fn greet(name: &'static str) -> String {
    name.to_owned()
}

fn main() {}

use runlet::tool;

#[tool]
async fn greet(name: Option<&str>) -> bool {
    name.is_some()
}

fn main() {}

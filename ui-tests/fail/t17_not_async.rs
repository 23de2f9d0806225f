use runlet::tool;

#[tool]
fn greet(name: String) -> String {
    name
}

fn main() {}

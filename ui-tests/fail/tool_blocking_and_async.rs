use runlet::tool;

#[tool(blocking)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

use runlet::tool;

use runlet as kit;

#[tool(crate = kit)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

use runlet::tool;

#[tool(= 3)]
async fn greet() {}

fn main() {}

use runlet::tool;

#[tool(timeout = , sequential)]
async fn greet() {}

fn main() {}

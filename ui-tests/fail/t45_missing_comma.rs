use runlet::tool;

#[tool(sequential approval)]
async fn greet() {}

fn main() {}

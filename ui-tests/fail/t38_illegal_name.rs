use runlet::tool;

#[tool(name = "look up")]
async fn look_up() {}

fn main() {}

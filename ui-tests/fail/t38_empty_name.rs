use runlet::tool;

#[tool(name = "")]
async fn look_up() {}

fn main() {}

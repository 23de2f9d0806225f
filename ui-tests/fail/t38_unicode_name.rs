use runlet::tool;

#[tool]
async fn größe() {}

fn main() {}

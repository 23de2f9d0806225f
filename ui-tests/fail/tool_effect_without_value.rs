use runlet::tool;

#[tool(effect)]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

use runlet::tool;

#[tool(description = true)]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

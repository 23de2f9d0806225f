use runlet::tool;

#[tool(timeout = "30")]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

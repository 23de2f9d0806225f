use runlet::tool;

#[tool(timeout = "1s", timeout = "2s")]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

use runlet::tool;

#[tool(timeout = "0s")]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

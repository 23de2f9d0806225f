use runlet::tool;

#[tool(retries = 2)]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

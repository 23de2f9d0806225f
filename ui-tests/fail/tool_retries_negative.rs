use runlet::tool;

#[tool(effect = read, retries = -1)]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

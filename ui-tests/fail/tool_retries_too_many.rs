use runlet::tool;

#[tool(effect = read, retries = 5000000000)]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

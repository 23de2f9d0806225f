use runlet::tool;

#[tool(effect = idempotant)]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

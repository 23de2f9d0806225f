use runlet::tool;

#[tool(effect = "read")]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

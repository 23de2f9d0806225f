use runlet::tool;

#[tool(sequential = "yes")]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

use runlet::tool;

#[tool(type = "Find")]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

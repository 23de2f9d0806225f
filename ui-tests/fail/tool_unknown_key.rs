use runlet::tool;

#[tool(colour = "red")]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

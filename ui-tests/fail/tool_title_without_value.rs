use runlet::tool;

#[tool(title)]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

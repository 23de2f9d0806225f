use runlet::tool;

#[tool(name = 3)]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

use runlet::tool;

#[tool(name("find"))]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

use runlet::tool;

#[tool(name = find_order)]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

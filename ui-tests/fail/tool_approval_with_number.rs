use runlet::tool;

#[tool(approval = 1)]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

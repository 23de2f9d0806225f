use runlet::tool;

#[tool(crate = "runlet")]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

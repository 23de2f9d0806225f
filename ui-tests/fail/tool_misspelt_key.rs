use runlet::tool;

#[tool(descripton = "Finds.")]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

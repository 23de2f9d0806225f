use runlet::tool;

#[tool(max_output = "4 KiB")]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

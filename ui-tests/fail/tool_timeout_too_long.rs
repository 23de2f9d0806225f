use runlet::tool;

#[tool(timeout = "99999999999999999999h")]
async fn find(id: u32) -> u32 {
    id
}

fn main() {}

use runlet::tool;

#[tool]
async fn find(#[arg] id: u32) -> u32 {
    id
}

fn main() {}

use runlet::tool;

#[tool]
async fn find(id: u32, #[arg(name = "id")] other: u32) -> u32 {
    id + other
}

fn main() {}

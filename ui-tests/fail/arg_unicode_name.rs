use runlet::tool;

#[tool]
async fn find(größe: u32) -> u32 {
    größe
}

fn main() {}

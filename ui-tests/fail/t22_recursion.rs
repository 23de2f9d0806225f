use runlet::tool;

#[tool]
async fn count(down: u32) -> u32 {
    if down == 0 { 0 } else { count(down - 1).await }
}

fn main() {}

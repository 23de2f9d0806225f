use runlet::tool;

#[tool]
async fn add(ref whole: u8) -> u8 {
    *whole
}

fn main() {}

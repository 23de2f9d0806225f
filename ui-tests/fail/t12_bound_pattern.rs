use runlet::tool;

#[tool]
async fn add(whole @ 0..: u8) -> u8 {
    whole
}

fn main() {}

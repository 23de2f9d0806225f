use runlet::tool;

#[tool]
async fn show<const N: usize>(values: [u8; N]) -> usize {
    values.len()
}

fn main() {}

use runlet::tool;

#[tool]
async fn size(data: &[u8]) -> usize {
    data.len()
}

fn main() {}

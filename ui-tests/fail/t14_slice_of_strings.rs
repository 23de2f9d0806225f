use runlet::tool;

#[tool]
async fn size(names: &[String]) -> usize {
    names.len()
}

fn main() {}

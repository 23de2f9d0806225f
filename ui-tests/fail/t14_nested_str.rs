use runlet::tool;

#[tool]
async fn size(names: Vec<&str>) -> usize {
    names.len()
}

fn main() {}

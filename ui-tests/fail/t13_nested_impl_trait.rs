use runlet::tool;

#[tool]
async fn show(values: Vec<impl ToString>) -> usize {
    values.len()
}

fn main() {}

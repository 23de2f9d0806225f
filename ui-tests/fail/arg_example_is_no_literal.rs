use runlet::tool;

#[tool]
async fn find(#[arg(example = Some(3))] value: Option<u32>) {
    let _ = value;
}

fn main() {}

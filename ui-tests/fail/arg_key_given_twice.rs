use runlet::tool;

#[tool]
async fn find(#[arg(min = 1, min = 2)] value: u32) {
    let _ = value;
}

fn main() {}

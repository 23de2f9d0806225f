use runlet::tool;

#[tool]
async fn find(#[arg(min = 10, max = 1)] value: u32) {
    let _ = value;
}

fn main() {}

use runlet::tool;

#[tool]
async fn find(#[arg(max = 1)] value: bool) {
    let _ = value;
}

fn main() {}

use runlet::tool;

#[tool]
async fn find(#[arg(min = 1)] value: String) {
    let _ = value;
}

fn main() {}

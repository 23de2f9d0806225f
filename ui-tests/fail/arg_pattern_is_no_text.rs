use runlet::tool;

#[tool]
async fn find(#[arg(pattern = 3)] value: String) {
    let _ = value;
}

fn main() {}

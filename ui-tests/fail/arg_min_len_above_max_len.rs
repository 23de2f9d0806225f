use runlet::tool;

#[tool]
async fn find(#[arg(min_len = 5, max_len = 2)] value: String) {
    let _ = value;
}

fn main() {}

use runlet::tool;

#[tool]
async fn find(#[arg(pattern = "(?=x)")] value: String) {
    let _ = value;
}

fn main() {}

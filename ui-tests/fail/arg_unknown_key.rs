use runlet::tool;

#[tool]
async fn find(#[arg(required)] value: String) {
    let _ = value;
}

fn main() {}

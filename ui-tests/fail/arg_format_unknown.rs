use runlet::tool;

#[tool]
async fn find(#[arg(format = "credit-card")] value: String) {
    let _ = value;
}

fn main() {}

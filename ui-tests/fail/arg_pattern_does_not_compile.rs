use runlet::tool;

#[tool]
async fn find(#[arg(pattern = "([")] value: String) {
    let _ = value;
}

fn main() {}

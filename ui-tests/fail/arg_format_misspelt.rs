use runlet::tool;

#[tool]
async fn find(#[arg(format = "datetime")] value: String) {
    let _ = value;
}

fn main() {}

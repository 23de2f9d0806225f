use runlet::tool;

#[tool]
async fn find(#[arg(format = "date")] value: i64) {
    let _ = value;
}

fn main() {}

use runlet::tool;

#[tool]
async fn find(#[arg(name = "order id")] value: String) {
    let _ = value;
}

fn main() {}

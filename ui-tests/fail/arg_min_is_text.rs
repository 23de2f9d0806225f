use runlet::tool;

#[tool]
async fn find(#[arg(min = "1")] value: u32) {
    let _ = value;
}

fn main() {}

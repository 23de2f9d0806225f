use runlet::tool;

#[tool]
async fn find(#[arg(default = TEN)] value: u32) {
    let _ = value;
}

fn main() {}

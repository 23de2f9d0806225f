use runlet::tool;

#[tool]
async fn find(#[arg(default = 1.5)] value: u32) {
    let _ = value;
}

fn main() {}

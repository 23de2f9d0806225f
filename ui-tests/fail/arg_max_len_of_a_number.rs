use runlet::tool;

#[tool]
async fn find(#[arg(max_len = 3)] value: u32) {
    let _ = value;
}

fn main() {}

use runlet::tool;

#[tool]
async fn find(#[arg(default = "ten")] value: u32) {
    let _ = value;
}

fn main() {}

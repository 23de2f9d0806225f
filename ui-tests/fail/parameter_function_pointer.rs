use runlet::tool;

#[tool]
async fn find(by: fn(u32) -> bool) {
    let _ = by;
}

fn main() {}

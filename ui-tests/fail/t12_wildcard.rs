use runlet::tool;

#[tool]
async fn add(_: i64) -> i64 {
    0
}

fn main() {}

use runlet::tool;

struct Point {
    x: i64,
}

#[tool]
async fn add(Point { x }: Point) -> i64 {
    x
}

fn main() {}

use runlet::tool;

struct Greet;

#[tool]
impl Greet {
    async fn greet(&self) {}
}

fn main() {}

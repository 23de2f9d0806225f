use runlet::tool;

trait Greet {
    #[tool]
    async fn greet(name: String);
}

fn main() {}

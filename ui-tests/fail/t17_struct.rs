use runlet::tool;

#[tool]
struct Greet {
    name: String,
}

fn main() {}

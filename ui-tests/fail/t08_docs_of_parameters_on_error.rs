use runlet::tool;

#[tool]
fn greet(/** Whom. */ #[arg(min_len = 1)] name: String) -> String {
    name
}

fn main() {}

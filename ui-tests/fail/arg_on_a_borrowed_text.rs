use runlet::tool;

#[tool]
async fn greet(#[arg(min_len = 1)] name: &str) -> String {
    name.to_owned()
}

fn main() {}

use runlet::tool;

#[tool]
async fn greet(#[cfg_attr(all(), arg(min_len = 1))] name: String) -> String {
    name
}

fn main() {}

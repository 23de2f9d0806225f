use runlet::tool;

#[tool]
async fn greet(#[schemars(length(min = 1))] name: String) -> String {
    name
}

fn main() {}

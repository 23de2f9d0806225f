use runlet::tool;

// The tool has an error; that an agent names it has none.
#[tool(timeuot = "1s")]
async fn greet(name: String) -> String {
    name
}

fn register<T: runlet::Tool<()> + Default>() {}

fn main() {
    register::<greet>();
    let _ = (greet::NAME, greet("x".to_owned()));
}

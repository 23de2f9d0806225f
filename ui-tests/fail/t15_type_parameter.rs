use runlet::tool;

#[tool]
async fn show<T>(value: T) {
    drop(value);
}

fn main() {}

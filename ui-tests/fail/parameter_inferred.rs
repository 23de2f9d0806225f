use runlet::tool;

#[tool]
async fn find(value: _) {
    let _ = value;
}

fn main() {}

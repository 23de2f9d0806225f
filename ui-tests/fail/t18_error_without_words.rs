use runlet::tool;

struct Broken;

#[tool]
async fn order() -> Result<String, Broken> {
    Err(Broken)
}

fn main() {}

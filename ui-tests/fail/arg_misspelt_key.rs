use runlet::tool;

#[tool]
async fn find(#[arg(exampel = "x")] value: String) {
    let _ = value;
}

fn main() {}

use runlet::tool;

#[tool]
async fn find(value: Box<dyn std::fmt::Display>) {
    let _ = value;
}

fn main() {}

use runlet::tool;

#[tool]
async fn find(pair: (u8, &str)) {
    let _ = pair;
}

fn main() {}

use runlet::tool;

#[tool]
async fn find(at: *const u8) {
    let _ = at;
}

fn main() {}

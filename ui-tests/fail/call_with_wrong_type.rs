use runlet::tool;

#[tool]
async fn find(id: u32) -> u32 {
    id
}

fn main() {
    let _ = find::call(&runlet::Context::detached(()), "3");
}

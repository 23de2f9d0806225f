use runlet::tool;

struct Address;

#[tool]
async fn ship(to: Address) {
    drop(to);
}

fn main() {}

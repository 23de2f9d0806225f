use runlet::tool;

struct Address;

#[tool]
async fn ship(to: Option<Vec<Address>>) {
    drop(to);
}

fn main() {}

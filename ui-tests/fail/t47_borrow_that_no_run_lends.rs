use runlet::tool;

struct Shop;
struct OrderDb;

#[tool]
async fn orders(db: &OrderDb) {
    let _ = db;
}

fn register<T: runlet::Tool<Shop>>(_: T) {}

fn main() {
    register(orders {});
}

use runlet::Deps;

struct Db;

#[derive(Deps)]
struct Shop {
    orders: std::sync::Arc<Db>,
    customers: Db,
}

fn main() {}

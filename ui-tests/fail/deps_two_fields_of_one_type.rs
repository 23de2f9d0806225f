use runlet::Deps;

struct Db;

#[derive(Deps)]
struct Shop {
    orders: Db,
    customers: Db,
}

fn main() {}

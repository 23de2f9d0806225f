use runlet::Deps;

struct Db;

#[derive(Deps)]
struct Shop {
    #[deps]
    orders: Db,
}

fn main() {}

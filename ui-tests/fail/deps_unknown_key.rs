use runlet::Deps;

struct Db;

#[derive(Deps)]
struct Shop {
    #[deps(skp)]
    orders: Db,
}

fn main() {}

use runlet::Deps;

#[derive(Deps)]
struct Shop<T> {
    orders: T,
}

fn main() {}

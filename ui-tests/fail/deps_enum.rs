use runlet::Deps;

#[derive(Deps)]
enum Shop {
    Open,
}

fn main() {}

use runlet::Deps;

struct Db;
struct Clock;

#[derive(Deps)]
struct Shop {
    db: Db,
    clock: Clock,
    again: Clock,
}

#[runlet::tool]
async fn find(db: &Db, clock: &Clock) {
    let _ = (db, clock);
}

fn register<T: runlet::Tool<Shop> + Default>() {}

fn main() {
    register::<find>();
}

use runlet::tool;

struct Db;

#[tool]
async fn find(db: &'static Db) {
    let _ = db;
}

fn main() {}

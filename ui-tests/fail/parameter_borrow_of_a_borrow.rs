use runlet::tool;

struct Db;

#[tool]
async fn find(db: &&Db) {
    let _ = db;
}

fn main() {}

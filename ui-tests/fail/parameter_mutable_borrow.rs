use runlet::tool;

struct Db;

#[tool]
async fn find(db: &mut Db) {
    let _ = db;
}

fn main() {}

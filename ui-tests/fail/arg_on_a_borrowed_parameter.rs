use runlet::tool;

struct Db;

#[tool]
async fn find(#[arg(name = "d")] db: &Db) {
    let _ = db;
}

fn main() {}

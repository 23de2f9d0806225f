use runlet::{tool, toolset};

struct Files;

struct Db;

#[toolset]
impl Files {
    #[cfg(all())]
    #[tool]
    async fn read(&self, db: &Db) -> String {
        let _ = db;
        String::new()
    }
}

fn main() {}

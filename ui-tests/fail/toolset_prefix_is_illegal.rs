use runlet::{tool, toolset};

struct Files;

#[toolset(prefix = "my files_")]
impl Files {
    #[tool]
    async fn read(&self, path: String) -> String {
        path
    }

    #[tool]
    async fn remove(&self, path: String) -> String {
        path
    }
}

fn main() {}

use runlet::{tool, toolset};

struct Files;

#[toolset]
impl Files {
    #[tool]
    #[tool]
    async fn read(&self, path: String) -> String {
        path
    }
}

fn main() {}

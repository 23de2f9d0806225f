use runlet::{tool, toolset};

// errors: 2. The compiler reports the syntax as it reads the file, then the macro says that it could not read it either.
struct Files;

#[toolset]
impl Files {
    #[tool]
    async fn read(&self, path) -> String {
        String::new()
    }
}

fn main() {}

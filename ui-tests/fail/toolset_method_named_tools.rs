use runlet::{tool, toolset};

struct Workshop;

#[toolset]
impl Workshop {
    #[tool]
    async fn tools(&self) -> u32 {
        7
    }
}

fn main() {}

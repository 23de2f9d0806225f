use runlet::toolset;

struct Files;

#[toolset]
impl Files {
    #[tool]
    async fn read(&self) {}

    #[tool(name = "read")]
    async fn open(&self) {}
}

fn main() {}

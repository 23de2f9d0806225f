use runlet::toolset;

struct Files;

#[toolset]
impl Files {
    #[tool(type = Read)]
    async fn read(&self) {}
}

fn main() {}

use runlet::toolset;

struct Files;

#[toolset]
impl Files {
    #[tool]
    async fn read(&mut self) {}
}

fn main() {}

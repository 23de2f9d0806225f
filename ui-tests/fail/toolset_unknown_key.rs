use runlet::toolset;

struct Files;

#[toolset(perfix = "files_")]
impl Files {
    #[tool]
    async fn read(&self) {}
}

fn main() {}

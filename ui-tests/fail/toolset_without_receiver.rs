use runlet::toolset;

struct Files;

#[toolset]
impl Files {
    #[tool]
    async fn read(path: String) -> String {
        path
    }
}

fn main() {}

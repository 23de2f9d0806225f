use runlet::toolset;

struct Files;

#[toolset]
impl Files {
    #[tool]
    fn read(&self, path: String) -> String {
        path
    }
}

fn main() {}

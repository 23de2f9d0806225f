use runlet::toolset;

struct Files;

#[toolset]
impl Files {
    #[tool(efect = read)]
    async fn read(&self, /** Where. */ path: String) -> String {
        path
    }
}

fn main() {
    let tools = Files::tools::<()>(Files);
    drop(tools);
}

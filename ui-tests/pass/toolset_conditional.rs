//! A method that is compiled under a condition is a tool under the same one.

use std::sync::Arc;

use runlet::tool::Tool;
use runlet::{tool, toolset};

struct Files;

#[toolset]
impl Files {
    #[tool]
    async fn read(&self, path: String) -> String {
        path
    }

    #[cfg(any())]
    #[tool]
    async fn remove(&self, path: Missing) -> String {
        path
    }

    #[cfg(all())]
    #[tool]
    async fn list(&self) -> String {
        String::new()
    }
}

fn main() {
    let tools: Vec<Arc<dyn Tool<()>>> = Files::tools(Files);
    let names: Vec<&str> = tools.iter().map(|tool| tool.spec().name.as_ref()).collect();
    assert_eq!(names, ["read", "list"]);
}

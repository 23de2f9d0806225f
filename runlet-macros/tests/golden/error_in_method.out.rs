::core::compile_error! {
    "a tool has no `self`: for methods, put `#[runlet::toolset]` on the impl block and `#[tool]` on each"
}
#[allow(dead_code, unused_variables)]
async fn read(&self, path: String) -> String {
    self.read(path)
}

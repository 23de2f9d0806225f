#[tool]
async fn read(&self, path: String) -> String {
    self.read(path)
}

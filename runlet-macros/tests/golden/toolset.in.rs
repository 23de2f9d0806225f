#[toolset(prefix = "files_")]
impl Files {
    /// Reads a file.
    #[tool(effect = read)]
    async fn read(
        &self,
        db: &Db,
        /// The path.
        path: String,
    ) -> String {
        self.root(path)
    }

    fn root(&self, path: String) -> String {
        path
    }

    #[tool]
    async fn list(&self) -> u32 {
        1
    }
}

#[tool]
async fn search(
    #[arg(name = "q", min_len = 1, max_len = 200, example = "red shoes")] query: String,
    #[arg(default = 10, min = 1, max = 50)] limit: u32,
    #[arg(min = -0.5, max = 1)] score: Option<f64>,
    #[arg(pattern = "^[a-z]+$")] tag: String,
    #[arg(format = "date", default = "2024-01-01")] since: String,
) -> u32 {
    1
}

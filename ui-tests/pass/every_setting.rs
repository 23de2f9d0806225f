use runlet::tool;

#[tool(
    name = "find",
    title = "Find",
    description = "Finds.",
    timeout = "2m",
    retries = 0,
    effect = write,
    sequential = false,
    blocking = false,
    approval,
    max_output = 1_000,
    crate = ::runlet,
    type = Find,
)]
async fn lookup(
    #[arg(name = "q")]
    #[arg(min_len = 1, max_len = 10, pattern = r"^\w+$", example = "x", format = "hostname")]
    query: String,
    #[arg(min = -1, max = 1.5, default = -1.0, example = 0.5)] score: f64,
    #[arg(default = true, example = false)] flag: bool,
    #[arg(default = 'x')] letter: char,
    #[arg(default = vec![1, 2], max_len = 3)] list: Vec<u8>,
) {
    let _ = (query, score, flag, letter, list);
}

#[tool()]
async fn plain() {}

fn main() {
    let _ = (Find {}, plain {});
}

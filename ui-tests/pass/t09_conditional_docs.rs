use runlet::tool;

#[tool]
async fn greet(
    #[cfg_attr(all(), doc = "Whom to greet.")] name: String,
    #[cfg_attr(all(), doc = "Never used.", allow(unused_variables))] other: Option<String>,
) -> String {
    name
}

fn main() {}

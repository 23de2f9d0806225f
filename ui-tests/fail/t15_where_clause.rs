use runlet::tool;

#[tool]
async fn show(value: String) -> String
where
    String: Clone,
{
    value
}

fn main() {}

use runlet::tool;

#[tool(blocking = 3)]
fn hash(text: String) -> usize {
    text.len()
}

fn main() {}

use runlet::tool;

#[tool(bloking)]
fn hash(text: String) -> usize {
    text.len()
}

fn main() {}

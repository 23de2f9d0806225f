use runlet::tool;

// errors: 6. Six mistakes, each with its own error.
#[tool(retires = 2, timeout = "30", effect = read)]
fn find<T>(#[arg(mim = 1)] what: T, names: &[String]) -> String {
    String::new()
}

fn main() {}

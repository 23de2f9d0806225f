use runlet::tool;

#[tool(crate = ::kit)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

use runlet::tool;

#[tool]
async unsafe fn greet(name: String) -> String {
    name
}

fn main() {}

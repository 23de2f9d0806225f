use runlet::tool;

#[tool]
const fn greet(name: u8) -> u8 {
    name
}

fn main() {}

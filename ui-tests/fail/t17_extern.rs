use runlet::tool;

#[tool]
async extern "C" fn greet(name: u8) -> u8 {
    name
}

fn main() {}

use runlet::tool;

// errors: 2. The compiler reports the syntax as it reads the file, then the macro says that it could not read it either.
#[tool]
async fn greet(name: ) -> String {
    String::new()
}

fn main() {}

use runlet::tool;

// errors: 5. A function without a receiver looks the same inside an impl block and outside, so the macro cannot tell.
struct Files;

impl Files {
    #[tool]
    async fn read(path: String) -> String {
        path
    }
}

fn main() {}

use runlet::toolset;

struct Files;

#[toolset]
impl Clone for Files {
    fn clone(&self) -> Self {
        Self
    }
}

fn main() {}

use runlet::toolset;

struct Files<T>(T);

#[toolset]
impl<T> Files<T> {
    #[tool]
    async fn read(&self) {}
}

fn main() {}

use runlet::toolset;

// errors: 2. The compiler reports the shared value and the future that borrows it.
struct Files(std::cell::Cell<u8>);

#[toolset]
impl Files {
    #[tool]
    async fn read(&self) -> u8 {
        self.0.get()
    }
}

fn main() {}

async fn orders() {}

fn register<T: runlet::Tool<()>>(_: T) {}

fn main() {
    register(orders);
}

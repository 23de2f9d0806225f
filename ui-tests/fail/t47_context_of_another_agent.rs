use runlet::tool;

struct Shop;
struct Bank;

#[tool]
async fn orders(ctx: &runlet::Context<Bank>) {
    let _ = ctx;
}

fn register<T: runlet::Tool<Shop>>(_: T) {}

fn main() {
    register(orders {});
}

use runlet::tool;

#[tool]
async fn double(number: u32) -> u32 {
    number * 2
}

async fn apply<F: Future<Output = u32>>(function: fn(u32) -> F) -> u32 {
    function(21).await
}

fn main() {
    let mut future = std::pin::pin!(apply(double));
    let poll = future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    assert_eq!(poll, std::task::Poll::Ready(42));
}

use runlet::tool;

#[tool]
async fn count(mut number: u32) -> u32 {
    number += 1;
    number
}

/// Runs a tool whose future never waits.
fn run<D>(tool: impl runlet::Tool<D>, deps: D, arguments: &str) -> String
where
    D: Send + Sync + 'static,
{
    let context = runlet::Context::detached(deps);
    let mut future = tool.call(&context, runlet::tool::Arguments::new(arguments));
    let poll = future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    match poll {
        std::task::Poll::Ready(Ok(output)) => output.content().iter().map(text).collect(),
        std::task::Poll::Ready(Err(error)) => error.message().to_owned(),
        std::task::Poll::Pending => panic!("the tool waited"),
    }
}

fn text(part: &runlet::Part) -> &str {
    match part {
        runlet::Part::Text(text) => &text.text,
        _ => "",
    }
}

fn main() {
    assert!(run(count {}, (), r#"{"number": 1}"#).contains("2"));
}

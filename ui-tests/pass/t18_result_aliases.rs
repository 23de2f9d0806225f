use runlet::tool;

type Result<T> = std::result::Result<T, std::io::Error>;
type Answer = std::result::Result<Option<u8>, std::fmt::Error>;

#[tool]
async fn read() -> Result<String> {
    Err(std::io::Error::other("gone"))
}

#[tool]
async fn boxed() -> std::result::Result<u8, Box<dyn std::error::Error + Send + Sync>> {
    Err("no")?;
    Ok(1)
}

fn unused() -> Answer {
    Ok(None)
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
    let _ = unused();
    assert_eq!(run(read {}, (), ""), "gone");
    assert_eq!(run(boxed {}, (), ""), "no");
}

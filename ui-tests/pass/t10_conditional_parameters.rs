use runlet::tool;

struct Metrics;

#[tool]
async fn log(
    #[cfg(all())] metrics: &Metrics,
    #[cfg(any())] missing: &NoSuchType,
    text: String,
    #[cfg(any())] level: NoSuchType,
    #[cfg(all())]
    #[cfg(not(any()))]
    times: u8,
) -> String {
    let _ = metrics;
    format!("{text} {times}")
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
    assert!(run(log {}, Metrics, r#"{"text": "a", "times": 2}"#).contains("a 2"));
    assert!(run(log {}, Metrics, r#"{"text": "a", "times": 2, "level": 1}"#).contains("/level"));
}

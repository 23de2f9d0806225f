use runlet::tool;

struct Db;

macro_rules! tool_with {
    ($lent:ty, $given:ty, $output:ty) => {
        #[tool]
        async fn convert(db: $lent, value: $given) -> $output {
            let _ = db;
            value.into()
        }
    };
}

tool_with!(&Db, u8, u32);

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
    assert!(run(convert {}, Db, r#"{"value": 3}"#).contains("3"));
}

use runlet::tool;

#[derive(Clone, Copy)]
struct Db(u8);

#[tool]
async fn reader(
    db: &Db,
    context: u8,
    arguments: u8,
    reader: u8,
    output: u8,
    spec: u8,
    call: u8,
    tool: u8,
    this: u8,
    f: u8,
) -> u8 {
    db.0 + context + arguments + reader + output + spec + call + tool + this + f
}

#[tool]
async fn weather(weather: String) -> String {
    weather
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
    let arguments = r#"{"context":1,"arguments":1,"reader":1,"output":1,"spec":1,"call":1,"tool":1,"this":1,"f":1}"#;
    assert!(run(reader {}, Db(1), arguments).contains("10"));
}

use runlet::tool;

macro_rules! finder {
    ($name:ident, $argument:ident: $type:ty = $default:expr, $text:literal) => {
        #[tool(name = $text, timeout = "1s")]
        #[doc = $text]
        pub async fn $name(context: &Db, #[arg(default = $default)] $argument: $type, limit: u32) -> String {
            format!("{} {} {limit}", context.0, $argument)
        }
    };
}

struct Db(u8);

finder!(find_order, order: String = "none", "find-order");
finder!(find_customer, reader: u64 = 7, "find-customer");

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
    assert!(run(find_order {}, Db(1), r#"{"limit": 3}"#).contains("1 none 3"));
    assert!(run(find_customer {}, Db(2), r#"{"limit": 3, "reader": 8}"#).contains("2 8 3"));
}

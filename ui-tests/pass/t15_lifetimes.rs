use std::borrow::Cow;

use runlet::{Context, tool};

struct Pool<'a>(&'a str);

#[tool]
async fn find<'a, 'b>(ctx: &'a Context<Pool<'static>>, pool: &'a Pool<'b>, name: Cow<'a, str>) -> String
where
    'b: 'a,
{
    format!("{}{}{name}", ctx.deps().0, pool.0)
}

#[tool]
async fn again(pool: &Pool<'_>) -> String {
    pool.0.to_owned()
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
    assert!(run(find {}, Pool("x"), r#"{"name": "y"}"#).contains("xxy"));
    assert!(run(again {}, Pool("x"), "").contains("x"));
}

#![deny(unused_must_use)]

use runlet::tool;

#[tracing::instrument(skip_all)]
#[tool]
async fn above(id: u32) -> u32 {
    id
}

#[tool]
#[tracing::instrument(skip_all, fields(id))]
#[must_use]
#[inline]
#[allow(clippy::needless_pass_by_value)]
#[cfg(all())]
#[cfg_attr(all(), doc = "Below.")]
async fn below(id: u32, name: String) -> u32 {
    tracing::info!(id, name);
    id
}

#[tool]
#[cfg(any())]
async fn gone(id: NoSuchType) {}

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
    assert!(run(above {}, (), r#"{"id": 1}"#).contains("1"));
    assert!(run(below {}, (), r#"{"id": 2, "name": "x"}"#).contains("2"));
}

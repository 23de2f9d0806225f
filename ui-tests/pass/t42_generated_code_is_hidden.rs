// The private module is not part of the docs; what people write by hand is in `runlet::tool`.
use runlet::tool::{Arg, Arguments, Definition, Tool, ToolFuture, ToolOutput, ToolSpec, arg};

static TEXT: Arg<String> = arg("text", "What to say.").min_len(1);
static SHOUT: Definition = Definition::new("shout", "Says it loudly.", &[TEXT.spec()]);

struct Shout;

impl<D: Send + Sync + 'static> Tool<D> for Shout {
    fn spec(&self) -> &ToolSpec {
        SHOUT.spec()
    }

    fn call<'a>(&'a self, _: &'a runlet::Context<D>, arguments: Arguments<'a>) -> ToolFuture<'a> {
        Box::pin(async move {
            let mut reader = SHOUT.read(arguments);
            let text = reader.take(&TEXT);
            reader.finish()?;
            Ok(ToolOutput::text(text?.to_uppercase()))
        })
    }
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
    assert!(run(Shout, (), r#"{"text": "hey"}"#).contains("HEY"));
    assert!(run(Shout, (), r#"{"text": ""}"#).contains("/text"));
}

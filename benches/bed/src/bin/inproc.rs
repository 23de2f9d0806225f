//! What Runlet costs without a network: steps of a run with a model in memory, and the dispatch of tool calls beside hash
//! maps. Prints JSON: figures by row.
//!
//! `cargo run --release -p bed --bin inproc`. `inproc runs N ROUNDS` only does N runs of as many rounds, for callgrind.

use std::collections::HashMap;
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;

use bed::inproc::{CALL, CALLS, Figures, asked, measure, names};
use bed::{INSTRUCTIONS, QUESTION, TOOL, TOOL_RESULT};
use futures_util::StreamExt;
use runlet::context::Context;
use runlet::message::{Message, Part, Role, ToolCall};
use runlet::model::{Capabilities, Model, ModelResponse, ModelStream, PreparedRequest, StopReason};
use runlet::tool::{Arguments, Tool, ToolFuture, ToolSpec, Toolbox};
use runlet::{Agent, RunPolicy, Runtime, tool};

/// Looks up an order by the number on its receipt.
#[tool]
async fn lookup_order(order_id: String) -> &'static str {
    assert_eq!(order_id, "123");
    TOOL_RESULT
}

/// A model that asks for a tool until there are enough results.
struct InMemory(usize);

impl Model for InMemory {
    fn provider(&self) -> &'static str {
        "memory"
    }

    fn name(&self) -> &str {
        "m"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new().context_window(100_000_000).with_tools()
    }

    async fn complete(&self, request: PreparedRequest) -> runlet::Result<ModelResponse> {
        let asked = (request.messages().len() - 1) / 2;
        let (message, stop) =
            if asked < self.0 { (asks(asked), StopReason::ToolCalls) } else { (answers(), StopReason::EndTurn) };
        let mut response = ModelResponse::new(message, stop);
        response.usage.input_tokens = Some(100);
        response.usage.output_tokens = Some(20);
        Ok(response)
    }

    async fn stream(&self, request: PreparedRequest) -> runlet::Result<ModelStream> {
        Ok(ModelStream::whole(self.complete(request).await?))
    }
}

fn asks(number: usize) -> Message {
    let call = ToolCall::new(format!("call_{number}"), TOOL, r#"{"order_id":"123"}"#);
    Message::new(Role::Assistant, vec![Part::tool_call(call)])
}

fn answers() -> Message {
    Message::assistant("It was delivered on Monday; one mug is broken.")
}

fn agent(rounds: usize) -> Agent {
    let policy = RunPolicy::new().max_steps(u32::try_from(rounds + 1).expect("steps")).max_identical_calls(0);
    let agent = Agent::builder("bed").model(InMemory(rounds)).instructions(INSTRUCTIONS).tool(lookup_order {});
    agent.run_policy(policy).build().expect("an agent")
}

/// A tool under another name.
struct Named(ToolSpec);

impl Tool<()> for Named {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn call<'a>(&'a self, context: &'a Context<()>, arguments: Arguments<'a>) -> ToolFuture<'a> {
        Tool::<()>::call(&lookup_order {}, context, arguments)
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, runs, rounds] = arguments.as_slice() {
        let (runs, rounds): (usize, usize) = (runs.parse().expect("runs"), rounds.parse().expect("rounds"));
        let agent = agent(rounds);
        runtime.block_on(async {
            for _ in 0..runs {
                match mode.as_str() {
                    "streams" => stream(&agent).await,
                    _ => drop(black_box(Runtime::new().run(&agent, (), QUESTION).await.expect("an answer"))),
                }
            }
        });
        return;
    }
    let mut figures = Figures::new();
    for rounds in [10, 100, 1_000, 5_000] {
        let (agent, library) = (agent(rounds), Runtime::new());
        let runs = (2_000 / rounds).max(1);
        measure(&mut figures, &format!("run of {rounds} rounds"), runs, |runs| {
            runtime.block_on(async {
                for _ in 0..runs {
                    black_box(library.run(&agent, (), QUESTION).await.expect("an answer"));
                }
            });
        });
    }
    let streamed = agent(100);
    measure(&mut figures, "streamed run of 100 rounds", 20, |runs| {
        runtime.block_on(async {
            for _ in 0..runs {
                stream(&streamed).await;
            }
        });
    });
    for tools in [1, 100, 1_000] {
        dispatch(&mut figures, &runtime, tools);
    }
    println!("{}", serde_json::to_string_pretty(&figures).expect("JSON"));
}

async fn stream(agent: &Agent) {
    let mut stream = Runtime::new().stream(agent, (), QUESTION);
    while let Some(event) = stream.next().await {
        black_box(event);
    }
    stream.finish().await.expect("an answer");
}

type Boxed = Pin<Box<dyn Future<Output = String> + Send>>;

fn dispatch(figures: &mut Figures, runtime: &tokio::runtime::Runtime, tools: usize) {
    let names = names(tools);
    let asked = asked(&names);

    let mut toolbox = Toolbox::<()>::new();
    for name in &names {
        let mut spec = Tool::<()>::spec(&lookup_order {}).clone();
        spec.name = name.clone().into();
        toolbox.add(Named(spec)).expect("a new name");
    }
    let context = Context::<()>::detached(());
    measure(figures, &format!("dispatch: Runlet, {tools}"), CALLS, |calls| {
        runtime.block_on(async {
            for name in &asked[..calls] {
                let tool = toolbox.get(name).expect("a tool");
                black_box(tool.call(&context, Arguments::new(CALL)).await.expect("an output"));
            }
        });
    });

    let functions: HashMap<&str, fn(&str) -> String> = names
        .iter()
        .map(|name| (name.as_str(), (|arguments| bed::look_up(arguments).to_owned()) as fn(&str) -> String))
        .collect();
    measure(figures, &format!("dispatch: HashMap to fn, {tools}"), CALLS, |calls| {
        for name in &asked[..calls] {
            black_box(functions[name](CALL));
        }
    });

    let futures: HashMap<&str, fn(String) -> Boxed> = names
        .iter()
        .map(|name| {
            let call: fn(String) -> Boxed = |arguments| Box::pin(async move { bed::look_up(&arguments).to_owned() });
            (name.as_str(), call)
        })
        .collect();
    measure(figures, &format!("dispatch: HashMap to boxed future, {tools}"), CALLS, |calls| {
        runtime.block_on(async {
            for name in &asked[..calls] {
                black_box(futures[name](CALL.to_owned()).await);
            }
        });
    });
}

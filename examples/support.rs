//! An order-support agent with two tools, streamed, with its events on the screen.
//!
//! `cargo run --example support` talks to a scripted model in this process: no key, no network. With `OPENAI_API_KEY`
//! set (and `OPENAI_BASE_URL`, for a gateway), it talks to the real interface.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::sync::Mutex;

use futures_util::StreamExt;
use runlet::event::{Event, EventKind};
use runlet::model::AnyModel;
use runlet::provider::OpenAiResponses;
use runlet::testing::ScriptedModel;
use runlet::{Deps, Runtime, agent, tool};
use serde_json::json;

/// What the tools borrow from the run.
#[derive(Deps)]
struct Shop {
    orders: Orders,
    ledger: Ledger,
}

struct Orders(BTreeMap<&'static str, &'static str>);

#[derive(Default)]
struct Ledger(Mutex<Vec<String>>);

/// Looks up where an order is.
#[tool(effect = read)]
async fn lookup_order(
    orders: &Orders,
    /// The number on the receipt.
    order_id: String,
) -> Result<String, String> {
    match orders.0.get(order_id.as_str()) {
        Some(status) => Ok(format!("order {order_id}: {status}")),
        None => Err(format!("there is no order {order_id}")),
    }
}

/// Refunds an order, in full or in part.
#[tool]
async fn refund(
    ledger: &Ledger,
    /// The number on the receipt.
    order_id: String,
    /// How much to pay back, in cents.
    #[arg(min = 1, max = 10_000)]
    cents: u32,
) -> String {
    let entry = format!("{cents} cents for order {order_id}");
    ledger.0.lock().expect("no tool panics while it writes").push(entry.clone());
    format!("refunded {entry}")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let support = agent!(support::<Shop> {
        model: model()?,
        instructions: "Help users with their orders. Look an order up before you refund anything.",
        tools: [lookup_order, refund],
        max_steps: 8,
    });
    let orders = Orders(BTreeMap::from([("123", "delivered, one mug broken"), ("124", "on its way")]));
    let shop = Shop { orders, ledger: Ledger::default() };
    let question = "One mug of order 123 came broken. It cost 8 euros. Can I have my money back?";

    println!("user: {question}\n");
    let mut stream = Runtime::new().stream(&support, shop, question);
    let mut screen = Screen::default();
    while let Some(event) = stream.next().await {
        screen.show(&event)?;
    }
    let result = stream.finish().await?;
    println!("\nanswer: {}", result.output);
    let tokens = result.usage.total_tokens().map_or("unknown".to_owned(), |tokens| tokens.to_string());
    println!("steps: {}, tokens that the model reported: {tokens}", result.steps);
    Ok(())
}

/// The real model where there is a key, else one that answers from a script.
fn model() -> Result<AnyModel, Box<dyn Error>> {
    if env::var_os("OPENAI_API_KEY").is_some() {
        let name = env::var("OPENAI_MODEL").unwrap_or_else(|_| "gpt-5.5".to_owned());
        println!("Talking to `{name}`.\n");
        return Ok(AnyModel::new(OpenAiResponses::from_env(name)?));
    }
    println!("OPENAI_API_KEY is not set: a scripted model in this process answers.\n");
    let script = ScriptedModel::new()
        .tool_call("lookup_order", json!({ "order_id": "123" }))
        // A mistake that models make. The tool does not run; the model is told what is wrong, and tries again.
        .tool_call("refund", json!({ "orderid": "123", "cents": "800" }))
        .tool_call("refund", json!({ "order_id": "123", "cents": 800 }))
        .text("I am sorry about the mug. I have refunded 8 euros for order 123.");
    Ok(AnyModel::new(script))
}

/// Shows one line an event, and pieces of text as they come.
#[derive(Default)]
struct Screen {
    in_text: bool,
}

impl Screen {
    fn show(&mut self, event: &Event) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if let EventKind::ModelTextDelta { text } = &event.kind {
            self.in_text = true;
            write!(out, "{text}")?;
            return out.flush();
        }
        if event.kind.is_delta() {
            return Ok(());
        }
        if std::mem::take(&mut self.in_text) {
            writeln!(out)?;
        }
        write!(out, "{:>3} {}", event.seq, event.name())?;
        match &event.kind {
            EventKind::ContextBudgetChecked { bill } => {
                let (input, answer) = (bill.input().upper, bill.reserved_output());
                write!(out, ": at most {input} tokens and {answer} kept for the answer, of {}", bill.limit())?;
            }
            EventKind::ToolStarted { call, arguments } => write!(out, ": {}({arguments})", call.tool)?,
            EventKind::ToolCompleted { result, .. } | EventKind::ToolFailed { result, .. } => {
                write!(out, ": {}", result.as_text())?;
            }
            EventKind::RunFailed { error, .. } => write!(out, ": {error}")?,
            _ => {}
        }
        writeln!(out)
    }
}

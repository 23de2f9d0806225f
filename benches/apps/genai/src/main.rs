//! An agent with one tool, with genai's client and types, and the loop by hand.

use genai::Client;
use genai::chat::{ChatMessage, ChatRequest, Tool, ToolResponse};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Arguments {
    order_id: String,
}

fn lookup_order(arguments: Value) -> Result<String, serde_json::Error> {
    let Arguments { order_id } = serde_json::from_value(arguments)?;
    Ok(format!("order {order_id}: delivered"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let question = std::env::args().nth(1).ok_or("a question is missing")?;
    let client = Client::new()?;
    let tool = Tool::new("lookup_order")
        .with_description("Looks up an order by the number on its receipt.")
        .with_schema(json!({
            "type": "object",
            "properties": { "order_id": { "type": "string" } },
            "required": ["order_id"],
            "additionalProperties": false,
        }));
    let messages = vec![ChatMessage::system("You answer questions about orders."), ChatMessage::user(question)];
    let mut request = ChatRequest::new(messages).with_tools([tool]);
    loop {
        let answer = client.exec_chat("gpt-5.4-mini", request.clone(), None).await?;
        if answer.tool_calls().is_empty() {
            println!("{}", answer.first_text().unwrap_or_default());
            return Ok(());
        }
        let calls = answer.into_tool_calls();
        request = request.append_message(calls.clone());
        for call in calls {
            let result = lookup_order(call.fn_arguments)?;
            request = request.append_message(ToolResponse::new(call.call_id, result));
        }
    }
}

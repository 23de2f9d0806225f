//! An agent with one tool, by hand: reqwest, serde, and the loop.

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Value,
}

#[derive(Deserialize)]
struct Arguments {
    order_id: String,
}

fn lookup_order(arguments: &str) -> Result<String, serde_json::Error> {
    let Arguments { order_id } = serde_json::from_str(arguments)?;
    Ok(format!("order {order_id}: delivered"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let question = std::env::args().nth(1).ok_or("a question is missing")?;
    let key = std::env::var("OPENAI_API_KEY")?;
    let client = reqwest::Client::new();
    let tools = json!([{ "type": "function", "function": {
        "name": "lookup_order",
        "description": "Looks up an order by the number on its receipt.",
        "parameters": {
            "type": "object",
            "properties": { "order_id": { "type": "string" } },
            "required": ["order_id"],
            "additionalProperties": false,
        },
    } }]);
    let mut messages = vec![
        json!({ "role": "system", "content": "You answer questions about orders." }),
        json!({ "role": "user", "content": question }),
    ];
    loop {
        let request = json!({ "model": "gpt-5.4-mini", "messages": messages, "tools": tools });
        let sent = client.post("https://api.openai.com/v1/chat/completions").bearer_auth(&key).json(&request);
        let answer: Answer = sent.send().await?.error_for_status()?.json().await?;
        let message = answer.choices.into_iter().next().ok_or("no choice")?.message;
        let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
        if calls.is_empty() {
            println!("{}", message["content"].as_str().unwrap_or_default());
            return Ok(());
        }
        messages.push(message);
        for call in calls {
            let result = lookup_order(call["function"]["arguments"].as_str().unwrap_or_default())?;
            messages.push(json!({ "role": "tool", "tool_call_id": call["id"], "content": result }));
        }
    }
}

//! An agent with one tool, with async-openai's client and types, and the loop by hand.

use async_openai::Client;
use async_openai::types::chat::{
    ChatCompletionMessageToolCalls, ChatCompletionRequestAssistantMessageArgs, ChatCompletionRequestMessage,
    ChatCompletionRequestSystemMessage, ChatCompletionRequestToolMessage, ChatCompletionRequestUserMessage,
    ChatCompletionTool, ChatCompletionTools, CreateChatCompletionRequestArgs, FunctionObjectArgs,
};
use serde::Deserialize;
use serde_json::json;

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
    let client = Client::new();
    let function = FunctionObjectArgs::default()
        .name("lookup_order")
        .description("Looks up an order by the number on its receipt.")
        .parameters(json!({
            "type": "object",
            "properties": { "order_id": { "type": "string" } },
            "required": ["order_id"],
            "additionalProperties": false,
        }))
        .build()?;
    let mut request = CreateChatCompletionRequestArgs::default()
        .model("gpt-5.4-mini")
        .tools(vec![ChatCompletionTools::Function(ChatCompletionTool { function })])
        .messages(vec![
            ChatCompletionRequestSystemMessage::from("You answer questions about orders.").into(),
            ChatCompletionRequestUserMessage::from(question).into(),
        ])
        .build()?;
    loop {
        let answer = client.chat().create(request.clone()).await?;
        let message = answer.choices.into_iter().next().ok_or("no choice")?.message;
        let calls = message.tool_calls.unwrap_or_default();
        if calls.is_empty() {
            println!("{}", message.content.unwrap_or_default());
            return Ok(());
        }
        let mut results: Vec<ChatCompletionRequestMessage> = Vec::new();
        for call in &calls {
            if let ChatCompletionMessageToolCalls::Function(call) = call {
                let content = lookup_order(&call.function.arguments)?.into();
                results.push(ChatCompletionRequestToolMessage { content, tool_call_id: call.id.clone() }.into());
            }
        }
        let said = ChatCompletionRequestAssistantMessageArgs::default().tool_calls(calls).build()?;
        request.messages.push(said.into());
        request.messages.extend(results);
    }
}

//! async-openai: its client and its types, the loop by hand as its users write it.

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls, ChatCompletionRequestAssistantMessageArgs,
    ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage, ChatCompletionRequestToolMessage,
    ChatCompletionRequestUserMessage, ChatCompletionTool, ChatCompletionTools, CreateChatCompletionRequest,
    CreateChatCompletionRequestArgs, FunctionCall, FunctionObjectArgs,
};
use bed::{Contestant, INSTRUCTIONS, QUESTION, Script, TOOL, TOOL_DESCRIPTION};
use futures_util::StreamExt;

fn main() {
    bed::main::<AsyncOpenAi>();
}

struct AsyncOpenAi {
    client: Client<OpenAIConfig>,
    request: CreateChatCompletionRequest,
    script: Script,
}

impl Contestant for AsyncOpenAi {
    fn new(base_url: String, script: Script) -> Self {
        let config = OpenAIConfig::new().with_api_key("key").with_api_base(base_url);
        let function = FunctionObjectArgs::default()
            .name(TOOL)
            .description(TOOL_DESCRIPTION)
            .parameters(bed::tool_schema())
            .build()
            .expect("a function");
        let request = CreateChatCompletionRequestArgs::default()
            .model("m")
            .tools(vec![ChatCompletionTools::Function(ChatCompletionTool { function })])
            .messages(vec![
                ChatCompletionRequestMessage::System(ChatCompletionRequestSystemMessage::from(INSTRUCTIONS)),
                ChatCompletionRequestMessage::User(ChatCompletionRequestUserMessage::from(QUESTION)),
            ])
            .build()
            .expect("a request");
        Self { client: Client::with_config(config), request, script }
    }

    async fn run(&self) -> usize {
        let mut request = self.request.clone();
        loop {
            let (text, calls) =
                if self.script.deltas > 0 { self.streamed(&request).await } else { self.whole(&request).await };
            if calls.is_empty() {
                return text.len();
            }
            let results: Vec<_> = calls
                .iter()
                .map(|call| {
                    ChatCompletionRequestMessage::Tool(ChatCompletionRequestToolMessage {
                        content: bed::look_up(&call.function.arguments).into(),
                        tool_call_id: call.id.clone(),
                    })
                })
                .collect();
            let calls: Vec<_> = calls.into_iter().map(ChatCompletionMessageToolCalls::Function).collect();
            let message = ChatCompletionRequestAssistantMessageArgs::default()
                .content(text)
                .tool_calls(calls)
                .build()
                .expect("a message");
            request.messages.push(ChatCompletionRequestMessage::Assistant(message));
            request.messages.extend(results);
        }
    }
}

impl AsyncOpenAi {
    async fn whole(&self, request: &CreateChatCompletionRequest) -> (String, Vec<ChatCompletionMessageToolCall>) {
        let answer = self.client.chat().create(request.clone()).await.expect("an answer");
        let message = answer.choices.into_iter().next().expect("a choice").message;
        let calls = message.tool_calls.unwrap_or_default().into_iter();
        let calls = calls.map(|call| match call {
            ChatCompletionMessageToolCalls::Function(call) => call,
            ChatCompletionMessageToolCalls::Custom(_) => panic!("the script calls functions"),
        });
        (message.content.unwrap_or_default(), calls.collect())
    }

    async fn streamed(&self, request: &CreateChatCompletionRequest) -> (String, Vec<ChatCompletionMessageToolCall>) {
        let (mut text, mut calls) = (String::new(), Vec::<ChatCompletionMessageToolCall>::new());
        let mut stream = self.client.chat().create_stream(request.clone()).await.expect("a stream");
        while let Some(chunk) = stream.next().await {
            let Some(choice) = chunk.expect("a chunk").choices.into_iter().next() else { continue };
            if let Some(content) = choice.delta.content {
                text.push_str(&content);
            }
            for piece in choice.delta.tool_calls.unwrap_or_default() {
                let function = piece.function.expect("a function");
                if let Some(id) = piece.id {
                    let name = function.name.clone().unwrap_or_default();
                    calls.push(ChatCompletionMessageToolCall {
                        id,
                        function: FunctionCall { name, arguments: String::new() },
                    });
                }
                let call = calls.last_mut().expect("a call");
                call.function.arguments.push_str(&function.arguments.unwrap_or_default());
            }
        }
        (text, calls)
    }
}

//! genai: its client and its types, the loop by hand as its users write it.

use bed::{Contestant, INSTRUCTIONS, QUESTION, Script, TOOL, TOOL_DESCRIPTION};
use futures_util::StreamExt;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, Tool, ToolCall, ToolResponse};
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{Client, ModelIden, ServiceTarget};

fn main() {
    bed::main::<Genai>();
}

struct Genai {
    client: Client,
    request: ChatRequest,
    script: Script,
}

impl Contestant for Genai {
    fn new(base_url: String, script: Script) -> Self {
        let url = format!("{base_url}/");
        let resolver = ServiceTargetResolver::from_resolver_fn(
            move |target: ServiceTarget| -> Result<ServiceTarget, genai::resolver::Error> {
                Ok(ServiceTarget {
                    endpoint: Endpoint::from_owned(url.clone()),
                    auth: AuthData::from_single("key"),
                    model: ModelIden::new(AdapterKind::OpenAI, target.model.model_name),
                })
            },
        );
        let client = Client::builder().with_service_target_resolver(resolver).build().expect("a client");
        let tool = Tool::new(TOOL).with_description(TOOL_DESCRIPTION).with_schema(bed::tool_schema());
        let request = ChatRequest::new(vec![ChatMessage::system(INSTRUCTIONS), ChatMessage::user(QUESTION)]);
        Self { client, request: request.with_tools([tool]), script }
    }

    async fn run(&self) -> usize {
        let mut request = self.request.clone();
        loop {
            let (text, calls) = if self.script.deltas > 0 {
                self.streamed(request.clone()).await
            } else {
                let answer = self.client.exec_chat("m", request.clone(), None).await.expect("an answer");
                (answer.first_text().unwrap_or_default().to_owned(), answer.into_tool_calls())
            };
            if calls.is_empty() {
                return text.len();
            }
            let results: Vec<_> = calls
                .iter()
                .map(|call| {
                    let arguments = call.fn_arguments.to_string();
                    ToolResponse::new(call.call_id.clone(), bed::look_up(&arguments))
                })
                .collect();
            request = request.append_message(calls);
            for result in results {
                request = request.append_message(result);
            }
        }
    }
}

impl Genai {
    async fn streamed(&self, request: ChatRequest) -> (String, Vec<ToolCall>) {
        let options = ChatOptions::default().with_capture_tool_calls(true);
        let mut text = String::new();
        let mut stream = self.client.exec_chat_stream("m", request, Some(&options)).await.expect("a stream").stream;
        let mut calls = Vec::new();
        while let Some(event) = stream.next().await {
            match event.expect("an event") {
                ChatStreamEvent::Chunk(chunk) => text.push_str(&chunk.content),
                ChatStreamEvent::End(end) => calls = end.captured_into_tool_calls().unwrap_or_default(),
                _ => {}
            }
        }
        (text, calls)
    }
}

//! The floor: bare reqwest, the conversation a buffer of bytes that only grows.

use bed::{Contestant, Script};
use futures_util::StreamExt;

fn main() {
    bed::main::<Floor>();
}

struct Floor {
    client: reqwest::Client,
    url: String,
    script: Script,
    head: String,
}

impl Contestant for Floor {
    fn new(base_url: String, script: Script) -> Self {
        Self {
            client: reqwest::Client::new(),
            url: format!("{base_url}/chat/completions"),
            script,
            head: bed::floor::head(script.deltas > 0),
        }
    }

    async fn run(&self) -> usize {
        let mut conversation = bed::floor::Conversation::new(&self.head);
        loop {
            let request = self.client.post(&self.url).header("content-type", "application/json");
            let response = request.body(conversation.body()).send().await.expect("an answer");
            if self.script.deltas > 0 {
                let mut events = bed::floor::Events::default();
                let mut stream = response.bytes_stream();
                while let Some(bytes) = stream.next().await {
                    events.push(&bytes.expect("bytes"));
                }
                if let Some(length) = conversation.take_events(events) {
                    return length;
                }
            } else if let Some(length) = conversation.take(&response.bytes().await.expect("a body")) {
                return length;
            }
        }
    }
}

//! Runlet's adapter alone: the answer's stream read with no run around it, so nobody listens to events.

use bed::{Contestant, QUESTION, Script};
use futures_util::StreamExt;
use runlet::model::{Model, ModelEvent, ModelRequest};
use runlet::provider::OpenAiChat;

fn main() {
    bed::main::<Adapter>();
}

struct Adapter(OpenAiChat);

impl Contestant for Adapter {
    fn new(base_url: String, script: Script) -> Self {
        assert_eq!(script.rounds, 0, "the adapter runs no tools");
        Self(OpenAiChat::new("m").base_url(base_url).context_window(100_000_000))
    }

    async fn run(&self) -> usize {
        let request = ModelRequest::new(QUESTION).unbudgeted();
        let mut stream = self.0.stream(request).await.expect("a stream");
        let mut length = 0;
        while let Some(event) = stream.next().await {
            if let ModelEvent::TextDelta(text) = event.expect("an event") {
                length += text.len();
            }
        }
        length
    }
}

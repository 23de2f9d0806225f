//! The floor: bare hyper, the conversation a buffer of bytes that only grows.

use bed::{Contestant, Script};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

fn main() {
    bed::main::<Floor>();
}

struct Floor {
    client: Client<HttpConnector, Full<Bytes>>,
    url: hyper::Uri,
    script: Script,
    head: String,
}

impl Contestant for Floor {
    fn new(base_url: String, script: Script) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            url: format!("{base_url}/chat/completions").parse().expect("a URL"),
            script,
            head: bed::floor::head(script.deltas > 0),
        }
    }

    async fn run(&self) -> usize {
        let mut conversation = bed::floor::Conversation::new(&self.head);
        loop {
            let request = Request::post(self.url.clone()).header("content-type", "application/json");
            let request = request.body(Full::new(conversation.body())).expect("a request");
            let mut body = self.client.request(request).await.expect("an answer").into_body();
            if self.script.deltas > 0 {
                let mut events = bed::floor::Events::default();
                while let Some(frame) = body.frame().await {
                    if let Ok(bytes) = frame.expect("a frame").into_data() {
                        events.push(&bytes);
                    }
                }
                if let Some(length) = conversation.take_events(events) {
                    return length;
                }
            } else {
                let whole = body.collect().await.expect("a body").to_bytes();
                if let Some(length) = conversation.take(&whole) {
                    return length;
                }
            }
        }
    }
}

//! The adapters, each answered by a function instead of a server.

use std::cell::{Cell, RefCell};

use futures_util::StreamExt;
use runlet::model::{AnyModel, Model, ModelEvent, ModelRequest, ModelResponse};
use runlet::provider::{Anthropic, Compatibility, Gemini, OpenAiChat, OpenAiResponses, Replayed, RetryPolicy};
use runlet::{Error, Result};
use serde_json::Value;
use serde_json::value::RawValue;

/// The wire formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    Responses,
    Chat,
    Anthropic,
    Gemini,
}

/// What was made of a streamed answer.
#[derive(Debug)]
pub struct Told {
    /// The events but the last.
    pub events: Vec<ModelEvent>,
    pub result: Result<ModelResponse, Error>,
}

thread_local! {
    static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    static MODELS: [AnyModel; 4] = Api::ALL.map(model);
    static ANSWER: RefCell<Replayed> = RefCell::default();
    static SENT: Cell<Option<Vec<u8>>> = const { Cell::new(None) };
}

impl Api {
    pub const ALL: [Self; 4] = [Self::Responses, Self::Chat, Self::Anthropic, Self::Gemini];

    /// The format that a byte stands for.
    pub fn of(byte: u8) -> Self {
        Self::ALL[usize::from(byte) % Self::ALL.len()]
    }

    /// Reads a streamed answer.
    pub fn stream(self, pieces: Vec<Vec<u8>>, reset: bool) -> Told {
        let pieces = pieces.into_iter().map(Into::into).collect();
        ANSWER.set(Replayed { content_type: Some("text/event-stream"), pieces, reset });
        let model = self.model();
        RUNTIME.with(|runtime| runtime.block_on(read(&model)))
    }

    /// Reads an answer that comes whole.
    pub fn whole(self, body: &[u8]) -> Result<ModelResponse> {
        ANSWER.set(Replayed { pieces: vec![body.to_vec().into()], ..Replayed::default() });
        let request = ModelRequest::new("Hello").unbudgeted();
        RUNTIME.with(|runtime| runtime.block_on(self.model().complete(request)))
    }

    /// The body that is sent for a request; `null` where no `Value` holds it, as half a character that a provider said in
    /// an item of its own goes back as it came.
    ///
    /// # Errors
    /// What the adapter says of a request that it does not send.
    pub fn body(self, request: ModelRequest) -> Result<Value> {
        ANSWER.take();
        SENT.take();
        let answer = RUNTIME.with(|runtime| runtime.block_on(self.model().stream(request.unbudgeted())));
        match (SENT.take(), answer) {
            (Some(body), _) => {
                serde_json::from_slice::<&RawValue>(&body).expect("what is sent is JSON");
                Ok(serde_json::from_slice(&body).unwrap_or_default())
            }
            (None, Err(error)) => Err(error),
            (None, Ok(_)) => panic!("{self:?} answered without sending"),
        }
    }

    /// Reads a request's body.
    ///
    /// # Errors
    /// What the adapter says of a body that is no request.
    pub fn request(self, body: &Value) -> Result<ModelRequest> {
        match self {
            Self::Responses => OpenAiResponses::request_from_wire(body),
            Self::Chat => OpenAiChat::request_from_wire(body),
            Self::Anthropic => Anthropic::request_from_wire(body),
            Self::Gemini => Gemini::request_from_wire(body),
        }
    }

    fn model(self) -> AnyModel {
        MODELS.with(|models| models[self as usize].clone())
    }
}

async fn read(model: &AnyModel) -> Told {
    let mut events = Vec::new();
    let mut stream = match model.stream(ModelRequest::new("Hello").unbudgeted()).await {
        Ok(stream) => stream,
        Err(error) => return Told { events, result: Err(error) },
    };
    let result = loop {
        match stream.next().await {
            Some(Ok(ModelEvent::Completed(response))) => break Ok(*response),
            Some(Ok(event)) => events.push(event),
            Some(Err(error)) => break Err(error),
            None => panic!("a stream ended with neither an answer nor an error"),
        }
    };
    assert!(stream.next().await.is_none(), "a stream goes on after its end");
    Told { events, result }
}

fn model(api: Api) -> AnyModel {
    let answer = |body| {
        SENT.set(Some(body));
        ANSWER.take()
    };
    let (url, never) = ("http://localhost:1", RetryPolicy::never());
    match api {
        Api::Responses => AnyModel::new(OpenAiResponses::new("gpt-5.5").base_url(url).retry(never).replay(answer)),
        Api::Chat => {
            let model = OpenAiChat::new("gpt-5.5").base_url(url).retry(never).replay(answer);
            AnyModel::new(model.compatibility(Compatibility::openai()))
        }
        Api::Anthropic => AnyModel::new(Anthropic::new("claude-opus-5").base_url(url).retry(never).replay(answer)),
        Api::Gemini => AnyModel::new(Gemini::new("gemini-3-pro").base_url(url).retry(never).replay(answer)),
    }
}

//! What both floors share: Chat Completions with nothing around it. The conversation is a buffer that only grows, answers
//! and events are read borrowed, the tool is a constant.

use bytes::Bytes;
use serde::Deserialize;

use crate::{INSTRUCTIONS, QUESTION, TOOL, TOOL_DESCRIPTION, TOOL_RESULT};

/// The beginning of every request of a run.
pub fn head(stream: bool) -> String {
    let stream = if stream { r#""stream":true,"# } else { "" };
    format!(
        r#"{{"model":"m",{stream}"tools":[{{"type":"function","function":{{"name":"{TOOL}","description":"{TOOL_DESCRIPTION}","parameters":{{"type":"object","properties":{{"order_id":{{"type":"string"}}}},"required":["order_id"],"additionalProperties":false}}}}}}],"messages":[{{"role":"system","content":"{INSTRUCTIONS}"}},{{"role":"user","content":"{QUESTION}"}}"#
    )
}

/// A conversation as the bytes that are sent of it.
pub struct Conversation(Vec<u8>);

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Message<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(default)]
    content: Option<&'a str>,
    #[serde(borrow, default)]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    id: &'a str,
    #[serde(borrow)]
    function: Function<'a>,
}

#[derive(Deserialize)]
struct Function<'a> {
    arguments: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct Arguments<'a> {
    order_id: &'a str,
}

impl Conversation {
    pub fn new(head: &str) -> Self {
        Self(head.as_bytes().to_vec())
    }

    /// The body of the next request.
    pub fn body(&self) -> Bytes {
        let mut body = Vec::with_capacity(self.0.len() + 2);
        body.extend_from_slice(&self.0);
        body.extend_from_slice(b"]}");
        body.into()
    }

    /// Takes an answer: the length of its text where it is the last.
    pub fn take(&mut self, body: &[u8]) -> Option<usize> {
        let answer: Answer<'_> = serde_json::from_slice(body).expect("an answer");
        let message = &answer.choices.first().expect("a choice").message;
        if message.tool_calls.is_empty() {
            return message.content.map(str::len);
        }
        let calls = message.tool_calls.iter().map(|call| (call.id, &*call.function.arguments));
        self.answer_calls(message.content.unwrap_or_default(), calls);
        None
    }

    /// Takes a streamed answer.
    pub fn take_events(&mut self, events: Events) -> Option<usize> {
        assert!(events.done, "the stream ends with its marker");
        if events.calls.is_empty() {
            return Some(events.text);
        }
        let calls = events.calls.iter().map(|(id, arguments)| (id.as_str(), arguments.as_str()));
        self.answer_calls("", calls);
        None
    }

    fn answer_calls<'a>(&mut self, content: &str, calls: impl Iterator<Item = (&'a str, &'a str)> + Clone) {
        let out = &mut self.0;
        out.extend_from_slice(br#",{"role":"assistant","content":"#);
        serde_json::to_writer(&mut *out, content).expect("JSON");
        out.extend_from_slice(br#","tool_calls":["#);
        for (at, (id, arguments)) in calls.clone().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(br#"{"id":""#);
            out.extend_from_slice(id.as_bytes());
            out.extend_from_slice(br#"","type":"function","function":{"name":""#);
            out.extend_from_slice(TOOL.as_bytes());
            out.extend_from_slice(br#"","arguments":"#);
            serde_json::to_writer(&mut *out, arguments).expect("JSON");
            out.extend_from_slice(b"}}");
        }
        out.extend_from_slice(b"]}");
        for (id, arguments) in calls {
            let arguments: Arguments<'_> = serde_json::from_str(arguments).expect("arguments");
            assert_eq!(arguments.order_id, "123");
            out.extend_from_slice(br#",{"role":"tool","tool_call_id":""#);
            out.extend_from_slice(id.as_bytes());
            out.extend_from_slice(br#"","content":"#);
            serde_json::to_writer(&mut *out, TOOL_RESULT).expect("JSON");
            out.push(b'}');
        }
    }
}

/// What has come of a streamed answer.
#[derive(Default)]
pub struct Events {
    buffer: Vec<u8>,
    text: usize,
    /// Ids and arguments.
    calls: Vec<(String, String)>,
    done: bool,
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: Vec<ChunkChoice<'a>>,
}

#[derive(Deserialize)]
struct ChunkChoice<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    tool_calls: Vec<CallDelta<'a>>,
}

#[derive(Deserialize)]
struct CallDelta<'a> {
    #[serde(default)]
    id: Option<&'a str>,
    #[serde(borrow)]
    function: Function<'a>,
}

impl Events {
    pub fn push(&mut self, bytes: &[u8]) {
        if self.buffer.is_empty() {
            let read = self.read(bytes);
            self.buffer.extend_from_slice(bytes.get(read..).unwrap_or_default());
        } else {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.extend_from_slice(bytes);
            let read = self.read(&buffer);
            buffer.drain(..read);
            self.buffer = buffer;
        }
    }

    /// Reads all whole events; how many bytes they take.
    fn read(&mut self, bytes: &[u8]) -> usize {
        let mut read = 0;
        for end in memchr::memmem::find_iter(bytes, b"\n\n") {
            let event = bytes.get(read..end).unwrap_or_default();
            read = end + 2;
            let Some(data) = event.strip_prefix(b"data: ") else { continue };
            if data == b"[DONE]" {
                self.done = true;
                continue;
            }
            let chunk: Chunk<'_> = serde_json::from_slice(data).expect("a chunk");
            let Some(choice) = chunk.choices.first() else { continue };
            self.text += choice.delta.content.as_ref().map_or(0, |text| text.len());
            for call in &choice.delta.tool_calls {
                if let Some(id) = call.id {
                    self.calls.push((id.to_owned(), String::new()));
                }
                if let Some((_, arguments)) = self.calls.last_mut() {
                    arguments.push_str(&call.function.arguments);
                }
            }
        }
        read
    }
}

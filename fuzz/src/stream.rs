//! Server-sent events and every adapter's stream: the first byte chooses the format, the second how it ends, the third how
//! it is split.

use runlet::model::{ModelEvent, ModelRequest, ModelResponse};
use runlet::{Message, Part, Role, ToolResult};

use super::api::{Api, Told};

pub fn run(data: &[u8]) {
    let Some((&[api, ending, seed], body)) = data.split_first_chunk() else { return };
    let (api, reset) = (Api::of(api), ending & 1 == 1);
    if ending & 2 == 2
        && let Ok(response) = api.whole(body)
    {
        is_sent_back(&response);
    }
    let whole = api.stream(vec![body.to_vec()], reset);
    let split = api.stream(pieces(body, seed), reset);
    same(&whole, &split);
    check(api, &whole);
}

/// What holds of every answer and every failure.
pub fn check(api: Api, told: &Told) {
    let Told { events, result } = told;
    let text: String = events.iter().filter_map(text_of).collect();
    match result {
        Ok(response) => {
            // The last event of the Responses API tells all once more, and may tell something else.
            if api != Api::Responses {
                // Parts that grow in turns are shown as they grow.
                let sorted = |text: String| {
                    let mut bytes = text.into_bytes();
                    bytes.sort_unstable();
                    bytes
                };
                assert_eq!(sorted(text), sorted(response.message.text()), "the text is not that of the events");
                let calls = events.iter().filter_map(|event| match event {
                    ModelEvent::ToolCallCompleted(call) => Some(call),
                    _ => None,
                });
                assert!(calls.eq(response.message.tool_calls()), "the calls are not those of the events");
            }
            is_sent_back(response);
        }
        Err(error) => {
            let provider = error.provider().expect("a stream fails with its provider's error");
            assert!(provider.partial_text.starts_with(&text), "the error lacks text that was shown");
            assert_eq!(provider.response_started, !events.is_empty());
        }
    }
}

/// Whether two readings tell the same.
pub fn same(one: &Told, other: &Told) {
    assert_eq!(one.events, other.events, "the events depend on how the bytes are split");
    match (&one.result, &other.result) {
        (Ok(one), Ok(other)) => assert_eq!(one, other, "the answer depends on how the bytes are split"),
        (Err(one), Err(other)) => {
            assert_eq!(one.to_string(), other.to_string());
            let partial = [one, other].map(|error| error.provider().map(|error| &error.partial_text));
            assert_eq!(partial[0], partial[1], "the partial text depends on how the bytes are split");
        }
        _ => panic!("whether there is an answer depends on how the bytes are split"),
    }
}

/// Whatever was answered can go back, to its own provider and to every other.
fn is_sent_back(response: &ModelResponse) {
    let mut results = Message::new(Role::Tool, Vec::new());
    for call in response.message.tool_calls() {
        results.parts.push(Part::ToolResult(ToolResult::text(call, "done")));
    }
    let mut request = ModelRequest::new("Hello");
    request.messages.push(response.message.clone());
    request.messages.push(if results.parts.is_empty() { Message::user("Go on.") } else { results });
    for api in Api::ALL {
        // Not all can be said everywhere; what is sent is JSON.
        api.body(request.clone()).ok();
    }
}

/// The bytes in pieces of 1 to 16, of lengths that `seed` decides.
fn pieces(body: &[u8], seed: u8) -> Vec<Vec<u8>> {
    let mut state = u32::from(seed).wrapping_mul(2_654_435_761) | 1;
    let mut rest = body;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let (piece, after) = rest.split_at(rest.len().min(1 + (state & 15) as usize));
        pieces.push(piece.to_vec());
        rest = after;
    }
    pieces
}

fn text_of(event: &ModelEvent) -> Option<&str> {
    match event {
        ModelEvent::TextDelta(text) => Some(text),
        _ => None,
    }
}

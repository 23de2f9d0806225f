//! Calls that a Chat Completions server streams in any shape.

use futures_util::StreamExt;
use proptest::prelude::*;
use runlet::model::{Model, ModelEvent, ModelRequest};
use runlet::provider::{OpenAiChat, RetryPolicy};
use serde_json::{Value, json};

use crate::wire::loopback::{Loopback, Reply};

/// How a server numbers the pieces of its calls.
#[derive(Clone, Copy, Debug)]
enum Numbering {
    /// From a number on; the id comes with the first piece only.
    From(u64),
    /// All pieces have the number 0; each has its id.
    Zero,
    /// No piece has a number; each has its id.
    None,
}

/// One call: the pieces of its name and of its arguments.
type Pieces = (Vec<String>, Vec<String>);

/// The pieces of all calls, those of each in order and those of different calls in turns as the shuffle says.
fn deltas(calls: &[Pieces], numbering: Numbering, turns: &[usize]) -> Vec<Value> {
    let mut waiting: Vec<Vec<Value>> = calls.iter().enumerate().map(|(n, call)| of_call(n, call, numbering)).collect();
    // The first pieces come in order: they say which call is which.
    let mut deltas: Vec<Value> = waiting.iter_mut().map(|pieces| pieces.remove(0)).collect();
    let mut turns = turns.iter().cycle();
    while waiting.iter().any(|pieces| !pieces.is_empty()) {
        let begin = turns.next().copied().unwrap_or_default();
        let count = waiting.len();
        let next = (0..count).map(|step| (begin + step) % count).find(|place| !waiting[*place].is_empty());
        deltas.extend(next.map(|place| waiting[place].remove(0)));
    }
    deltas
}

fn of_call(number: usize, (name, arguments): &Pieces, numbering: Numbering) -> Vec<Value> {
    let id = format!("id_{number}");
    let functions = name.iter().map(|piece| json!({ "name": piece }));
    let functions = functions.chain(arguments.iter().map(|piece| json!({ "arguments": piece })));
    let piece = |(place, function): (usize, Value)| match numbering {
        Numbering::From(first) if place == 0 => {
            json!({ "index": first + number as u64, "id": id, "function": function })
        }
        Numbering::From(first) => json!({ "index": first + number as u64, "function": function }),
        Numbering::Zero => json!({ "index": 0, "id": id, "function": function }),
        Numbering::None => json!({ "id": id, "function": function }),
    };
    functions.enumerate().map(piece).collect()
}

/// What an adapter reads from a stream of these pieces: id, name and arguments of each call.
async fn read(deltas: &[Value]) -> Vec<(String, String, String)> {
    let chunk = |delta: &Value, finish: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        format!("data: {}\n\n", json!({ "id": "c", "object": "chat.completion.chunk", "choices": [choice] }))
    };
    let mut body: String = deltas.iter().map(|call| chunk(&json!({ "tool_calls": [call] }), Value::Null)).collect();
    body.push_str(&chunk(&json!({}), json!("tool_calls")));
    body.push_str("data: [DONE]\n\n");
    let server = Loopback::start().await;
    server.reply(Reply::new(200, "text/event-stream", body));
    let model = OpenAiChat::new("gpt-5.5").api_key("k").base_url(server.url("/v1")).retry(RetryPolicy::never());
    let mut stream = model.stream(ModelRequest::new("Hi").unbudgeted()).await.expect("a stream");
    while let Some(event) = stream.next().await {
        if let ModelEvent::Completed(response) = event.expect("no failure") {
            return response
                .message
                .tool_calls()
                .map(|call| (call.id.clone(), call.name.clone(), call.arguments.clone()))
                .collect();
        }
    }
    panic!("the stream ended without an answer");
}

/// A name in one or two pieces. A piece that is all of the name before it is that name again, as some servers send it with
/// every piece.
fn name_pieces() -> impl Strategy<Value = Vec<String>> {
    let pieces = prop::collection::vec("[a-z]{1,4}", 1..3);
    pieces.prop_filter("the name once more", |pieces| pieces.first() != pieces.get(1))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn row_31_to_33_calls_are_put_together_from_pieces_of_any_shape(
        calls in prop::collection::vec(
            (name_pieces(), prop::collection::vec("[ -~]{0,5}", 1..5)),
            1..4,
        ),
        numbering in prop_oneof![(0..9_u64).prop_map(Numbering::From), Just(Numbering::Zero), Just(Numbering::None)],
        turns in prop::collection::vec(0..4_usize, 1..12),
    ) {
        let deltas = deltas(&calls, numbering, &turns);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let told = runtime.block_on(read(&deltas));
        let expected: Vec<_> = calls
            .iter()
            .enumerate()
            .map(|(number, (name, arguments))| (format!("id_{number}"), name.concat(), arguments.concat()))
            .collect();
        prop_assert_eq!(told, expected, "{:?}: {:?}", numbering, deltas);
    }
}

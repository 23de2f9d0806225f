//! Tool calls of the Chat Completions API, in all the shapes in which servers send their deltas.

use std::sync::Arc;

use futures_util::StreamExt;
use proptest::prelude::*;
use runlet::Result;
use runlet::message::ToolCall;
use runlet::model::{Model, ModelEvent, ModelRequest};
use runlet::provider::{OpenAiChat, Replayed};
use serde_json::{Value, json};

/// What tells the deltas of one call from those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Index {
    /// From so many on, so many apart.
    Counted(u64, u64),
    /// 0 for every call.
    AllZero,
    Missing,
    /// Not with the first delta of a call.
    Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Id {
    First,
    Every,
    Missing,
    Empty,
    /// With the second delta of a call.
    Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    First,
    /// Letter by letter.
    Pieces,
    /// After the arguments.
    Last,
}

#[derive(Clone, Debug)]
struct Shape {
    index: Index,
    id: Id,
    name: Name,
    /// Whether the calls' deltas come in turns.
    interleaved: bool,
}

impl Shape {
    /// Whether anybody could tell the calls apart.
    fn is_readable(&self) -> bool {
        let every_delta_tells = self.id == Id::Every || matches!(self.index, Index::Counted(..));
        // Without either, a call begins with its name.
        every_delta_tells || (!self.interleaved && (self.name != Name::Last || matches!(self.id, Id::First)))
    }
}

fn shapes() -> impl Strategy<Value = Shape> {
    let index = prop_oneof![
        (0..9_u64, 1..4_u64).prop_map(|(first, step)| Index::Counted(first, step)),
        Just(Index::AllZero),
        Just(Index::Missing),
        Just(Index::Late),
    ];
    let id = prop::sample::select(vec![Id::First, Id::Every, Id::Missing, Id::Empty, Id::Late]);
    let name = prop::sample::select(vec![Name::First, Name::Pieces, Name::Last]);
    let shapes = (index, id, name, any::<bool>());
    let shapes = shapes.prop_map(|(index, id, name, interleaved)| Shape { index, id, name, interleaved });
    shapes.prop_filter("nobody could tell the calls apart", Shape::is_readable)
}

/// Names and arguments, the arguments in pieces.
fn calls() -> impl Strategy<Value = Vec<(String, Vec<String>)>> {
    let arguments = prop_oneof![
        Just(r#"{"order":"ö{}","at":[1,{"x":null}]}"#),
        Just("{}"),
        Just(r#"{"text":"}{"}"#),
        Just(r#"{ "a" : 1 }"#),
    ];
    let call = (prop::sample::select(vec!["look", "find_it", "t1"]), arguments, 1..6_usize);
    let call = call.prop_map(|(name, arguments, size)| {
        let letters: Vec<char> = arguments.chars().collect();
        (name.to_owned(), letters.chunks(size).map(|piece| piece.iter().collect()).collect())
    });
    prop::collection::vec(call, 1..5)
}

/// The deltas of one call.
fn deltas(shape: &Shape, place: u64, name: &str, arguments: &[String]) -> Vec<Value> {
    let names: Vec<Value> = match shape.name {
        Name::Pieces => name.chars().map(|letter| json!({ "name": letter, "arguments": "" })).collect(),
        Name::First | Name::Last => vec![json!({ "name": name, "arguments": "" })],
    };
    let mut functions: Vec<Value> = arguments.iter().map(|piece| json!({ "arguments": piece })).collect();
    let at = if shape.name == Name::Last { functions.len() } else { 0 };
    functions.splice(at..at, names);
    let delta = |(turn, function): (usize, Value)| {
        let mut delta = json!({ "function": function });
        match shape.index {
            Index::Counted(first, step) => delta["index"] = json!(first + place * step),
            Index::AllZero => delta["index"] = json!(0),
            Index::Late if turn > 0 => delta["index"] = json!(place),
            Index::Missing | Index::Late => {}
        }
        let id = format!("call_{place}");
        match (shape.id, turn) {
            (Id::Every, _) | (Id::First, 0) | (Id::Late, 1) => delta["id"] = json!(id),
            (Id::Empty, _) => delta["id"] = json!(""),
            _ => {}
        }
        delta
    };
    functions.into_iter().enumerate().map(delta).collect()
}

fn stream(shape: &Shape, calls: &[(String, Vec<String>)]) -> String {
    let mut all: Vec<(usize, Value)> = Vec::new();
    for (place, (name, arguments)) in (0..).zip(calls) {
        all.extend(deltas(shape, place, name, arguments).into_iter().enumerate());
    }
    if shape.interleaved {
        all.sort_by_key(|(turn, _)| *turn);
    }
    let chunk = |delta: Value, finish: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        format!("data: {}\n\n", json!({ "object": "chat.completion.chunk", "choices": [choice] }))
    };
    let mut body: String =
        all.into_iter().map(|(_, delta)| chunk(json!({ "tool_calls": [delta] }), Value::Null)).collect();
    body.push_str(&chunk(json!({}), json!("tool_calls")));
    body + "data: [DONE]\n\n"
}

/// The calls of the answer, and those that were told of while it came.
async fn read(body: String) -> Result<(Vec<Arc<ToolCall>>, Vec<Arc<ToolCall>>)> {
    let answer = Replayed { content_type: Some("text/event-stream"), pieces: vec![body.into()], reset: false };
    let model =
        OpenAiChat::new("m").api_key("k").base_url("https://llm.example.com/v1").replay(move |_| answer.clone());
    let mut stream = model.stream(ModelRequest::new("Hi").unbudgeted()).await?;
    let (mut told, mut calls) = (Vec::new(), Vec::new());
    while let Some(event) = stream.next().await {
        match event? {
            ModelEvent::ToolCallCompleted(call) => told.push(call),
            ModelEvent::Completed(response) => calls.extend(response.message.tool_calls().cloned()),
            _ => {}
        }
    }
    Ok((calls, told))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn rows_31_to_33_calls_are_the_same_in_every_shape_of_their_deltas(shape in shapes(), calls in calls()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (read, told) = runtime.block_on(read(stream(&shape, &calls))).unwrap();
        let said = |calls: &[Arc<ToolCall>]| -> Vec<(String, String)> {
            calls.iter().map(|call| (call.name.clone(), call.arguments.clone())).collect()
        };
        let expected: Vec<(String, String)> =
            calls.iter().map(|(name, arguments)| (name.clone(), arguments.concat())).collect();
        prop_assert_eq!(said(&read), expected);
        prop_assert_eq!(&read, &told);
        let has_ids = matches!(shape.id, Id::First | Id::Every | Id::Late);
        for (place, call) in read.iter().enumerate() {
            prop_assert_eq!(&call.id, &if has_ids { format!("call_{place}") } else { String::new() });
        }
    }
}

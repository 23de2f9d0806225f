use std::collections::{BTreeMap, HashMap, HashSet};

use runlet::tool;

#[derive(serde::Deserialize, schemars::JsonSchema)]
enum Shape {
    Circle { radius: f64 },
    Square(f64),
    Nothing,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Node {
    children: Vec<Node>,
}

#[tool]
async fn draw(
    shape: Shape,
    tree: Node,
    pair: (u8, String),
    list: Vec<Option<i128>>,
    fixed: [bool; 2],
    map: HashMap<String, BTreeMap<String, u8>>,
    set: HashSet<char>,
    raw: serde_json::Value,
    boxed: Box<str>,
    shared: std::sync::Arc<str>,
    nested: Option<Option<u8>>,
    path: std::path::PathBuf,
    duration: std::time::Duration,
) -> usize {
    let _ = (tree, pair, list, fixed, map, set, raw, boxed, shared, nested, path, duration);
    match shape {
        Shape::Circle { radius } | Shape::Square(radius) => radius as usize,
        Shape::Nothing => 0,
    }
}

/// Runs a tool whose future never waits.
fn run<D>(tool: impl runlet::Tool<D>, deps: D, arguments: &str) -> String
where
    D: Send + Sync + 'static,
{
    let context = runlet::Context::detached(deps);
    let mut future = tool.call(&context, runlet::tool::Arguments::new(arguments));
    let poll = future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    match poll {
        std::task::Poll::Ready(Ok(output)) => output.content().iter().map(text).collect(),
        std::task::Poll::Ready(Err(error)) => error.message().to_owned(),
        std::task::Poll::Pending => panic!("the tool waited"),
    }
}

fn text(part: &runlet::Part) -> &str {
    match part {
        runlet::Part::Text(text) => &text.text,
        _ => "",
    }
}

fn main() {
    let answer = run(
        draw {},
        (),
        r#"{"shape": {"Circle": {"radius": 3}}, "tree": {"children": [{"children": []}]}, "pair": [1, "a"], "list": [null, 5],
            "fixed": [true, false], "map": {"a": {"b": 1}}, "set": ["x"], "raw": null, "boxed": "b", "shared": "s",
            "path": "/tmp", "duration": {"secs": 1, "nanos": 0}}"#,
    );
    assert!(answer.contains("3"), "{answer}");
}

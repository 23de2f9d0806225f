//! Arguments of tools: the first byte chooses the tool, the rest is what a model wrote.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use futures_util::FutureExt;
use runlet::schema::Schema;
use runlet::tool::{Arguments, DynamicTool, ToolErrorKind, ToolSpec};
use runlet::{Context, Json, Part, Tool, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The longest message that a model reads of arguments that do not fit, in bytes: 20 problems, each with a fragment of the
/// schema, an excerpt of the value, a path and its words.
const LONGEST_MESSAGE: usize = 64 << 10;

#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
struct Guest {
    name: String,
    age: Option<u8>,
    friends: Vec<Guest>,
}

#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case", tag = "by")]
enum Payment {
    Card { number: String },
    Invoice(Address),
    Nothing,
}

#[derive(Debug, Deserialize, JsonSchema, Serialize)]
struct Address {
    street: String,
    #[serde(default)]
    lines: Vec<String>,
}

/// Books a table.
#[tool]
async fn book(
    at: String,
    #[arg(min = 1, max = 9)] seats: u32,
    #[arg(min_len = 1, max_len = 3)] guests: Vec<Guest>,
    pay: Option<Payment>,
    #[arg(default = 0.5)] tip: f64,
    #[arg(pattern = "^[A-Z]{2}[0-9]+$")] code: Option<String>,
    notes: Option<BTreeMap<String, i64>>,
    anything: Option<Value>,
    small: Option<i8>,
    large: Option<u64>,
    flag: Option<bool>,
    letter: Option<char>,
) -> Json<Value> {
    let book = json!({
        "at": at, "seats": seats, "guests": guests, "pay": pay, "tip": tip, "code": code, "notes": notes,
        "anything": anything, "small": small, "large": large, "flag": flag, "letter": letter,
    });
    Json(book)
}

static DYNAMIC: LazyLock<DynamicTool<()>> = LazyLock::new(|| {
    let schema = json!({
        "type": "object",
        "properties": {
            "cabin": { "enum": ["economy", "business", 7, null] },
            "date": { "type": "string", "format": "date" },
            "guests": { "type": "array", "minItems": 1, "maxItems": 3, "items": { "$ref": "#/$defs/guest" } },
            "pay": { "oneOf": [
                { "type": "object", "properties": { "card": { "type": "string" } }, "required": ["card"] },
                { "type": "null" },
            ] },
            "seats": { "type": "integer", "minimum": 1, "maximum": 9 },
            "tags": { "type": "object", "patternProperties": { "^x-": { "type": "number" } }, "minProperties": 1 },
            "not": { "not": { "type": "string" }, "if": { "type": "integer" }, "then": { "multipleOf": 3 } },
        },
        "required": ["seats"],
        "$defs": { "guest": {
            "type": "object",
            "properties": { "name": { "type": "string", "pattern": "^[A-Z]" }, "of": { "$ref": "#/$defs/guest" } },
            "required": ["name"],
            "additionalProperties": false,
        } },
    });
    dynamic(schema).expect("a valid schema")
});

/// A tool that gives back its arguments.
fn dynamic(schema: Value) -> runlet::Result<DynamicTool<()>> {
    let spec = ToolSpec::new("dynamic", "Gives back what it is given.", Schema::from_value(schema)?);
    DynamicTool::new(spec, |_, arguments| async move { arguments })
}

pub fn run(data: &[u8]) {
    let Some((&tool, arguments)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(arguments) else { return };
    match tool % 3 {
        0 => {
            call(&book {}, text);
        }
        1 => gives_back(&DYNAMIC, text),
        // A schema, a line feed, and the arguments.
        _ => {
            let Some((schema, arguments)) = text.split_once('\n') else { return };
            let Some(tool) = serde_json::from_str(schema).ok().and_then(|schema| dynamic(schema).ok()) else { return };
            gives_back(&tool, arguments);
        }
    }
}

fn gives_back(tool: &DynamicTool<()>, arguments: &str) {
    if let Some(output) = call(tool, arguments) {
        // Without arguments, a model may write nothing at all.
        let read: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
        let output: Value = serde_json::from_str(&output).expect("the output is JSON");
        assert_eq!(output, read, "a tool was given other arguments than the model wrote");
    }
}

/// What a tool gives for the arguments; nothing where the model is told what is wrong with them.
fn call(tool: &dyn Tool<()>, arguments: &str) -> Option<String> {
    let context = Context::detached(());
    match tool.call(&context, Arguments::new(arguments)).now_or_never().expect("these tools do not wait") {
        Ok(output) => Some(output.content().iter().filter_map(text_of).collect()),
        Err(error) => {
            assert_eq!(error.kind(), ToolErrorKind::InvalidArguments, "{}", error.message());
            let problems = error.argument_problems().expect("the problems are told one by one");
            assert!(!problems.problems().is_empty(), "arguments without a problem were refused");
            assert!(error.message().len() <= LONGEST_MESSAGE, "a message of {} bytes", error.message().len());
            None
        }
    }
}

fn text_of(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) => Some(&text.text),
        _ => None,
    }
}

//! What `#[tool]`, `#[toolset]` and `#[derive(Deps)]` make of functions: schemas, calls, and errors for the model.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Poll, Waker};

use runlet::tool::{Arguments, Effect, ToolErrorKind, Toolbox};
use runlet::{CallContext, Context, Deps, Json, Part, Tool, ToolError, tool, toolset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Calls a tool as a model does and compares the text it gets back, or the text of the error.
fn check<T: Tool<Shop> + Default>(arguments: &str, expected: Result<&str, &str>) {
    let expected = expected.map(str::to_owned).map_err(str::to_owned);
    assert_eq!(call::<T>(arguments), expected, "{arguments}");
}

fn call<T: Tool<Shop> + Default>(arguments: &str) -> Result<String, String> {
    let context = Context::detached(shop());
    let output = wait(T::default().call(&context, Arguments::new(arguments)));
    match output {
        Ok(output) => Ok(output.content().iter().filter_map(text_of).collect()),
        Err(error) => Err(error.message().to_owned()),
    }
}

fn text_of(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) => Some(&text.text),
        _ => None,
    }
}

/// The schema of a tool's arguments.
fn schema<T: Tool<Shop> + Default>() -> Value {
    T::default().spec().parameters.value().clone()
}

/// Waits for a future that never waits itself.
fn wait<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut std::task::Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a tool of these tests waited"),
    }
}

fn shop() -> Shop {
    Shop { orders: OrderDb { prefix: "order" }, clock: Arc::new(Clock(7)), mailer: Box::new(Post) }
}

#[derive(Deps)]
struct Shop {
    orders: OrderDb,
    clock: Arc<Clock>,
    mailer: Box<dyn Mailer>,
}

struct OrderDb {
    prefix: &'static str,
}

struct Clock(u32);

trait Mailer: Send + Sync {
    fn name(&self) -> &'static str;
}

struct Post;

impl Mailer for Post {
    fn name(&self) -> &'static str {
        "post"
    }
}

/// Looks up an order
/// by its number.
///
/// # Errors
/// For people.
#[tool]
async fn lookup_order(
    db: &OrderDb,
    /// The number on the receipt.
    order_id: String,
    #[arg(min = 1, max = 50, default = 10)] limit: u32,
    note: Option<String>,
) -> String {
    format!("{} {order_id} {limit} {note:?}", db.prefix)
}

#[test]
fn a_call_reads_owned_arguments_and_borrows_the_rest() {
    check::<lookup_order>(r#"{"order_id": "A-1", "limit": 3, "note": "x"}"#, Ok(r#"order A-1 3 Some("x")"#));
    check::<lookup_order>(r#" {"limit": 50, "order_id": "\u00e9", "note": null}"#, Ok("order é 50 None"));
}

#[test]
fn a_default_stands_for_a_missing_argument_and_not_for_null() {
    check::<lookup_order>(r#"{"order_id": "A-1"}"#, Ok("order A-1 10 None"));
    check::<lookup_order>(
        r#"{"order_id": "A-1", "limit": null}"#,
        Err("`lookup_order` was not run: its arguments have 1 problem\n\
            - /limit: expected an integer from 0 to 4294967295, found null; \
            schema: {\"default\":10,\"format\":\"uint32\",\"maximum\":50,\"minimum\":1,\"type\":\"integer\"}"),
    );
}

#[test]
fn the_function_is_still_a_function() {
    let db = OrderDb { prefix: "direct" };
    assert_eq!(wait(lookup_order(&db, "1".to_owned(), 2, None)), "direct 1 2 None");
    let lookup_order = 3;
    assert_eq!(lookup_order, 3);
}

#[test]
fn the_spec_says_what_the_function_says() {
    let tool = lookup_order {};
    let spec = Tool::<Shop>::spec(&tool);
    assert_eq!(spec.name, "lookup_order");
    assert_eq!(spec.description, "Looks up an order by its number.");
    assert_eq!((spec.effect, spec.approval), (Effect::Write, false));
    assert_eq!(
        schema::<lookup_order>(),
        json!({
            "type": "object",
            "properties": {
                "order_id": { "type": "string", "description": "The number on the receipt." },
                "limit": { "type": "integer", "format": "uint32", "minimum": 1, "maximum": 50, "default": 10 },
                "note": { "type": ["string", "null"] },
            },
            "required": ["order_id"],
            "additionalProperties": false,
        }),
    );
    assert!(std::ptr::eq(Tool::<Shop>::spec(&tool), Tool::<Shop>::spec(&lookup_order {})));
}

#[test]
fn one_message_names_every_problem_of_a_call() {
    check::<lookup_order>(
        r#"{"ordr_id": "A-1", "limit": 99, "note": [1], "note": "x", "verbose": true}"#,
        Err("`lookup_order` was not run: its arguments have 6 problems\n\
            - /order_id: expected a value: it is required, found nothing; \
            schema: {\"description\":\"The number on the receipt.\",\"type\":\"string\"}\n\
            - /limit: expected a number from 1 to 50, found integer 99; \
            schema: {\"default\":10,\"format\":\"uint32\",\"maximum\":50,\"minimum\":1,\"type\":\"integer\"}\n\
            - /note: expected a string, found array [1]; schema: {\"type\":[\"string\",\"null\"]}\n\
            - /ordr_id: expected no argument of this name, found string \"A-1\"; did you mean `order_id`?\n\
            - /note: expected the argument once, found string \"x\"\n\
            - /verbose: expected no argument of this name, found true; \
            the arguments are `order_id`, `limit`, `note`"),
    );
}

#[test]
fn what_is_no_object_is_one_problem() {
    let not_run = "`lookup_order` was not run: its arguments have 1 problem\n- expected a JSON object, found ";
    for (arguments, found) in [
        ("[1]", "array [1]; name each argument: {\"argument\": value}"),
        ("7", "integer 7; name each argument: {\"argument\": value}"),
        ("null", "null; name each argument: {\"argument\": value}"),
        (r#""{\"order_id\": 1}""#, r#"string "{\"order_id\": 1}"; give the object itself, not a string that holds it"#),
        ("{\"secret\": 12", "text that is not JSON: EOF while parsing an object at line 1 column 13"),
        ("{\"secret\": 1} x", "text that is not JSON: trailing characters at line 1 column 15"),
        ("secret", "text that is not JSON: expected value at line 1 column 1"),
        ("{\"secret\":\n'x'}", "text that is not JSON: expected value at line 2 column 1"),
    ] {
        check::<lookup_order>(arguments, Err(&format!("{not_run}{found}")));
    }
}

#[tool]
async fn ping() -> &'static str {
    "pong"
}

#[test]
fn no_text_is_no_arguments() {
    for arguments in ["", "  \n", "{}"] {
        check::<ping>(arguments, Ok("pong"));
    }
    check::<ping>(
        r#"{"a": 1}"#,
        Err("`ping` was not run: its arguments have 1 problem\n\
            - /a: expected no argument of this name, found integer 1; the tool takes no arguments"),
    );
    assert!(call::<lookup_order>("").is_err_and(|text| text.contains("/order_id: expected a value: it is required")));
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
struct Address {
    street: String,
    number: u8,
    tags: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Speed {
    Slow,
    VeryFast,
}

/// Ships.
#[tool]
async fn ship(
    to: Address,
    #[arg(default = Speed::VeryFast)] speed: Speed,
    weights: Option<BTreeMap<String, f64>>,
) -> Json<Address> {
    let _ = (speed, weights);
    Json(to)
}

#[test]
fn a_problem_inside_a_value_has_its_own_pointer() {
    for (arguments, problem) in [
        (
            r#"{"to": {"street": "s", "number": 300}}"#,
            "/to/number: expected an integer from 0 to 255, found integer 300;",
        ),
        (
            r#"{"to": {"street": "s", "number": 3.0}}"#,
            "/to/number: expected an integer from 0 to 255, found number 3.0;",
        ),
        (
            r#"{"to": {"street": "s", "number": "3"}}"#,
            "/to/number: expected an integer from 0 to 255, found string \"3\";",
        ),
        (
            r#"{"to": {"street": "s", "number": {"x": 1}}}"#,
            "/to/number: expected an integer from 0 to 255, found object {\"x\": 1};",
        ),
        (
            r#"{"to": {"street": "s", "number": 1, "tags": ["a", 5]}}"#,
            "/to/tags/1: expected a string, found integer 5;",
        ),
        (
            r#"{"to": {"street": "s"}}"#,
            "/to: expected an object with the field `number`, found object {\"street\": \"s\"};",
        ),
        (r#"{"to": []}"#, "/to: expected an object, found array [];"),
        (r#"{"to": 1, "speed": "fast"}"#, "/speed: expected `slow` or `very_fast`, found string \"fast\";"),
        (r#"{"to": 1, "weights": {"a/b": 1, "c": "2"}}"#, "/weights/c: expected a number, found string \"2\";"),
        (r#"{"to": 1, "weights": {"a/b": true}}"#, "/weights/a~1b: expected a number, found true;"),
    ] {
        let text = call::<ship>(arguments).expect_err("the arguments are wrong");
        assert!(text.contains(problem), "{arguments}\n{text}");
    }
}

#[test]
fn a_default_that_is_no_literal_is_kept_out_of_the_schema() {
    let schema = schema::<ship>();
    assert_eq!(schema["required"], json!(["to"]));
    assert_eq!(schema["properties"]["speed"].get("default"), None);
    assert!(schema["$defs"]["Address"]["properties"]["street"].is_object());
}

#[tool]
async fn anything(value: Value, wide: Option<u128>, ratio: Option<f64>) -> String {
    format!("{value} {wide:?} {ratio:?}")
}

#[test]
fn integers_are_not_rounded_in_silence() {
    check::<anything>(r#"{"value": 18446744073709551615}"#, Ok("18446744073709551615 None None"));
    check::<anything>(
        r#"{"value": 1, "wide": 340282366920938463463374607431768211455}"#,
        Ok("1 Some(340282366920938463463374607431768211455) None"),
    );
    check::<anything>(
        r#"{"value": "18446744073709551617", "ratio": 1e20}"#,
        Ok("\"18446744073709551617\" None Some(1e20)"),
    );
    check::<anything>(r#"{"value": 100000000000000000000}"#, Ok("1e+20 None None"));
    for arguments in [
        r#"{"value": 18446744073709551617}"#,
        r#"{"value": {"deep": [1, -9223372036854775809]}}"#,
        r#"{"value": 1, "ratio": 18446744073709551617}"#,
    ] {
        let text = call::<anything>(arguments).expect_err("a number would be rounded");
        assert!(text.contains("expected integers of at most 64 bits"), "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{{\"value\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(call::<anything>(&nested(100)).is_ok());
    let text = call::<anything>(&nested(100_000)).expect_err("too deep");
    assert!(text.contains("/value") && text.contains("recursion limit exceeded"), "{text}");
    assert!(text.len() < 2_000, "{}", text.len());
}

#[test]
fn excerpts_are_short_and_harmless() {
    let long = format!(r#"{{"to": "{}"}}"#, "é".repeat(100));
    let text = call::<ship>(&long).expect_err("no object");
    assert!(text.contains(&format!("found string \"{}..", "é".repeat(39))), "{text}");
    let hostile = "{\"to\": [\"\u{202e}\u{7f}\",\n1]}";
    let text = call::<ship>(hostile).expect_err("no object");
    assert!(text.contains(r#"found array ["\u{202e}\u{7f}",\u{a}1]"#), "{text}");
}

#[tool]
async fn ruled(
    #[arg(min = -1.5, max = 2)] ratio: Option<f64>,
    #[arg(min_len = 2, max_len = 3)] code: Option<String>,
    #[arg(min_len = 1)] items: Option<Vec<String>>,
    #[arg(max_len = 1)] map: Option<BTreeMap<String, u8>>,
    #[arg(pattern = "^[A-Z]-[0-9]+$", example = "A-17")] id: Option<String>,
    #[arg(name = "due-date", format = "date")] due: Option<String>,
) -> String {
    format!("{ratio:?} {code:?} {items:?} {map:?} {id:?} {due:?}")
}

#[test]
fn rules_stand_in_the_schema() {
    assert_eq!(
        schema::<ruled>()["properties"],
        json!({
            "ratio": { "type": ["number", "null"], "format": "double", "minimum": -1.5, "maximum": 2 },
            "code": { "type": ["string", "null"], "minLength": 2, "maxLength": 3 },
            "items": { "type": ["array", "null"], "items": { "type": "string" }, "minItems": 1 },
            "map": {
                "type": ["object", "null"],
                "additionalProperties": { "type": "integer", "format": "uint8", "minimum": 0, "maximum": 255 },
                "maxProperties": 1,
            },
            "id": { "type": ["string", "null"], "pattern": "^[A-Z]-[0-9]+$", "examples": ["A-17"] },
            "due-date": { "type": ["string", "null"], "format": "date" },
        }),
    );
}

#[test]
fn rules_are_enforced() {
    let valid =
        r#"{"ratio": -1.5, "code": "éé", "items": ["a"], "map": {"a": 1}, "id": "B-2", "due-date": "2024-02-29"}"#;
    assert!(call::<ruled>(valid).is_ok());
    for (arguments, problem) in [
        (r#"{"ratio": -1.6}"#, "/ratio: expected a number from -1.5 to 2, found number -1.6;"),
        (r#"{"ratio": 3}"#, "/ratio: expected a number from -1.5 to 2, found integer 3;"),
        (r#"{"code": "é"}"#, "/code: expected a string of 2 to 3 characters (this one has 1), found string \"é\";"),
        (r#"{"items": []}"#, "/items: expected an array of at least 1 items (this one has 0), found array [];"),
        (
            r#"{"map": {"a": 1, "b": 2}}"#,
            "/map: expected an object of at most 1 entries (this one has 2), found object",
        ),
        (r#"{"id": "x"}"#, "/id: expected a string that matches `^[A-Z]-[0-9]+$`, found string \"x\";"),
        (
            r#"{"due-date": "2023-02-29"}"#,
            "/due-date: expected a string of the format `date`, found string \"2023-02-29\";",
        ),
        (
            r#"{"due": "2023-02-28"}"#,
            "/due: expected no argument of this name, found string \"2023-02-28\"; the arguments are",
        ),
    ] {
        let text = call::<ruled>(arguments).expect_err("a rule is broken");
        assert!(text.contains(problem), "{arguments}\n{text}");
    }
}

/// Cancels.
#[tool(
    name = "cancel-order",
    title = "Cancel an order",
    description = "Cancels an order for good.",
    timeout = "1500ms",
    retries = 2,
    effect = idempotent,
    sequential,
    approval = true,
    max_output = 4_096,
    type = CancelOrder
)]
async fn cancel(ctx: &dyn CallContext) -> Result<(), ToolError> {
    let _ = ctx.info().step();
    Err(ToolError::retry("later"))
}

#[test]
fn settings_reach_the_spec() {
    let tool = CancelOrder {};
    let spec = Tool::<Shop>::spec(&tool);
    assert_eq!(spec.name, "cancel-order");
    assert_eq!(CancelOrder::NAME, "cancel-order");
    assert_eq!(spec.title.as_deref(), Some("Cancel an order"));
    assert_eq!(spec.description, "Cancels an order for good.");
    assert_eq!(spec.timeout, Some(std::time::Duration::from_millis(1500)));
    assert_eq!((spec.retries, spec.effect, spec.sequential, spec.approval), (2, Effect::Idempotent, true, true));
    assert_eq!(spec.max_output, Some(4096));
    check::<CancelOrder>("{}", Err("later"));
}

#[tool]
async fn whole_context(
    ctx: &Context<Shop>,
    shop: &Shop,
    clock: &Clock,
    shared: &Arc<Clock>,
    mailer: &dyn Mailer,
) -> u32 {
    assert_eq!(ctx.deps().clock.0, shop.clock.0);
    assert_eq!(mailer.name(), "post");
    clock.0 + shared.0
}

#[test]
fn the_run_lends_fields_and_what_is_behind_their_pointers() {
    check::<whole_context>("{}", Ok("14"));
}

#[tool(timeout = "50ms")]
async fn never_ends() -> String {
    std::future::pending().await
}

#[tool(max_output = 40)]
async fn talks(length: usize) -> Result<String, ToolError> {
    let text = "word ".repeat(length);
    if length > 100 { Err(ToolError::failed(text)) } else { Ok(text) }
}

#[tool]
async fn panics() -> String {
    panic!("canary")
}

#[tool(effect = read, retries = 2)]
async fn works_at_last(clock: &Tries) -> Result<u32, ToolError> {
    let tries = clock.0.fetch_add(1, Ordering::Relaxed);
    if tries < 2 { Err(ToolError::failed("not yet")) } else { Ok(tries) }
}

struct Tries(AtomicU32);

type Told = Result<String, (ToolErrorKind, String)>;

fn told(output: Result<runlet::ToolOutput, ToolError>) -> Told {
    match output {
        Ok(output) => Ok(output.content().iter().filter_map(text_of).collect()),
        Err(error) => Err((error.kind(), error.message().to_owned())),
    }
}

#[tokio::test(start_paused = true)]
async fn a_typed_call_takes_the_path_of_a_models_call() {
    let context = Context::detached(shop());
    let output = told(lookup_order::call(&context, "A-1".to_owned(), 3, None).await);
    assert_eq!(output.as_deref(), Ok("order A-1 3 None"));
    let (kind, message) = told(lookup_order::call(&context, "A-1".to_owned(), 51, None).await).expect_err("too many");
    assert_eq!(kind, ToolErrorKind::InvalidArguments);
    assert!(message.contains("/limit: expected a number from 1 to 50, found integer 51"), "{message}");

    let (kind, message) = told(never_ends::call(&context).await).expect_err("its time is up");
    assert!(kind == ToolErrorKind::TimedOut && message.contains("50 ms"), "{message}");
    let (kind, message) = told(panics::call(&context).await).expect_err("a panic");
    assert!(kind == ToolErrorKind::Panicked && !message.contains("canary"), "{message}");
    for (length, fails) in [(20, false), (200, true)] {
        let (Ok(words) | Err((_, words))) = told(talks::call(&context, length).await);
        assert!(words.contains("bytes of this output are left out") && words.len() < 150, "{fails} {words}");
    }
    let context = Context::detached(Tries(AtomicU32::new(0)));
    assert_eq!(told(works_at_last::call(&context).await).as_deref(), Ok("2"));
}

#[test]
fn a_typed_call_outside_a_runtime_says_so() {
    let (kind, message) = told(wait(panics::call(&Context::detached(())))).expect_err("no runtime");
    assert!(kind == ToolErrorKind::Failed && message.contains("tokio runtime"), "{message}");
}

struct Files {
    root: &'static str,
}

#[toolset(prefix = "files_")]
impl Files {
    /// Reads a file.
    #[tool(effect = read)]
    async fn read(
        &self,
        clock: &Clock,
        /** The path. */
        path: String,
    ) -> String {
        format!("{}/{path} {}", self.root(), clock.0)
    }

    fn root(&self) -> &'static str {
        self.root
    }

    #[tool(name = "list")]
    async fn entries(&self, #[arg(default = 5)] limit: usize) -> usize {
        limit
    }
}

#[test]
fn the_methods_of_a_toolset_share_the_value() {
    let mut toolbox = Toolbox::<Shop>::new();
    for tool in Files::tools(Files { root: "/tmp" }) {
        toolbox.add_arc(tool).expect("the names differ");
    }
    let names: Vec<&str> = toolbox.specs().iter().map(|spec| spec.name.as_ref()).collect();
    assert_eq!(names, ["files_read", "list"]);
    let context = Context::detached(shop());
    let read = toolbox.get("files_read").expect("it was added");
    assert_eq!(read.spec().description, "Reads a file.");
    let output = wait(read.call(&context, Arguments::new(r#"{"path": "x"}"#))).expect("a good call");
    assert_eq!(output.content().iter().filter_map(text_of).collect::<String>(), "/tmp/x 7");
}

#[test]
fn a_wrong_call_is_of_its_own_kind() {
    let error = wait(ping {}.call(&Context::detached(()), Arguments::new("x"))).expect_err("no JSON");
    assert_eq!(error.kind(), ToolErrorKind::InvalidArguments);
    let problems = error.argument_problems().expect("the error says what is wrong");
    assert_eq!((problems.tool(), problems.problems().len()), ("ping", 1));
    assert_eq!(problems.problems()[0].expected, "a JSON object");
}

#[test]
fn a_call_with_countless_problems_is_answered_in_short() {
    let keys: Vec<String> = (0..50_000).map(|number| format!("\"key{number}\":{number}")).collect();
    let text = call::<lookup_order>(&format!("{{{}}}", keys.join(","))).expect_err("no such arguments");
    assert!(text.starts_with("`lookup_order` was not run: its arguments have 50001 problems"), "{text}");
    assert!(text.ends_with("- and 49981 more"), "{text}");
    assert!(text.len() < 4_000, "{}", text.len());
}

/// Cuts and flips the bytes of a valid call in every place: whatever comes, an answer comes.
#[test]
fn no_text_makes_the_reader_panic() {
    let valid = r#"{"to": {"street": "s\u00e9 \"\\", "number": 3, "tags": ["a", null]}, "speed": "slow", "weights": {"x": 1.5e3}}"#;
    for end in 0..=valid.len() {
        let _ = valid.get(..end).map(call::<ship>);
        for byte in [b'"', b'{', b'}', b'[', b']', b',', b':', b'0', b'-', b'n', b'\\', b' ', 0x01] {
            let mut bytes = valid.as_bytes().to_vec();
            if let Some(place) = bytes.get_mut(end) {
                *place = byte;
            }
            let _ = std::str::from_utf8(&bytes).map(call::<ship>);
        }
    }
}

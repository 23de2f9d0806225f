//! Tools made at run time: what their construction refuses, the errors a model reads, and recorded calls of real models.

use std::collections::{BTreeMap, HashMap};

use futures_util::FutureExt as _;
use runlet::schema::Schema;
use runlet::testing::ScriptedModel;
use runlet::tool::{ArgumentProblems, Arguments, DynamicTool, ToolErrorKind, ToolSpec};
use runlet::{Agent, Context, ErrorKind, Part, Runtime, Tool, ToolError, ToolOutput};
use serde_json::{Map, Value, json};

/// A tool that gives back its arguments.
fn tool(name: &str, schema: Schema) -> runlet::Result<DynamicTool<()>> {
    let spec = ToolSpec::new(name.to_owned(), "Gives back what it is given.", schema);
    DynamicTool::new(spec, |_, arguments| async move { arguments })
}

fn call(tool: &DynamicTool<()>, arguments: &str) -> Result<ToolOutput, ToolError> {
    let context = Context::detached(());
    tool.call(&context, Arguments::new(arguments)).now_or_never().expect("a tool of these tests waited")
}

fn book() -> DynamicTool<()> {
    let schema = json!({
        "type": "object",
        "properties": {
            "cabin": { "enum": ["economy", "business"] },
            "date": { "type": "string", "format": "date" },
            "guests": {
                "type": "array",
                "minItems": 1,
                "maxItems": 3,
                "items": { "$ref": "#/$defs/guest" },
            },
            "pay": {
                "anyOf": [
                    { "type": "object", "properties": { "card": { "type": "string" } }, "required": ["card"] },
                    { "type": "null" },
                ],
            },
            "seats": { "type": "integer", "minimum": 1, "maximum": 9 },
            "window": { "type": ["boolean", "null"] },
        },
        "required": ["date", "seats"],
        "$defs": {
            "guest": {
                "type": "object",
                "properties": { "name": { "type": "string", "pattern": "^[A-Z]" }, "age": { "type": "integer" } },
                "required": ["name"],
                "additionalProperties": false,
            },
        },
    });
    tool("book", Schema::from_value(schema).unwrap()).unwrap()
}

/// Calls the tool `book` and compares what the model reads: the output, or the problems.
#[track_caller]
fn check(input: &str, expected: Result<&str, &str>) {
    let found = match call(&book(), input) {
        Ok(output) => Ok(output.content().iter().filter_map(text_of).collect::<String>()),
        Err(error) => {
            assert_eq!(error.kind(), ToolErrorKind::InvalidArguments);
            assert_eq!(error.argument_problems().map(ToString::to_string).as_deref(), Some(error.message()));
            Err(error.message().to_owned())
        }
    };
    assert_eq!(found.as_ref().map(String::as_str).map_err(String::as_str), expected, "{input}");
}

fn text_of(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) => Some(&text.text),
        _ => None,
    }
}

#[test]
fn dynamic_tools_run_where_the_arguments_fit() {
    check(r#"{"date": "2024-02-29", "seats": 2}"#, Ok(r#"{"date":"2024-02-29","seats":2}"#));
    check(
        r#"{"seats": 2, "window": null, "date": "2024-02-29", "guests": [{"name": "Ada"}], "pay": {"card": "1"}}"#,
        Ok(r#"{"date":"2024-02-29","guests":[{"name":"Ada"}],"pay":{"card":"1"},"seats":2,"window":null}"#),
    );
}

#[test]
fn dynamic_tools_name_every_problem_of_a_call() {
    check(
        r#"{"seats": 12, "cabin": "first", "dat": "x", "guests": [], "window": 1, "window": true}"#,
        Err("`book` was not run: its arguments have 7 problems\n\
            - /cabin: expected `economy` or `business`, found string \"first\"; \
            schema: {\"enum\":[\"economy\",\"business\"]}\n\
            - /date: expected a value: it is required, found nothing; \
            schema: {\"format\":\"date\",\"type\":\"string\"}\n\
            - /guests: expected an array of 1 to 3 items (this one has 0), found array []; \
            schema: {\"items\":{\"$ref\":\"#/$defs/guest\"},\"maxItems\":3,\"minItems\":1,\"type\":\"array\"}\n\
            - /seats: expected a number from 1 to 9, found integer 12; \
            schema: {\"maximum\":9,\"minimum\":1,\"type\":\"integer\"}\n\
            - /window: expected true, false or null, found integer 1; \
            schema: {\"type\":[\"boolean\",\"null\"]}\n\
            - /dat: expected no argument of this name, found string \"x\"; did you mean `date`?\n\
            - /window: expected the argument once, found true"),
    );
    check(
        r#"{"date": "29.2.", "seats": "2", "pay": {"card": 7}, "zzz": [1]}"#,
        Err("`book` was not run: its arguments have 4 problems\n\
            - /date: expected a string of the format `date`, found string \"29.2.\"; \
            schema: {\"format\":\"date\",\"type\":\"string\"}\n\
            - /pay/card: expected a string, found integer 7; \
            schema: {\"anyOf\":[{\"properties\":{\"card\":{\"type\":\"string\"}},\"required\":[\"card\"],\"type\":\"object\"},{\"type\":\"null\"}]}\n\
            - /seats: expected an integer, found string \"2\"; \
            schema: {\"maximum\":9,\"minimum\":1,\"type\":\"integer\"}\n\
            - /zzz: expected no argument of this name, found array [1]; the arguments are `cabin`, `date`, `guests`, `pay`, `seats`, `window`"),
    );
    check(
        r#"{"date": "2024-02-29", "seats": 1, "guests": [{"name": "ada", "agee": 4}, {"age": 1.5}, "Bob"]}"#,
        Err("`book` was not run: its arguments have 5 problems\n\
            - /guests/0/agee: expected no field of this name, found integer 4; did you mean `age`?; \
            schema: {\"items\":{\"$ref\":\"#/$defs/guest\"},\"maxItems\":3,\"minItems\":1,\"type\":\"array\"}\n\
            - /guests/0/name: expected a string that matches `^[A-Z]`, found string \"ada\"; \
            schema: {\"items\":{\"$ref\":\"#/$defs/guest\"},\"maxItems\":3,\"minItems\":1,\"type\":\"array\"}\n\
            - /guests/1/age: expected an integer, found number 1.5; \
            schema: {\"items\":{\"$ref\":\"#/$defs/guest\"},\"maxItems\":3,\"minItems\":1,\"type\":\"array\"}\n\
            - /guests/1/name: expected a value: it is required, found nothing; \
            schema: {\"items\":{\"$ref\":\"#/$defs/guest\"},\"maxItems\":3,\"minItems\":1,\"type\":\"array\"}\n\
            - /guests/2: expected an object, found string \"Bob\"; \
            schema: {\"items\":{\"$ref\":\"#/$defs/guest\"},\"maxItems\":3,\"minItems\":1,\"type\":\"array\"}"),
    );
    check(
        r#"{"date": "2024-02-29", "seats": 1, "guests": [{"name": "Ada", "age": 1, "age": 2}], "pay": "cash"}"#,
        Err("`book` was not run: its arguments have 2 problems\n\
            - /guests/0/age: expected the field once, found integer 2; \
            schema: {\"items\":{\"$ref\":\"#/$defs/guest\"},\"maxItems\":3,\"minItems\":1,\"type\":\"array\"}\n\
            - /pay: expected an object or null, found string \"cash\"; \
            schema: {\"anyOf\":[{\"properties\":{\"card\":{\"type\":\"string\"}},\"required\":[\"card\"],\"type\":\"object\"},{\"type\":\"null\"}]}"),
    );
    check(
        r#"{"date": "2024-02-29", "seats": 100000000000000000001}"#,
        Err("`book` was not run: its arguments have 2 problems\n\
            - /seats: expected a number from 1 to 9, found integer 100000000000000000001; \
            schema: {\"maximum\":9,\"minimum\":1,\"type\":\"integer\"}\n\
            - /seats: expected integers of at most 64 bits, found integer 100000000000000000001; \
            schema: {\"maximum\":9,\"minimum\":1,\"type\":\"integer\"}"),
    );
}

#[test]
fn dynamic_tools_take_nothing_but_an_object() {
    let not_run = "`book` was not run: its arguments have 1 problem\n- expected a JSON object, found ";
    for (arguments, found) in [
        ("[1]", "array [1]; name each argument: {\"argument\": value}"),
        ("null", "null; name each argument: {\"argument\": value}"),
        (r#""{\"seats\": 1}""#, r#"string "{\"seats\": 1}"; give the object itself, not a string that holds it"#),
        ("{\"seats\": 12", "text that is not JSON: EOF while parsing an object at line 1 column 12"),
        ("{\"seats\": 1} x", "text that is not JSON: trailing characters at line 1 column 14"),
    ] {
        check(arguments, Err(&format!("{not_run}{found}")));
    }
    check(
        "",
        Err("`book` was not run: its arguments have 2 problems\n\
            - /date: expected a value: it is required, found nothing; \
            schema: {\"format\":\"date\",\"type\":\"string\"}\n\
            - /seats: expected a value: it is required, found nothing; \
            schema: {\"maximum\":9,\"minimum\":1,\"type\":\"integer\"}"),
    );
}

/// Makes a tool and compares the error.
#[track_caller]
fn refuses(name: &str, schema: Value, expected: &str) {
    let error = tool(name, Schema::from_value(schema).unwrap()).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Config, expected));
}

#[test]
fn dynamic_tools_refuse_what_cannot_be_a_tool() {
    let with = |schema: Value| json!({ "type": "object", "properties": { "a": schema } });
    refuses(
        "two words",
        with(json!({})),
        "`two words` cannot name a tool: a name is 1 to 64 of A-Z, a-z, 0-9, _ and -",
    );
    refuses(
        "t",
        json!({ "type": "array" }),
        r#"the schema of `t` needs `"type": "object"` at its root: a call gives its arguments by name"#,
    );
    refuses(
        "t",
        json!({ "properties": {} }),
        r#"the schema of `t` needs `"type": "object"` at its root: a call gives its arguments by name"#,
    );
    refuses(
        "t",
        json!(true),
        r#"the schema of `t` needs `"type": "object"` at its root: a call gives its arguments by name"#,
    );
    refuses(
        "t",
        with(json!({ "type": "dict" })),
        r#"the schema of `t` has the type "dict" at `/properties/a/type`, but JSON Schema has array, boolean, integer, null, number, object and string: `Schema::from_dialect` knows other names for these"#,
    );
    refuses(
        "t",
        json!({ "type": "OBJECT" }),
        r#"the schema of `t` has the type "OBJECT" at `/type`, but JSON Schema has array, boolean, integer, null, number, object and string: `Schema::from_dialect` knows other names for these"#,
    );
    refuses(
        "t",
        with(json!({ "minimum": "1" })),
        r#"the schema of `t` is not valid at `/properties/a/minimum`: "1" is not of type "number""#,
    );
    refuses(
        "t",
        with(json!({ "pattern": "(" })),
        r#"the schema of `t` is not valid at `/properties/a/pattern`: "(" is not a "regex""#,
    );
    refuses(
        "t",
        with(json!({ "$ref": "#/$defs/none" })),
        "the schema of `t` is not valid: Pointer '/$defs/none' does not exist",
    );
    refuses(
        "t",
        with(json!({ "$ref": "https://example.com/a.json" })),
        "the schema of `t` is not valid: Resource 'https://example.com/a.json' is not present in a registry and retrieving it failed: Retrieval is disabled, cannot fetch https://example.com/a.json",
    );
    refuses(
        "t",
        with(json!({ "$ref": "file:///etc/hostname" })),
        "the schema of `t` is not valid: Resource 'file:///etc/hostname' is not present in a registry and retrieving it failed: Retrieval is disabled, cannot fetch file:///etc/hostname",
    );
}

#[test]
fn dynamic_tools_leave_a_root_open_that_says_so() {
    for (schema, open) in [
        (json!({ "type": "object" }), true),
        (json!({ "type": "object", "properties": {} }), false),
        (json!({ "type": "object", "properties": {}, "additionalProperties": true }), true),
        (json!({ "type": "object", "properties": {}, "additionalProperties": { "type": "string" } }), false),
        (json!({ "type": "object", "properties": {}, "patternProperties": { "^x": {} } }), true),
        (json!({ "type": "object", "properties": {}, "allOf": [{ "properties": { "x": {} } }] }), true),
        (json!({ "type": "object", "additionalProperties": false }), false),
    ] {
        let tool = tool("t", Schema::from_value(schema.clone()).unwrap()).unwrap();
        assert_eq!(call(&tool, r#"{"x": 1}"#).is_ok(), open, "{schema}");
    }
}

#[test]
fn dynamic_tools_bound_the_time_of_a_pattern() {
    let schema = json!({ "type": "object", "properties": { "a": { "pattern": "^(a|a|(?=b)b)+$" } } });
    let tool = tool("t", Schema::from_value(schema).unwrap()).unwrap();
    let error = call(&tool, &json!({ "a": "a".repeat(64) + "!" }).to_string()).unwrap_err();
    assert!(error.message().contains("expected a shorter string: matching"), "{}", error.message());
}

#[test]
fn dynamic_tools_bound_the_depth_where_a_schema_refers_to_itself() {
    let node = |tag: &str| {
        let below = json!({ "type": "array", "items": { "$ref": "#/$defs/node" } });
        json!({ "type": "object", "properties": { "all": below, "tag": { "const": tag } }, "required": ["tag"] })
    };
    let schema = json!({
        "type": "object",
        "properties": { "a": { "$ref": "#/$defs/node" } },
        "$defs": { "node": { "anyOf": [node("and"), node("or")] } },
    });
    let tool = tool("t", Schema::from_value(schema).unwrap()).unwrap();
    let nested = |depth| (0..depth).fold(json!({ "tag": "x" }), |inner, _| json!({ "tag": "or", "all": [inner] }));
    for (depth, expected) in [
        (0, "- /a: expected a value that fits one of 2 alternatives, found"),
        (1, "- /a/all/0: expected a value that fits one of 2 alternatives, found"),
        (3, "- /a/all/0/all/0/all/0: expected a value that fits one of 2 alternatives, found"),
        (12, "- /a: expected a value of at most 24 levels, found"),
    ] {
        let error = call(&tool, &json!({ "a": nested(depth) }).to_string()).unwrap_err();
        assert!(error.message().contains(expected), "{}", error.message());
    }
}

#[test]
fn schemas_of_other_dialects_are_translated_when_asked() {
    let schema = json!({
        "type": "OBJECT",
        "properties": {
            "type": { "type": "STRING", "nullable": true, "enum": ["a"] },
            "list": { "type": "tuple", "items": { "type": "float" } },
            "any": { "type": "any" },
            "map": { "type": ["dict", "null"], "additionalProperties": { "type": "int" } },
            "default": { "type": "string", "default": { "type": "dict" } },
        },
    });
    let expected = json!({
        "type": "object",
        "properties": {
            "type": { "type": ["string", "null"], "enum": ["a", null] },
            "list": { "type": "array", "items": { "type": "number" } },
            "any": {},
            "map": { "type": ["object", "null"], "additionalProperties": { "type": "integer" } },
            "default": { "type": "string", "default": { "type": "dict" } },
        },
    });
    assert_eq!(*Schema::from_dialect(schema).unwrap().value(), expected);
}

#[tokio::test]
async fn dynamic_tools_read_the_dependencies_and_may_wait() {
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
    let spec = ToolSpec::new("add", "Adds.", Schema::from_value(schema).unwrap());
    let add = DynamicTool::new(spec, |context: Context<i64>, arguments| async move {
        tokio::task::yield_now().await;
        let n = arguments["n"].as_i64().ok_or_else(|| ToolError::retry("n is too large"))?;
        Ok::<_, ToolError>(context.deps() + n)
    });
    let model =
        ScriptedModel::new().tool_call("add", json!({ "m": 1 })).tool_call("add", json!({ "n": 1 })).text("done");
    let agent: Agent<i64> = Agent::builder("a").model(model.clone()).tool(add.unwrap()).build().unwrap();
    Runtime::new().run(&agent, 41, "?").await.unwrap();
    let last = model.requests().pop().unwrap();
    let results: Vec<String> = last.messages.iter().flat_map(|message| &message.parts).filter_map(result_of).collect();
    assert!(results[0].starts_with("`add` was not run: its arguments have 2 problems\n- /n: "), "{results:?}");
    assert_eq!(results[1], "42");
}

fn result_of(part: &Part) -> Option<String> {
    match part {
        Part::ToolResult(result) => Some(result.content.iter().filter_map(text_of).collect()),
        _ => None,
    }
}

/// Breaks a call that fits a schema, where it can be broken so.
type Mutate = fn(&Value, &Map<String, Value>) -> Option<Broken>;

/// What is done to a valid call to break it.
const MUTATIONS: [(&str, Mutate); 6] = [
    ("missing", without_required),
    ("type", of_wrong_type),
    ("extra", with_extra),
    ("misspelt", misspelt),
    ("range", out_of_range),
    ("bad JSON", cut_off),
];

/// A broken call: its text, and the pointer to where it is broken.
struct Broken {
    json: String,
    pointer: String,
}

impl Broken {
    fn new(arguments: Map<String, Value>, pointer: impl Into<String>) -> Self {
        Self { json: Value::Object(arguments).to_string(), pointer: pointer.into() }
    }
}

fn without_required(schema: &Value, arguments: &Map<String, Value>) -> Option<Broken> {
    let required = schema["required"].as_array()?;
    let name = required.iter().filter_map(Value::as_str).find(|name| arguments.contains_key(*name))?;
    let mut arguments = arguments.clone();
    arguments.remove(name);
    Some(Broken::new(arguments, format!("/{name}")))
}

fn of_wrong_type(schema: &Value, arguments: &Map<String, Value>) -> Option<Broken> {
    let kinds = |name: &str| match &schema["properties"][name]["type"] {
        Value::String(kind) => vec![kind.clone()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let (name, kinds) = arguments.keys().map(|name| (name, kinds(name))).find(|(_, kinds)| !kinds.is_empty())?;
    let values = [("string", json!("x")), ("boolean", json!(true)), ("array", json!([])), ("object", json!({}))];
    let (_, wrong) = values.into_iter().find(|(kind, _)| !kinds.iter().any(|one| one == kind))?;
    let mut arguments = arguments.clone();
    arguments.insert(name.clone(), wrong);
    Some(Broken::new(arguments, format!("/{name}")))
}

/// Whether a schema leaves it open which arguments there are.
fn is_open(schema: &Value) -> bool {
    let silent = schema.get("properties").is_some() && schema.get("additionalProperties").is_none();
    !silent && schema.get("additionalProperties") != Some(&json!(false))
}

fn with_extra(schema: &Value, arguments: &Map<String, Value>) -> Option<Broken> {
    if is_open(schema) {
        return None;
    }
    let mut arguments = arguments.clone();
    arguments.insert("undeclared_argument".to_owned(), json!(1));
    Some(Broken::new(arguments, "/undeclared_argument"))
}

fn misspelt(schema: &Value, arguments: &Map<String, Value>) -> Option<Broken> {
    let (name, value) = arguments.iter().next().filter(|_| !is_open(schema))?;
    let mut arguments = arguments.clone();
    arguments.remove(name);
    arguments.insert(format!("{name}q"), value.clone());
    Some(Broken::new(arguments, format!("/{name}q")))
}

fn out_of_range(schema: &Value, arguments: &Map<String, Value>) -> Option<Broken> {
    arguments.iter().find_map(|(name, value)| {
        let (value, below) = beyond(&schema["properties"][name], value)?;
        let mut arguments = arguments.clone();
        arguments.insert(name.clone(), value);
        Some(Broken::new(arguments, format!("/{name}{below}")))
    })
}

/// A value beyond a limit of its schema, or of a schema in it, and the pointer to the limit's place.
fn beyond(schema: &Value, value: &Value) -> Option<(Value, String)> {
    let number = |keyword: &str| schema[keyword].as_i64();
    let length = |keyword: &str| schema[keyword].as_u64().and_then(|length| usize::try_from(length).ok());
    let here = |value: Value| Some((value, String::new()));
    if schema.get("enum").or_else(|| schema.get("const")).is_some() {
        return here(json!("none of these"));
    }
    match value {
        Value::Number(_) => {
            let below = number("minimum").or_else(|| number("exclusiveMinimum")).map(|min| min.saturating_sub(1));
            let above = number("maximum").or_else(|| number("exclusiveMaximum")).map(|max| max.saturating_add(1));
            here(json!(below.or(above)?))
        }
        Value::String(_) => match (length("minLength"), length("maxLength")) {
            (Some(1..), _) => here(json!("")),
            (_, Some(max)) => here(json!("x".repeat(max + 1))),
            _ => None,
        },
        Value::Array(items) => {
            if length("minItems").is_some_and(|min| min > 0) {
                return here(json!([]));
            }
            let (first, below) = beyond(&schema["items"], items.first()?)?;
            let mut items = items.clone();
            items[0] = first;
            Some((Value::Array(items), format!("/0{below}")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let (value, below) = beyond(&schema["properties"][name], value)?;
            let mut fields = fields.clone();
            fields.insert(name.clone(), value);
            Some((Value::Object(fields), format!("/{name}{below}")))
        }),
        _ => None,
    }
}

fn cut_off(_: &Value, arguments: &Map<String, Value>) -> Option<Broken> {
    let mut json = Value::Object(arguments.clone()).to_string();
    json.pop()?;
    Some(Broken { json, pointer: String::new() })
}

/// The recorded calls of one corpus, put to tools made of their schemas.
struct Corpus {
    name: &'static str,
    tools: HashMap<String, DynamicTool<()>>,
    translated: usize,
    calls: usize,
    accepted: usize,
    /// Per mutation, how many calls were refused at the right place, and how many it could be made to.
    mutations: [(usize, usize); 6],
    left_out: BTreeMap<&'static str, usize>,
    faults: Vec<String>,
}

impl Corpus {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            tools: HashMap::new(),
            translated: 0,
            calls: 0,
            accepted: 0,
            mutations: [(0, 0); 6],
            left_out: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    /// The tool of a schema. One that is not JSON Schema has to be one in a dialect.
    fn tool(&mut self, name: &str, schema: &Value) -> &DynamicTool<()> {
        let legal = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
        let name: String = name.chars().map(legal).take(64).collect();
        let translated = &mut self.translated;
        self.tools.entry(schema.to_string()).or_insert_with(|| {
            tool(&name, Schema::from_value(schema.clone()).unwrap()).unwrap_or_else(|_| {
                *translated += 1;
                tool(&name, Schema::from_dialect(schema.clone()).unwrap()).unwrap()
            })
        })
    }

    /// Puts a call that fits its schema, whole and broken in each way.
    fn valid(&mut self, name: &str, schema: &Value, json: &str) {
        let arguments: Map<String, Value> = serde_json::from_str(json).unwrap_or_default();
        let declares = |name: &String| schema["properties"].get(name).is_some();
        if !is_open(schema) && !arguments.keys().all(declares) {
            // JSON Schema takes these; a tool refuses them, as it refuses the mutations "extra" and "misspelt".
            return self.broken(
                name,
                schema,
                json,
                "give an argument that their schema, silent on others, does not declare",
            );
        }
        let tool = self.tool(name, schema);
        let schema = tool.spec().parameters.clone();
        let whole = call(tool, json);
        let results = MUTATIONS.map(|(_, mutate)| {
            let broken = mutate(schema.value(), &arguments)?;
            let refused = call(tool, &broken.json).is_err_and(|error| {
                let problems = error.argument_problems().map(ArgumentProblems::problems).unwrap_or_default();
                problems.iter().any(|problem| problem.pointer == broken.pointer)
            });
            Some((refused, broken.json))
        });
        self.calls += 1;
        match whole {
            Ok(_) => self.accepted += 1,
            Err(error) => self.faults.push(format!("{json}\n{}", error.message())),
        }
        for ((result, count), (mutation, _)) in results.into_iter().zip(&mut self.mutations).zip(MUTATIONS) {
            let Some((refused, json)) = result else { continue };
            count.0 += usize::from(refused);
            count.1 += 1;
            if !refused {
                self.faults.push(format!("{mutation}: {json}\n{}", schema.json()));
            }
        }
    }

    /// Counts a call that the corpus itself breaks, for a reason, and that has to be refused.
    fn broken(&mut self, name: &str, schema: &Value, json: &str, reason: &'static str) {
        if call(self.tool(name, schema), json).is_ok() {
            self.faults.push(format!("accepted: {json}\n{schema}"));
        }
        *self.left_out.entry(reason).or_default() += 1;
    }

    fn print(&self) {
        let counts: Vec<String> = self.mutations.iter().map(|(refused, of)| format!("{refused}/{of}")).collect();
        println!(
            "| {} | {} ({} translated) | {} | {} | {} |",
            self.name,
            self.tools.len(),
            self.translated,
            self.calls,
            self.accepted,
            counts.join(" | "),
        );
        for (reason, count) in &self.left_out {
            println!("  left out of {}, {count}: {reason}", self.name);
        }
    }
}

fn lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"))
}

/// The text of a call's arguments, as it came or written anew.
fn text(call: &Value) -> String {
    call["arguments_raw"].as_str().map_or_else(|| call["arguments"].to_string(), str::to_owned)
}

fn recorded(calls: &str) -> Corpus {
    let mut corpus = Corpus::new("recorded");
    for line in lines(calls) {
        let (name, schema, json) = (line["name"].as_str().unwrap_or("unnamed"), &line["schema"], text(&line));
        match (&line["schema_valid"], &line["arguments_valid_json"]) {
            _ if schema.is_null() => *corpus.left_out.entry("recorded without a schema").or_default() += 1,
            _ if line["arguments_raw"].is_null()
                && line["arguments"].is_null()
                && line["arguments_valid_json"] == true =>
            {
                *corpus.left_out.entry("recorded without arguments").or_default() += 1;
            }
            (Value::Bool(true), _) => corpus.valid(name, schema, &json),
            (Value::Bool(false), _) => corpus.broken(name, schema, &json, "do not fit their schema"),
            // No text at all means no arguments to a tool, and so it may fit.
            _ if json.is_empty() => *corpus.left_out.entry("cut off before the first byte").or_default() += 1,
            _ => corpus.broken(name, schema, &json, "cut off within the JSON"),
        }
    }
    corpus
}

fn benchmark(questions: &str) -> Corpus {
    let mut corpus = Corpus::new("benchmark");
    for line in lines(questions) {
        let tools = line["tools"].as_array().expect("tools");
        for tool in tools {
            corpus.tool(tool["name"].as_str().unwrap_or_default(), &tool["parameters"]);
        }
        for call in line["calls"].as_array().into_iter().flatten() {
            let (name, json) = (call["name"].as_str().unwrap_or_default(), text(call));
            let Some(tool) = tools.iter().find(|tool| tool["name"] == name) else {
                *corpus.left_out.entry("of a tool that is not listed").or_default() += 1;
                continue;
            };
            match call["schema_valid"] {
                Value::Bool(true) => corpus.valid(name, &tool["parameters"], &json),
                _ => corpus.broken(name, &tool["parameters"], &json, "do not fit their schema"),
            }
        }
    }
    corpus
}

fn airline(tools: &str, calls: &str) -> Corpus {
    let mut corpus = Corpus::new("airline");
    let tools: Value = serde_json::from_str(tools).expect("JSON");
    let tools: Vec<&Value> = tools["tools"].as_object().into_iter().flat_map(Map::values).collect();
    let functions = || tools.iter().filter_map(|list| list.as_array()).flatten().map(|tool| &tool["function"]);
    for function in functions() {
        corpus.tool(function["name"].as_str().unwrap_or_default(), &function["parameters"]);
    }
    for call in lines(calls) {
        let function = functions().find(|function| function["name"] == call["name"]).expect("a listed tool");
        corpus.valid(function["name"].as_str().unwrap_or_default(), &function["parameters"], &text(&call));
    }
    corpus
}

fn servers(lists: &str) -> Corpus {
    let mut corpus = Corpus::new("servers");
    let lists: Value = serde_json::from_str(lists).expect("JSON");
    for server in lists.as_object().into_iter().flat_map(Map::values) {
        for tool in server["tools"].as_array().into_iter().flatten() {
            corpus.tool(tool["name"].as_str().unwrap_or_default(), &tool["inputSchema"]);
        }
    }
    corpus
}

#[test]
fn dynamic_tools_take_recorded_calls_and_refuse_broken_ones() {
    let read = |file: &str| {
        let path = format!("tool-schemas/{file}");
        crate::shared::read("dynamic_tools_take_recorded_calls_and_refuse_broken_ones", &path)
    };
    let corpora = [
        read("real_tool_calls.jsonl").map(|calls| recorded(&calls)),
        read("bfcl_v4_calls.jsonl").map(|questions| benchmark(&questions)),
        read("tau_bench_tools.json")
            .zip(read("tau_bench_gpt4o_airline_calls.jsonl"))
            .map(|(tools, calls)| airline(&tools, &calls)),
        read("mcp_tools.json").map(|lists| servers(&lists)),
    ];
    println!("| corpus | schemas | calls | accepted | {} |", MUTATIONS.map(|(name, _)| name).join(" | "));
    let mut faults = Vec::new();
    for corpus in corpora.into_iter().flatten() {
        corpus.print();
        faults.extend(corpus.faults);
    }
    assert!(
        faults.is_empty(),
        "{} faults, the first of them:\n{}",
        faults.len(),
        faults[..faults.len().min(5)].join("\n")
    );
}

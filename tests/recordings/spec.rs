//! Whether the requests that the adapters write fit the schemas that the vendors publish for them.
//!
//! The schemas lie in `$RUNLET_SHARED/specs`; where an API has none there, its requests are not checked. They are no
//! perfect judges: some recorded requests that a server accepted do not fit. So a request that was recorded has to fit
//! where the recorded one does; one of the table below has to fit in any case.

use std::collections::BTreeMap;
use std::path::Path;

use jsonschema::Validator;
use runlet::message::{Media, MediaKind, MediaSource, Native};
use runlet::model::{ModelRequest, OutputFormat, ToolChoice};
use runlet::schema::Schema;
use runlet::tool::ToolSpec;
use runlet::{Message, Part, Role, ToolCall, ToolResult};
use serde_json::{Value, json};

use crate::sweep::api::Api;

/// The published schema of an API's requests.
#[derive(Debug)]
pub(crate) struct Spec(Validator);

/// How many requests of an API fit.
#[derive(Debug, Default)]
pub(crate) struct Fits {
    /// Recorded requests that fit, and all.
    recorded: (usize, usize),
    /// The same requests as the adapter wrote them.
    sent: (usize, usize),
    /// Requests of the table.
    own: (usize, usize),
    /// Why requests do not fit, and how many.
    reasons: BTreeMap<String, usize>,
}

impl Spec {
    /// The schema of an API, where there is one.
    pub(crate) fn of(api: &str, recordings: &Path) -> Option<Self> {
        let file = match api {
            "anthropic-messages" => "anthropic-messages-request.schema.json",
            "openai-chat" => "openai-chat-request.schema.json",
            "openai-responses" => "openai-responses-request.relaxed.schema.json",
            _ => return None,
        };
        let text = std::fs::read_to_string(recordings.join("../specs").join(file)).ok()?;
        let mut schema: Value = serde_json::from_str(&text).expect("a schema that is JSON");
        forget_recursion(&mut schema);
        Some(Self(jsonschema::validator_for(&schema).expect("a schema that is one")))
    }

    /// What does not fit: a place, with any index as `*`, and the keyword of the schema.
    fn reason(&self, body: &Value) -> Option<String> {
        let error = self.0.iter_errors(body).next()?;
        let place = error.instance_path().to_string();
        let place: Vec<&str> =
            place.split('/').map(|name| if name.parse::<usize>().is_ok() { "*" } else { name }).collect();
        let keyword = error.schema_path().to_string();
        Some(format!("{}: {}", place.join("/"), keyword.rsplit('/').find(|name| name.parse::<usize>().is_err())?))
    }

    /// Checks a recorded request and the same one as it was sent. Gives what is wrong with that alone.
    pub(crate) fn check(&self, recorded: &Value, sent: &Value, fits: &mut Fits) -> Option<String> {
        let (before, after) = (self.reason(recorded), self.reason(sent));
        count(&mut fits.recorded, before.is_none());
        count(&mut fits.sent, after.is_none());
        if let Some(reason) = &after {
            *fits.reasons.entry(reason.clone()).or_default() += 1;
        }
        after.filter(|_| before.is_none())
    }

    /// Checks the table. Gives the requests that do not fit.
    pub(crate) fn check_own(&self, api: Api, fits: &mut Fits) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, request) in requests(api) {
            let reason = match api.body(request) {
                Ok(body) => self.reason(&body),
                Err(error) => Some(error.to_string()),
            };
            count(&mut fits.own, reason.is_none());
            wrong.extend(reason.map(|reason| format!("{name}: {reason}")));
        }
        wrong
    }
}

/// Drops keywords of an older draft, which the draft that the schemas name does not know in this form.
fn forget_recursion(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.starts_with("$recursive"));
            fields.values_mut().for_each(forget_recursion);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_recursion),
        _ => {}
    }
}

fn count(tally: &mut (usize, usize), good: bool) {
    tally.0 += usize::from(good);
    tally.1 += 1;
}

impl Fits {
    pub(crate) fn merge(&mut self, other: Self) {
        for (own, other) in
            [(&mut self.recorded, other.recorded), (&mut self.sent, other.sent), (&mut self.own, other.own)]
        {
            own.0 += other.0;
            own.1 += other.1;
        }
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
    }

    pub(crate) fn print(&self, api: &str) {
        let tally = |(good, all): (usize, usize)| format!("{good}/{all}");
        let (recorded, sent, own) = (tally(self.recorded), tally(self.sent), tally(self.own));
        println!("{api:<20} recorded {recorded:>9}  sent {sent:>9}  own {own:>9}");
        for (reason, count) in &self.reasons {
            println!("{count:>6} {reason}");
        }
    }
}

/// Requests that use every feature, each beside others and alone.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn requests(api: Api) -> Vec<(&'static str, ModelRequest)> {
    let schema = |value: Value| Schema::from_value(value).expect("a schema");
    let plain = schema(json!({ "type": "object", "properties": { "id": { "type": "integer" } }, "required": ["id"] }));
    let loose = schema(json!({
        "type": "object",
        "properties": { "tags": { "type": "object", "additionalProperties": { "type": "string" }, "minProperties": 1 } },
    }));
    let tool = |name: &'static str, parameters: &Schema, strict: Option<bool>| {
        let mut spec = ToolSpec::new(name, "Looks something up.", parameters.clone());
        spec.strict = strict;
        spec
    };
    let output = |schema: &Schema, strict| OutputFormat::Schema {
        name: "answer".to_owned(),
        description: Some("What was found.".to_owned()),
        schema: schema.clone(),
        strict,
    };
    let hello = || ModelRequest::new("Where is order 123?").instructions("Help users with orders.");
    let with_tool = || hello().tool(tool("lookup", &plain, None)).tool(tool("find", &loose, None));
    let user = |parts: Vec<Part>| ModelRequest::from_messages([Message::new(Role::User, parts)]);
    let image = Media::image_base64("image/png", "iVBORw0KGgo=");
    let file = |source: MediaSource, name: Option<&str>| {
        let mut media = Media::image_url("");
        (media.kind, media.source, media.name) = (MediaKind::File, source, name.map(str::to_owned));
        Part::Media(media)
    };
    let pdf = MediaSource::Base64 { media_type: "application/pdf".to_owned(), data: "JVBERi0=".to_owned() };
    let (one, two) = (ToolCall::new("call_1", "lookup", r#"{"id":1}"#), ToolCall::new("call_2", "find", "{}"));
    let asked = Message::new(
        Role::Assistant,
        vec![Part::text("Looking."), Part::tool_call(one.clone()), Part::tool_call(two.clone())],
    );
    let answered = Message::tool(vec![ToolResult::text(&one, "on its way"), ToolResult::error(&two, "no such tag")]);
    let mut shown = ToolResult::text(&one, "a picture");
    shown.content.push(Part::Media(image.clone()));
    let talk = |answers: Message| {
        let mut request = with_tool();
        request.messages.push(asked.clone());
        request.messages.push(answers);
        request
    };
    let broken = ToolCall::new("call_3", "lookup", r#"{"id":"#);
    let mut mended = with_tool();
    mended.messages.push(Message::new(Role::Assistant, vec![Part::tool_call(broken.clone())]));
    mended.messages.push(Message::tool(vec![ToolResult::error(&broken, "not JSON")]));
    let mut later = hello();
    later.messages.push(Message::assistant("On its way."));
    later.messages.push(Message::system("Be brief."));
    later.messages.push(Message::user("And order 124?"));

    let mut sampled = hello().max_output_tokens(2_048).temperature(0.5).metadata("user", "u_1");
    sampled.top_p = Some(0.9);
    let mut one_at_a_time = with_tool();
    one_at_a_time.parallel_tool_calls = Some(false);
    let mut table = vec![
        ("a text", ModelRequest::new("Hello")),
        ("instructions", hello()),
        ("sampling", sampled),
        ("tools", with_tool()),
        ("a strict tool", hello().tool(tool("lookup", &plain, Some(true)))),
        ("a loose tool", hello().tool(tool("lookup", &plain, Some(false)))),
        ("one call at a time", one_at_a_time),
        ("tool choice auto", with_tool().tool_choice(ToolChoice::Auto)),
        ("tool choice none", with_tool().tool_choice(ToolChoice::None)),
        ("tool choice required", with_tool().tool_choice(ToolChoice::Required)),
        ("tool choice one", with_tool().tool_choice(ToolChoice::Tool("find".to_owned()))),
        ("structured output", hello().output(output(&plain, None))),
        ("strict output", hello().output(output(&plain, Some(true)))),
        ("loose output", hello().output(output(&loose, None))),
        ("results of tools", talk(answered.clone())),
        ("broken arguments", mended),
        ("a system message later", later),
        ("an image", user(vec![Part::text("What is it?"), Part::Media(image)])),
        ("an image elsewhere", user(vec![Part::Media(Media::image_url("https://example.com/a.png"))])),
        ("a file", user(vec![Part::text("Sum it up."), file(pdf, Some("a.pdf"))])),
    ];
    if api != Api::Anthropic {
        // There it is a beta feature, which the published schema leaves out.
        let stored = MediaSource::FileId { id: "file-1".to_owned() };
        table.push(("a stored file", user(vec![file(stored, None)])));
    }
    match api {
        Api::Responses => table.extend([
            ("a result with an image", talk(Message::tool(vec![shown, ToolResult::text(&two, "none")]))),
            ("json", hello().output(OutputFormat::Json)),
            ("reasoning", hello().option("openai", "reasoning", json!({ "effort": "low", "summary": "auto" }))),
            ("its own tool", hello().tool(Native::new("openai", "web_search", r#"{"type":"web_search"}"#))),
        ]),
        Api::Chat => table.extend([
            ("json", hello().output(OutputFormat::Json)),
            ("reasoning", hello().option("openai_chat", "reasoning_effort", "low")),
            ("options", hello().option("openai_chat", "seed", 7).option("openai_chat", "stop", json!(["END"]))),
        ]),
        Api::Anthropic => table.extend([
            ("a result with an image", talk(Message::tool(vec![shown, ToolResult::text(&two, "none")]))),
            ("reasoning", hello().option("anthropic", "thinking", json!({ "type": "adaptive" }))),
            ("a cache", hello().option("anthropic", "cache_instructions", json!({ "type": "ephemeral" }))),
            (
                "its own tool",
                hello().tool(Native::new(
                    "anthropic",
                    "web_search_20250305",
                    r#"{"type":"web_search_20250305","name":"web_search"}"#,
                )),
            ),
        ]),
        Api::Gemini => {}
    }
    table
}

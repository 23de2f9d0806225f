//! The cases. Each says in its error what was expected and what came.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt;

use super::{Answer, End, Fault, Loopback, Reply, Stream, Wire};
use crate::error::{Error, ErrorKind, ProviderErrorCategory as Category};
use crate::message::{Part, ToolCall};
use crate::model::{Model, ModelEvent, ModelRequest, ModelResponse, StopReason};

type Checked = Result<(), String>;
type Row<'a> = Pin<Box<dyn Future<Output = Checked> + 'a>>;

const KEY: &str = "sk-canary-4711";
const SSE: &str = "text/event-stream";
const JSON: &str = "application/json";

/// Runs a case.
pub fn run<'a, W: Wire>(wire: &'a W, row: impl FnOnce(&'a W) -> Row<'a>) -> Checked {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("no runtime: {error}"))?.block_on(row(wire))
}

pub async fn row_01_a_byte_order_mark_is_stripped<W: Wire>(wire: &W) -> Checked {
    let body = format!("\u{feff}{}", written(wire, &hello())?);
    expect_answer(&stream(wire, sse(body)).await, "Hello, wörld")
}

pub async fn row_02_any_line_end_will_do<W: Wire>(wire: &W) -> Checked {
    let body = written(wire, &hello())?;
    for end in ["\n", "\r\n", "\r"] {
        expect_answer(&stream(wire, sse(body.replace('\n', end))).await, "Hello, wörld")?;
    }
    Ok(())
}

pub async fn row_02_and_05_a_stream_may_be_split_anywhere<W: Wire>(wire: &W) -> Checked {
    for body in [written(wire, &hello())?, written(wire, &hello())?.replace('\n', "\r\n")] {
        for size in [1, 2, 3, 7] {
            let pieces = body.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
            let reply = Reply { pieces, ..sse("") };
            expect_answer(&stream(wire, reply).await, "Hello, wörld")?;
        }
    }
    Ok(())
}

pub async fn row_03_data_may_stand_on_several_lines<W: Wire>(wire: &W) -> Checked {
    let lines: Vec<String> = written(wire, &hello())?.lines().map(in_several_lines).collect();
    expect_answer(&stream(wire, sse(lines.join("\n") + "\n")).await, "Hello, wörld")
}

/// A line of JSON data as one `data` line for each line of the JSON when it is written with line ends.
fn in_several_lines(line: &str) -> String {
    let json = line.strip_prefix("data:").and_then(|data| serde_json::from_str::<serde_json::Value>(data).ok());
    match json.and_then(|json| serde_json::to_string_pretty(&json).ok()) {
        Some(pretty) => pretty.lines().map(|line| format!("data:{line}")).collect::<Vec<_>>().join("\n"),
        None => line.to_owned(),
    }
}

pub async fn row_04_comments_are_passed_over<W: Wire>(wire: &W) -> Checked {
    let body = written(wire, &hello())?.replace("\n\n", "\n\n: ping\n\nevent: ping\n\n:\n\n");
    expect_answer(&stream(wire, sse(format!(": hello\n\n{body}"))).await, "Hello, wörld")
}

pub async fn row_06_invalid_utf8_fails_the_stream<W: Wire>(wire: &W) -> Checked {
    let Stream { begin, end } = streamed(wire, &hello())?;
    let mut body = begin.concat().into_bytes();
    body.extend_from_slice(b"data: {\"\xff\":1}\n\n");
    body.extend_from_slice(end.concat().as_bytes());
    expect_failure(&stream(wire, sse(body)).await, Category::Protocol)
}

pub async fn row_07_invalid_utf8_in_a_comment_is_passed_over<W: Wire>(wire: &W) -> Checked {
    let mut body = b": \xff\xfe\n\n".to_vec();
    body.extend_from_slice(written(wire, &hello())?.as_bytes());
    expect_answer(&stream(wire, sse(body)).await, "Hello, wörld")
}

pub async fn row_08_an_oversize_event_fails_the_stream<W: Wire>(wire: &W) -> Checked {
    let mut body = streamed(wire, &hello())?.begin.concat().into_bytes();
    body.extend_from_slice(b"data: ");
    body.resize(body.len() + (65 << 20), b'x');
    let told = stream(wire, Reply { pieces: body.chunks(1 << 20).map(<[u8]>::to_vec).collect(), ..sse("") }).await;
    expect_failure(&told, Category::Protocol)
}

pub async fn row_09_and_10_a_stream_without_its_end_is_truncated<W: Wire>(wire: &W) -> Checked {
    let Stream { begin, end } = streamed(wire, &hello())?;
    let begin = begin.concat();
    let terminal = end.first().map(|event| event.trim_end()).unwrap_or_default();
    for body in [String::new(), ": ping\n\n".to_owned(), begin.clone(), format!("{begin}{terminal}")] {
        // An event without its empty line has not come.
        expect_failure(&stream(wire, sse(body)).await, Category::Truncated)?;
    }
    let told = stream(wire, sse(begin)).await;
    let partial = told.answer.err().and_then(|error| error.provider().map(|error| error.partial_text.clone()));
    same("the partial text of the error", partial.as_deref(), Some("Hello, wörld"))
}

pub async fn row_11_an_end_marker_alone_is_no_end<W: Wire>(wire: &W) -> Checked {
    let Some(marker) = wire.end_marker() else { return Ok(()) };
    let body = streamed(wire, &hello())?.begin.concat() + &marker;
    expect_failure(&stream(wire, sse(body)).await, Category::Truncated)
}

pub async fn row_12_another_content_type_is_no_stream<W: Wire>(wire: &W) -> Checked {
    let page = "<html><body>Please log in</body></html>";
    for reply in [Reply::new(200, "text/html", page), Reply::new(200, JSON, "{}"), sse(page)] {
        let told = stream(wire, reply).await;
        let category = told.category();
        let fine = matches!(category, Some(Category::Protocol | Category::Truncated));
        expect(fine, || format!("a page instead of a stream gave {category:?}"))?;
    }
    expect_failure(&whole(wire, Reply::new(200, "text/html", page)).await, Category::Protocol)?;
    expect_failure(&whole(wire, Reply::new(200, JSON, "")).await, Category::Protocol)
}

pub async fn row_13_an_error_with_status_200_is_an_error<W: Wire>(wire: &W) -> Checked {
    let body = wire.error(Fault::Overloaded);
    expect_failure(&whole(wire, Reply::new(200, JSON, body.clone())).await, Category::Overloaded)?;
    expect_failure(&stream(wire, Reply::new(200, JSON, body)).await, Category::Overloaded)
}

pub async fn row_14_an_error_in_a_stream_is_typed<W: Wire>(wire: &W) -> Checked {
    let begin = streamed(wire, &hello())?.begin.concat();
    for (fault, category) in FAULTS {
        let told = stream(wire, sse(begin.clone() + &wire.error_event(fault))).await;
        expect_failure(&told, category)?;
        expect(!told.events.is_empty(), || "what came before the error was not handed out".to_owned())?;
        expect_failure(&stream(wire, sse(wire.error_event(fault))).await, category)?;
    }
    Ok(())
}

pub async fn row_15_unknown_events_and_fields_are_passed_over<W: Wire>(wire: &W) -> Checked {
    let unknown = wire.unknown_event();
    let Stream { begin, end } = streamed(wire, &hello())?;
    let body = format!("{unknown}{}{unknown}{}", begin.join(&unknown), end.concat());
    expect_answer(&stream(wire, sse(body)).await, "Hello, wörld")?;
    let with_field = |data: &str| data.replacen('{', "{\"novelty\":{\"a\":[1,null]},", 1);
    let body: Vec<String> = written(wire, &hello())?
        .lines()
        .map(|line| if line.starts_with("data: {") { with_field(line) } else { line.to_owned() })
        .collect();
    expect_answer(&stream(wire, sse(body.join("\n") + "\n")).await, "Hello, wörld")?;
    expect_answer(&whole(wire, Reply::new(200, JSON, with_field(&body_of(wire, &hello())?))).await, "Hello, wörld")
}

pub async fn row_16_a_malformed_event_fails_the_stream<W: Wire>(wire: &W) -> Checked {
    let Stream { begin, end } = streamed(wire, &hello())?;
    for garbage in ["{\"type\":", "canary", "{\"a\":\"\\ud800\"}x"] {
        let body = format!("{}data: {garbage}\n\n{}", begin.concat(), end.concat());
        expect_failure(&stream(wire, sse(body)).await, Category::Protocol)?;
    }
    Ok(())
}

pub async fn row_17_no_compressed_answer_is_asked_for<W: Wire>(wire: &W) -> Checked {
    let server = Loopback::start().await;
    server.reply(Reply::new(200, JSON, body_of(wire, &hello())?));
    let _answer = wire.model(&server.url(""), KEY).complete(request().unbudgeted()).await;
    let head = server.received().map(|request| request.head.to_lowercase()).unwrap_or_default();
    let asked = head.lines().find_map(|line| line.strip_prefix("accept-encoding:").map(str::trim));
    expect(matches!(asked, None | Some("identity" | "")), || format!("it asks for {asked:?}"))
}

pub async fn row_18_a_long_error_body_is_cut<W: Wire>(wire: &W) -> Checked {
    let mut body = wire.error(Fault::InvalidRequest).into_bytes();
    body.resize(8 << 20, b' ');
    body.extend_from_slice(b"canary");
    let told = whole(wire, Reply::new(500, JSON, body)).await;
    let error = told.answer.err().ok_or("a long error body gave an answer")?;
    expect(error.to_string().len() < 4096, || format!("the error has {} bytes", error.to_string().len()))
}

pub async fn row_19_a_reset_at_any_byte_is_never_success<W: Wire>(wire: &W) -> Checked {
    let body = written(wire, &hello())?;
    let begin = streamed(wire, &hello())?.begin.concat().len();
    let server = Loopback::start().await;
    let model = wire.model(&server.url(""), KEY);
    let cut = |reply: Reply, at: usize| {
        let pieces = reply.pieces.into_iter().map(|piece| piece.get(..at).unwrap_or_default().to_vec()).collect();
        server.reply(Reply { pieces, end: End::Cut, ..reply });
    };
    for at in 0..body.len() {
        cut(sse(body.clone()), at);
        let told = ask_model(&model, true).await;
        match &told.answer {
            Ok(response) => {
                expect(at > begin, || format!("cut after {at} bytes, before its end, it gave an answer"))?;
                same("the text of an answer cut after its end", response.message.text().as_str(), "Hello, wörld")?;
            }
            Err(error) => {
                let fine = error.provider().is_some_and(|error| error.category == Category::Truncated);
                expect(fine, || format!("cut after {at} bytes it gave {error}"))?;
            }
        }
    }
    let body = body_of(wire, &hello())?;
    for at in 0..body.len() {
        cut(Reply::new(200, JSON, body.clone()), at);
        let told = ask_model(&model, false).await;
        expect(told.answer.is_err(), || format!("cut after {at} bytes a whole answer was read"))?;
    }
    Ok(())
}

pub async fn row_20_a_silent_server_times_out<W: Wire>(wire: &W) -> Checked {
    let silent = |body: String| Reply { end: End::Silence, ..sse(body) };
    let begin = streamed(wire, &hello())?.begin.concat();
    for reply in [silent(String::new()), silent(begin)] {
        expect_failure(&ask(&wire.impatient_at(), reply, true).await, Category::Timeout)?;
    }
    let reply = Reply { end: End::Silence, ..Reply::new(200, JSON, "{") };
    expect_failure(&ask(&wire.impatient_at(), reply, false).await, Category::Timeout)
}

pub async fn row_21_a_redirect_is_not_followed<W: Wire>(wire: &W) -> Checked {
    let elsewhere = Loopback::start().await;
    for status in [301, 302, 303, 307, 308] {
        for streamed in [false, true] {
            let mut reply = Reply::new(status, JSON, "");
            reply.headers.push(("location".to_owned(), elsewhere.url("/?canary=1")));
            expect_failure(&ask(&wire.model_at(), reply, streamed).await, Category::Protocol)?;
        }
    }
    let request = elsewhere.received();
    expect(request.is_none(), || format!("the redirect was followed: {request:?}"))
}

pub async fn row_23_35_and_36_bad_arguments_come_through_as_they_are<W: Wire>(wire: &W) -> Checked {
    for arguments in ["{\"a\":", "\"{\\\"a\\\":1}\"", "[1]", "{\"a\":1}{\"b\":2}", "NaN", "{\"a\":1,\"a\":2}"] {
        let answer = Answer::calls(&[("call_1", "look", &[arguments])]);
        for told in both(wire, &answer).await {
            let calls = told.calls()?;
            same("the arguments", calls.iter().map(|call| call.arguments.as_str()).collect(), vec![arguments])?;
        }
    }
    Ok(())
}

pub async fn row_24_an_answer_cut_short_says_so<W: Wire>(wire: &W) -> Checked {
    let answer = Answer::calls(&[("call_1", "look", &["{\"a\":", "1"])]).stop(StopReason::MaxTokens);
    for told in both(wire, &answer).await {
        // An unfinished call may be left out, or be there for the run to refuse.
        let response = told.response()?;
        same("the stop reason", &response.stop_reason, &StopReason::MaxTokens)?;
    }
    Ok(())
}

pub async fn row_26_and_45_stop_reasons_are_one_enum<W: Wire>(wire: &W) -> Checked {
    let other = StopReason::Other("novelty".to_owned());
    for stop in [StopReason::EndTurn, StopReason::MaxTokens, StopReason::ContentFilter, StopReason::Refusal, other] {
        for told in both(wire, &hello().stop(stop.clone())).await {
            let reason = &told.response()?.stop_reason;
            let fine = match &stop {
                StopReason::Other(_) => {
                    matches!(reason, StopReason::Other(word) if word.eq_ignore_ascii_case("novelty"))
                }
                stop => reason == stop,
            };
            expect(fine, || format!("{stop:?} was read as {reason:?}"))?;
        }
    }
    Ok(())
}

pub async fn row_29_and_30_repeated_and_empty_call_ids_lose_no_call<W: Wire>(wire: &W) -> Checked {
    for id in ["call_1", ""] {
        let answer = Answer::calls(&[(id, "look", &["{\"a\":1}"]), (id, "find", &["{\"b\":2}"])]);
        for told in [whole_of(wire, &answer).await].into_iter().flatten() {
            expect_calls(&told, &[("look", "{\"a\":1}"), ("find", "{\"b\":2}")])?;
        }
    }
    Ok(())
}

pub async fn row_31_to_33_calls_are_put_together_from_their_pieces<W: Wire>(wire: &W) -> Checked {
    let expected = [("look", "{\"a\":\"ö\"}"), ("find", "{\"b\":[2]}")];
    let mut answer =
        Answer::calls(&[("call_1", "look", &["{\"a\"", ":\"ö", "\"}"]), ("call_2", "find", &["{\"b", "\":[2]}"])]);
    for interleaved in [false, true] {
        answer.interleaved = interleaved;
        for told in both(wire, &answer).await {
            expect_calls(&told, &expected)?;
            same("the stop reason", &told.response()?.stop_reason, &StopReason::ToolCalls)?;
        }
        let Some(told) = stream_of(wire, &answer).await else { continue };
        let completed = told.events.iter().filter(|event| matches!(event, ModelEvent::ToolCallCompleted(_))).count();
        same("the completed calls among the events", completed, 2)?;
    }
    Ok(())
}

pub async fn row_34_empty_arguments_stay_a_call<W: Wire>(wire: &W) -> Checked {
    for told in both(wire, &Answer::calls(&[("call_1", "look", &[""])])).await {
        let calls = told.calls()?;
        let fine = calls.len() == 1 && calls.iter().all(|call| matches!(call.arguments.trim(), "" | "{}"));
        expect(fine, || format!("empty arguments became {calls:?}"))?;
    }
    Ok(())
}

pub async fn row_44_an_empty_answer_is_no_text<W: Wire>(wire: &W) -> Checked {
    for told in both(wire, &Answer::text(&[])).await {
        match &told.answer {
            Ok(response) => same("the text of an empty answer", response.message.text().as_str(), "")?,
            Err(_) => expect_failure(&told, Category::EmptyResponse)?,
        }
    }
    Ok(())
}

pub async fn row_46_parts_keep_their_order<W: Wire>(wire: &W) -> Checked {
    let mut answer = Answer::calls(&[("call_1", "look", &["{}"]), ("call_2", "find", &["{}"])]);
    answer.text = vec!["First".to_owned()];
    for told in both(wire, &answer).await {
        let parts: Vec<&str> = told.response()?.message.parts.iter().filter_map(kind).collect();
        same("the parts", parts, vec!["First", "look", "find"])?;
    }
    Ok(())
}

fn kind(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) if !text.text.is_empty() => Some(&text.text),
        Part::ToolCall(call) => Some(&call.name),
        _ => None,
    }
}

pub async fn row_49_unknown_usage_is_not_zero<W: Wire>(wire: &W) -> Checked {
    for told in both(wire, &hello()).await {
        let usage = told.response()?.usage;
        same("the usage", (usage.input_tokens, usage.output_tokens), (Some(7), Some(5)))?;
    }
    for told in both(wire, &Answer { usage: None, ..hello() }).await {
        let usage = told.response()?.usage;
        same("usage that was left out", (usage.input_tokens, usage.output_tokens), (None, None))?;
    }
    Ok(())
}

pub async fn row_51_a_prompt_that_is_too_long_is_a_context_overflow<W: Wire>(wire: &W) -> Checked {
    for streamed in [false, true] {
        let reply = Reply::new(400, JSON, wire.error(Fault::ContextOverflow));
        expect_failure(&ask(&wire.model_at(), reply, streamed).await, Category::ContextOverflow)?;
    }
    Ok(())
}

pub async fn an_error_status_is_typed_and_shows_no_secret<W: Wire>(wire: &W) -> Checked {
    let leaking = format!(r#"{{"error":{{"type":"x","message":"the key {KEY} is bad"}}}}"#);
    let statuses = [
        (400, Category::InvalidRequest),
        (401, Category::Authentication),
        (403, Category::Permission),
        (404, Category::NotFound),
        (413, Category::InvalidRequest),
        (429, Category::RateLimited),
        (500, Category::Server),
        (503, Category::Overloaded),
    ];
    for (status, category) in statuses {
        for body in [leaking.as_str(), "<html>canary</html>", ""] {
            for streamed in [false, true] {
                let told = ask(&wire.model_at(), Reply::new(status, JSON, body), streamed).await;
                expect_failure(&told, category)?;
                let error = told.answer.err().ok_or("no error")?;
                let told = error.provider().and_then(|error| error.status);
                same("the status of the error", told, Some(status))?;
                for shown in [error.to_string(), format!("{error:?}")] {
                    expect(!shown.contains("canary"), || format!("the error shows a secret: {shown}"))?;
                }
            }
        }
    }
    Ok(())
}

const FAULTS: [(Fault, Category); 3] = [
    (Fault::Overloaded, Category::Overloaded),
    (Fault::RateLimited, Category::RateLimited),
    (Fault::InvalidRequest, Category::InvalidRequest),
];

fn hello() -> Answer {
    Answer::text(&["Hel", "lo, wö", "rld"])
}

fn request() -> ModelRequest {
    ModelRequest::new("canary prompt")
}

/// What came of one call.
struct Told {
    events: Vec<ModelEvent>,
    answer: Result<ModelResponse, Error>,
}

impl Told {
    fn response(&self) -> Result<&ModelResponse, String> {
        self.answer.as_ref().map_err(|error| format!("an error instead of an answer: {error}"))
    }

    fn calls(&self) -> Result<Vec<&Arc<ToolCall>>, String> {
        Ok(self.response()?.message.tool_calls().collect())
    }

    fn category(&self) -> Option<Category> {
        self.answer.as_ref().err()?.provider().map(|error| error.category)
    }
}

/// How a model is made for an address.
type Made<'a, M> = Box<dyn Fn(&str) -> M + 'a>;

trait At: Wire {
    fn model_at(&self) -> Made<'_, Self::Model> {
        Box::new(|address| self.model(address, KEY))
    }

    fn impatient_at(&self) -> Made<'_, Self::Model> {
        Box::new(|address| self.impatient(address, KEY))
    }
}

impl<W: Wire> At for W {}

/// Asks a model at a server that gives one answer.
async fn ask<M: Model>(model: &Made<'_, M>, reply: Reply, streamed: bool) -> Told {
    let server = Loopback::start().await;
    server.reply(reply);
    ask_model(&model(&server.url("")), streamed).await
}

async fn ask_model(model: &impl Model, streamed: bool) -> Told {
    let request = request().unbudgeted();
    if !streamed {
        return Told { events: Vec::new(), answer: model.complete(request).await };
    }
    let mut events = Vec::new();
    let mut stream = match model.stream(request).await {
        Ok(stream) => stream,
        Err(error) => return Told { events, answer: Err(error) },
    };
    let silent = || Error::new(ErrorKind::Internal, "the stream ended with neither an answer nor an error");
    let answer = loop {
        match stream.next().await {
            Some(Ok(ModelEvent::Completed(response))) => break Ok(*response),
            Some(Ok(event)) => events.push(event),
            Some(Err(error)) => break Err(error),
            None => return Told { events, answer: Err(silent()) },
        }
    };
    if stream.next().await.is_some() {
        let words = "something came after the end of the stream";
        return Told { events, answer: Err(Error::new(ErrorKind::Internal, words)) };
    }
    Told { events, answer }
}

async fn stream<W: Wire>(wire: &W, reply: Reply) -> Told {
    ask(&wire.model_at(), reply, true).await
}

async fn whole<W: Wire>(wire: &W, reply: Reply) -> Told {
    ask(&wire.model_at(), reply, false).await
}

async fn whole_of<W: Wire>(wire: &W, answer: &Answer) -> Option<Told> {
    Some(whole(wire, Reply::new(200, JSON, wire.whole(answer)?)).await)
}

async fn stream_of<W: Wire>(wire: &W, answer: &Answer) -> Option<Told> {
    let Stream { begin, end } = wire.stream(answer)?;
    Some(stream(wire, sse(begin.concat() + &end.concat())).await)
}

/// The answer read whole and from a stream, as far as the format can say it.
async fn both<W: Wire>(wire: &W, answer: &Answer) -> Vec<Told> {
    [whole_of(wire, answer).await, stream_of(wire, answer).await].into_iter().flatten().collect()
}

fn sse(body: impl Into<Vec<u8>>) -> Reply {
    Reply::new(200, SSE, body)
}

fn streamed<W: Wire>(wire: &W, answer: &Answer) -> Result<Stream, String> {
    wire.stream(answer).ok_or_else(|| "the wire format cannot stream a text".to_owned())
}

fn written<W: Wire>(wire: &W, answer: &Answer) -> Result<String, String> {
    let Stream { begin, end } = streamed(wire, answer)?;
    Ok(begin.concat() + &end.concat())
}

fn body_of<W: Wire>(wire: &W, answer: &Answer) -> Result<String, String> {
    wire.whole(answer).ok_or_else(|| "the wire format cannot say a text".to_owned())
}

fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(otherwise()) }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what is compared is made for it, and a reference would have to be written"
)]
fn same<T: PartialEq + std::fmt::Debug>(what: &str, told: T, expected: T) -> Checked {
    expect(told == expected, || format!("{what}: {told:?}, not {expected:?}"))
}

fn expect_answer(told: &Told, text: &str) -> Checked {
    same("the text", told.response()?.message.text().as_str(), text)?;
    if told.events.is_empty() {
        return Ok(());
    }
    let deltas = told.events.iter().map(|event| if let ModelEvent::TextDelta(text) = event { text } else { "" });
    same("the deltas", deltas.collect::<String>().as_str(), text)
}

fn expect_failure(told: &Told, category: Category) -> Checked {
    let Err(error) = &told.answer else { return Err(format!("an answer instead of {category:?}")) };
    match error.provider() {
        None => Err(format!("an error that is no provider's instead of {category:?}: {error}")),
        Some(provider) if provider.category != category => Err(format!("{error}, which is not {category:?}")),
        Some(_) => Ok(()),
    }
}

/// The calls by name and arguments, which a format that sends them as JSON may write differently.
fn expect_calls(told: &Told, expected: &[(&str, &str)]) -> Checked {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let calls = told.calls()?;
    let calls: Vec<_> = calls.iter().map(|call| (call.name.as_str(), json(&call.arguments))).collect();
    same("the calls", calls, expected.iter().map(|(name, arguments)| (*name, json(arguments))).collect())
}

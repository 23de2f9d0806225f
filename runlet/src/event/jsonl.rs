//! Events as lines of JSON.

use std::fmt;
use std::fs::File;
use std::io::{LineWriter, Write};
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::{Content, Event, EventKind, Observer, Redactor};
use crate::error::{Error, ErrorKind, Result};

/// The version of the lines' form.
const VERSION: u32 = 1;

/// Names of this library's fields, and the attributes of OpenTelemetry's conventions for generative AI (1.41.0) that
/// say the same.
const ATTRIBUTES: [(&str, &str); 6] = [
    ("provider", "gen_ai.provider.name"),
    ("model", "gen_ai.request.model"),
    ("stop_reason", "gen_ai.response.finish_reason"),
    ("stream", "gen_ai.request.stream"),
    ("arguments", "gen_ai.tool.call.arguments"),
    ("result", "gen_ai.tool.call.result"),
];
const USAGE_ATTRIBUTES: [(&str, &str); 5] = [
    ("input_tokens", "gen_ai.usage.input_tokens"),
    ("output_tokens", "gen_ai.usage.output_tokens"),
    ("cache_read_tokens", "gen_ai.usage.cache_read.input_tokens"),
    ("cache_write_tokens", "gen_ai.usage.cache_creation.input_tokens"),
    ("reasoning_tokens", "gen_ai.usage.reasoning.output_tokens"),
];
const CALL_ATTRIBUTES: [(&str, &str); 3] =
    [("id", "gen_ai.tool.call.id"), ("tool", "gen_ai.tool.name"), ("index", "call_index")];

/// An observer that writes each event as one line of JSON.
///
/// The first line is a `trace.header`, the last a `trace.footer` with how many events were written and how many were
/// dropped; it is written when the runtime and all its runs are gone. Between them each line is
/// `{"v":1,"ts":...,"seq":...,"type":"tool.completed","run_id":...,"step":...,"data":{...}}`. Whoever reads it must
/// expect types and fields that are not there yet.
///
/// What was said is left out unless [asked for](Self::content), and goes through a [`Redactor`]. Pieces of streams are
/// then still written without their text: a secret in two pieces has no shape, and the whole answer follows.
///
/// ```no_run
/// use runlet::Runtime;
/// use runlet::event::{JsonlSink, ObserverPolicy};
///
/// let sink = JsonlSink::create("trace.jsonl")?;
/// let runtime = Runtime::new().observer_with(sink, ObserverPolicy::new().durable());
/// # Ok::<(), runlet::Error>(())
/// ```
pub struct JsonlSink {
    out: Out,
    content: Content,
    redactor: Option<Redactor>,
    sync: bool,
    events: u64,
    dropped: u64,
    began: bool,
}

enum Out {
    File(LineWriter<File>),
    Other(LineWriter<Box<dyn Write + Send>>),
}

impl JsonlSink {
    /// Writes into a new file, or over one that is there.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where the file cannot be made.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::create(path).map_err(|error| {
            Error::with_source(ErrorKind::Config, format!("{} cannot be written", path.display()), error)
        })?;
        Ok(Self::to(Out::File(LineWriter::new(file))))
    }

    /// Writes to anything, line by line.
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        Self::to(Out::Other(LineWriter::new(Box::new(writer))))
    }

    fn to(out: Out) -> Self {
        let redactor = Some(Redactor::new());
        Self { out, content: Content::Omit, redactor, sync: false, events: 0, dropped: 0, began: false }
    }

    /// Sets whether what was said is written.
    #[must_use]
    pub fn content(mut self, content: Content) -> Self {
        self.content = content;
        self
    }

    /// Sets the redactor; `None` writes everything as it is.
    #[must_use]
    pub fn redactor(mut self, redactor: impl Into<Option<Redactor>>) -> Self {
        self.redactor = redactor.into();
        self
    }

    /// Has a file brought to the disk after the last event of each run.
    #[must_use]
    pub fn sync(mut self) -> Self {
        self.sync = true;
        self
    }

    fn write(&mut self, event: &Event) -> std::io::Result<()> {
        if !self.began {
            self.began = true;
            self.header()?;
        }
        if let EventKind::EventsDropped { count } = event.kind {
            self.dropped += count;
        } else {
            self.events += 1;
        }
        let line = line(event, self.content, self.redactor.as_ref());
        self.line(&line)?;
        match &mut self.out {
            Out::File(file) if self.sync && event.kind.is_terminal() => file.get_ref().sync_data(),
            _ => Ok(()),
        }
    }

    fn header(&mut self) -> std::io::Result<()> {
        let content = match self.content {
            Content::Omit => "omit",
            Content::Include => "include",
        };
        let data = json!({
            "schema": VERSION, "runlet": env!("CARGO_PKG_VERSION"), "content": content,
            "redaction": if self.redactor.is_some() { "on" } else { "off" },
        });
        self.line(&json!({ "v": VERSION, "ts": rfc3339(SystemTime::now()), "type": "trace.header", "data": data }))
    }

    fn footer(&mut self) -> std::io::Result<()> {
        let data = json!({ "events": self.events, "dropped": self.dropped });
        self.line(&json!({ "v": VERSION, "ts": rfc3339(SystemTime::now()), "type": "trace.footer", "data": data }))?;
        match &mut self.out {
            Out::File(file) if self.sync => file.get_ref().sync_data(),
            Out::File(file) => file.flush(),
            Out::Other(other) => other.flush(),
        }
    }

    fn line(&mut self, value: &Value) -> std::io::Result<()> {
        let mut line = value.to_string();
        line.push('\n');
        match &mut self.out {
            Out::File(file) => file.write_all(line.as_bytes()),
            Out::Other(other) => other.write_all(line.as_bytes()),
        }
    }
}

impl Observer for JsonlSink {
    fn observe(&mut self, event: &Event) {
        self.try_observe(event).ok();
    }

    fn try_observe(&mut self, event: &Event) -> Result<()> {
        self.write(event).map_err(|error| Error::with_source(ErrorKind::Hook, "an event could not be written", error))
    }
}

impl Drop for JsonlSink {
    fn drop(&mut self) {
        // There is nobody left to tell.
        if self.began || self.header().is_ok() {
            self.footer().ok();
        }
    }
}

impl fmt::Debug for JsonlSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonlSink")
            .field("content", &self.content)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// An event as the value of its line.
fn line(event: &Event, content: Content, redactor: Option<&Redactor>) -> Value {
    let content = if redactor.is_some() && event.kind.is_delta() { Content::Omit } else { content };
    let mut data = event.kind.data(content);
    if let Some(redactor) = redactor {
        data = redactor.json(data);
    }
    if let Value::Object(fields) = &mut data {
        name_attributes(fields);
    }
    json!({
        "v": VERSION,
        "ts": rfc3339(event.time),
        "seq": event.seq,
        "type": event.name(),
        "run_id": event.run_id,
        "gen_ai.agent.name": event.agent,
        "step": event.step,
        "span": event.span,
        "parent_span": event.parent_span,
        "severity": event.kind.severity(),
        "data": data,
    })
}

/// Gives what the conventions have a name for that name.
fn name_attributes(fields: &mut Map<String, Value>) {
    let rename = |fields: &mut Map<String, Value>, from: &mut Map<String, Value>, names: &[(&str, &str)]| {
        for (own, attribute) in names {
            match from.remove(*own) {
                None | Some(Value::Null) => {}
                Some(value) => drop(fields.insert((*attribute).to_owned(), value)),
            }
        }
    };
    let mut own = std::mem::take(fields);
    rename(fields, &mut own, &ATTRIBUTES);
    if let Some(Value::Object(mut usage)) = own.remove("usage") {
        rename(fields, &mut usage, &USAGE_ATTRIBUTES);
        fields.insert("usage_source".to_owned(), usage.remove("source").unwrap_or_default());
    }
    if let Some(Value::Object(mut call)) = own.remove("call") {
        rename(fields, &mut call, &CALL_ATTRIBUTES);
    }
    fields.append(&mut own);
}

/// A line with the names that [`Event::to_json`] has; what is written with those already stays as it is.
pub(crate) fn plain_line(line: &Value) -> Value {
    let mut line = line.clone();
    if let Some(agent) = line.get("gen_ai.agent.name").cloned() {
        line["agent"] = agent;
    }
    let Some(Value::Object(data)) = line.get_mut("data") else { return line };
    let take = |data: &mut Map<String, Value>, names: &[(&str, &str)]| -> Map<String, Value> {
        let named = names.iter().filter_map(|(own, attribute)| Some(((*own).to_owned(), data.remove(*attribute)?)));
        named.collect()
    };
    let mut own = take(data, &ATTRIBUTES);
    let mut usage = take(data, &USAGE_ATTRIBUTES);
    if let Some(source) = data.remove("usage_source") {
        usage.insert("source".to_owned(), source);
        own.insert("usage".to_owned(), Value::Object(usage));
    }
    let call = take(data, &CALL_ATTRIBUTES);
    if !call.is_empty() {
        own.insert("call".to_owned(), Value::Object(call));
    }
    data.append(&mut own);
    line
}

/// A time as RFC 3339 has it, in UTC, to the microsecond.
fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    // Days since 0000-03-01 in the Gregorian calendar, in eras of 400 years (Howard Hinnant's `civil_from_days`).
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second, micros) = (second / 3_600, second / 60 % 60, second % 60, since.subsec_micros());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339_has_them() {
        let check = |seconds: u64, micros: u64, expected: &str| {
            let since = Duration::from_secs(seconds) + Duration::from_micros(micros);
            assert_eq!(rfc3339(SystemTime::UNIX_EPOCH + since), expected);
        };
        check(0, 0, "1970-01-01T00:00:00.000000Z");
        check(951_782_400, 5, "2000-02-29T00:00:00.000005Z");
        check(1_735_689_599, 999_999, "2024-12-31T23:59:59.999999Z");
        check(4_107_542_400, 0, "2100-03-01T00:00:00.000000Z");
    }
}

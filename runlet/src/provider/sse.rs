//! Server-sent events, read piece by piece.
//!
//! The format is that of the HTML standard, section 9.2.6 ("Interpreting an event stream"), with limits on sizes. Only
//! the fields `event` and `data` are read: no model's provider uses `id` or `retry`.

use std::fmt;
use std::ops::Range;

use memchr::memchr2;

/// Reads events out of bytes that come in pieces of any size.
///
/// Bytes go in with [`push`](Self::push), events come out of [`next_event`](Self::next_event) until it has none. Every
/// byte is looked at once, however the stream is split, and an event borrows its text from the parser.
pub(crate) struct SseParser {
    buffer: Vec<u8>,
    /// Where the event being read begins; what stands before it is done with.
    start: usize,
    /// Where the line being read begins.
    line: usize,
    /// Up to where the line has been searched for its end.
    scanned: usize,
    /// The `event` field of the event being read.
    name: Range<usize>,
    /// Its first `data` field.
    data: Option<Range<usize>>,
    /// Whether it has more than one `data` field; all are then in `joined`.
    joining: bool,
    joined: Vec<u8>,
    /// The event handed out last, as UTF-8 that was checked.
    current: Current,
    /// A line ended in CR, so that an LF right after it belongs to the same line end.
    after_cr: bool,
    bom_checked: bool,
    received: usize,
    limits: SseLimits,
}

/// How much one stream may bring, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SseLimits {
    /// One event, its field names and line ends included.
    pub(crate) event: usize,
    /// All events of the stream together.
    pub(crate) stream: usize,
}

impl Default for SseLimits {
    fn default() -> Self {
        Self { event: 8 << 20, stream: 64 << 20 }
    }
}

/// One event. Events without data, such as keep-alives, are not handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SseEvent<'a> {
    /// The `event` field; empty where there was none.
    pub(crate) name: &'a str,
    /// The `data` fields, joined by line feeds.
    pub(crate) data: &'a str,
}

/// Why a stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SseError {
    /// An event's name or data is not UTF-8.
    Utf8,
    /// One event is longer than the limit, in bytes.
    EventTooLarge(usize),
    /// The stream is longer than the limit, in bytes.
    StreamTooLarge(usize),
}

impl fmt::Display for SseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf8 => f.write_str("an event is not UTF-8"),
            Self::EventTooLarge(limit) => write!(f, "an event is longer than {limit} bytes"),
            Self::StreamTooLarge(limit) => write!(f, "the stream is longer than {limit} bytes"),
        }
    }
}

/// Where the text of the event handed out last stands.
#[derive(Default)]
struct Current {
    name: Range<usize>,
    data: Range<usize>,
    joined: bool,
}

impl SseParser {
    pub(crate) fn new(limits: SseLimits) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            line: 0,
            scanned: 0,
            name: 0..0,
            data: None,
            joining: false,
            joined: Vec::new(),
            current: Current::default(),
            after_cr: false,
            bom_checked: false,
            received: 0,
            limits,
        }
    }

    /// Takes in more bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.received = self.received.saturating_add(bytes.len());
        self.forget_done();
        self.buffer.extend_from_slice(bytes);
    }

    /// The next event that is complete; `None` until more bytes come. After an error the stream is of no further use.
    pub(crate) fn next_event(&mut self) -> Result<Option<SseEvent<'_>>, SseError> {
        if self.received > self.limits.stream {
            return Err(SseError::StreamTooLarge(self.limits.stream));
        }
        if !self.read_event()? {
            if self.buffer.len() - self.start > self.limits.event {
                return Err(SseError::EventTooLarge(self.limits.event));
            }
            return Ok(None);
        }
        let data = if self.current.joined { self.joined.as_slice() } else { slice(&self.buffer, &self.current.data) };
        let data = std::str::from_utf8(data).map_err(|_| SseError::Utf8)?;
        let name = std::str::from_utf8(slice(&self.buffer, &self.current.name)).map_err(|_| SseError::Utf8)?;
        Ok(Some(SseEvent { name, data }))
    }

    /// Whether bytes have come that belong to an event whose end has not.
    pub(crate) fn is_within_event(&self) -> bool {
        self.start < self.buffer.len()
    }

    /// Reads lines up to the end of an event with data. False where the bytes run out first.
    fn read_event(&mut self) -> Result<bool, SseError> {
        if !self.skip_bom() {
            return Ok(false);
        }
        loop {
            if self.after_cr && self.line < self.buffer.len() {
                self.after_cr = false;
                if self.buffer.get(self.line) == Some(&b'\n') {
                    self.line += 1;
                    self.scanned = self.line;
                }
            }
            self.pass_over_done();
            let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
            let Some(found) = memchr2(b'\n', b'\r', unseen) else {
                self.scanned = self.buffer.len();
                return Ok(false);
            };
            let end = self.scanned + found;
            self.after_cr = self.buffer.get(end) == Some(&b'\r');
            let line = self.line..end;
            self.line = end + 1;
            self.scanned = self.line;
            if self.line - self.start > self.limits.event {
                return Err(SseError::EventTooLarge(self.limits.event));
            }
            if !line.is_empty() {
                self.read_field(line);
            } else if self.end_event() {
                return Ok(true);
            }
        }
    }

    /// Reads one line that is not empty. Comments and fields of no interest are passed over, whatever bytes they hold.
    fn read_field(&mut self, line: Range<usize>) {
        let text = slice(&self.buffer, &line);
        let colon = memchr::memchr(b':', text).unwrap_or(text.len());
        let (field, rest) = text.split_at(colon);
        let value = match rest {
            [b':', b' ', value @ ..] | [b':', value @ ..] => value,
            _ => &[],
        };
        let value_range = line.end - value.len()..line.end;
        match field {
            b"event" => self.name = value_range,
            b"data" => match &self.data {
                None => self.data = Some(value_range),
                Some(first) => {
                    if !self.joining {
                        self.joining = true;
                        self.joined.clear();
                        self.joined.extend_from_slice(slice(&self.buffer, first));
                    }
                    self.joined.push(b'\n');
                    self.joined.extend_from_slice(value);
                }
            },
            _ => {}
        }
    }

    /// Ends the event being read at an empty line. True where it has data.
    fn end_event(&mut self) -> bool {
        let name = std::mem::replace(&mut self.name, 0..0);
        let joined = std::mem::take(&mut self.joining);
        let Some(data) = self.data.take() else { return false };
        self.current = Current { name, data, joined };
        true
    }

    /// Lets the event being read begin at the present line, where nothing before that line belongs to it.
    fn pass_over_done(&mut self) {
        if self.data.is_none() && self.name.is_empty() {
            self.start = self.line;
        }
    }

    /// Drops the bytes before the event being read. What is left moves to the front once per piece and, as `start` is
    /// then 0, not again for the same event: the work stays linear in the length of the stream.
    fn forget_done(&mut self) {
        self.pass_over_done();
        let done = self.start;
        if done == 0 {
            return;
        }
        self.buffer.drain(..done);
        self.start = 0;
        self.line -= done;
        self.scanned -= done;
        self.name = moved_back(&self.name, done);
        self.data = self.data.as_ref().map(|data| moved_back(data, done));
    }

    /// Passes over a byte order mark at the very beginning. False while the bytes could still become one.
    fn skip_bom(&mut self) -> bool {
        const BOM: &[u8] = b"\xEF\xBB\xBF";
        if self.bom_checked {
            return true;
        }
        if self.buffer.len() < BOM.len() && BOM.starts_with(&self.buffer) {
            return false;
        }
        self.bom_checked = true;
        if self.buffer.starts_with(BOM) {
            self.start = BOM.len();
            self.line = BOM.len();
            self.scanned = BOM.len();
        }
        true
    }
}

fn moved_back(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start.saturating_sub(by)..range.end.saturating_sub(by)
}

/// The bytes of a range that is known to lie inside.
fn slice<'a>(bytes: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    bytes.get(range.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests;

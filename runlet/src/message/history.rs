//! Histories: messages that are shared, with what was computed of them.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Message, Role, TokenCount};

/// A history: messages in order, shared by reference, to which messages can only be added.
///
/// Cloning costs one counter, whatever the length. Adding to a history that nobody else holds costs what is added;
/// adding to a shared one copies its list of references first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Vec<SharedMessage>", into = "Vec<SharedMessage>")]
pub struct Messages {
    list: Arc<List>,
    /// Names this list: two histories of one lineage begin with the same messages, so that what was counted of the
    /// shorter one holds for the longer one.
    lineage: u64,
}

#[derive(Debug, Default)]
struct List {
    messages: Vec<SharedMessage>,
    /// The bytes of the first of them, side by side.
    joined: Mutex<Joined>,
}

/// What was written of a long history, so that the next request need not go from message to message.
#[derive(Default)]
struct Joined {
    dialect: &'static str,
    messages: usize,
    bytes: Vec<u8>,
}

/// From so many messages on their bytes are kept side by side. A shorter history is joined as fast as it is copied.
const LONG: usize = 64;

impl Messages {
    /// An empty history.
    pub fn new() -> Self {
        Self::from_list(Vec::new())
    }

    fn from_list(list: Vec<SharedMessage>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let list = List { messages: list, joined: Mutex::default() };
        Self { list: Arc::new(list), lineage: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// Adds a message at the end.
    pub fn push(&mut self, message: impl Into<SharedMessage>) {
        self.own_list().push(message.into());
    }

    pub(crate) fn lineage(&self) -> u64 {
        self.lineage
    }

    /// The list for adding to. One that others hold is copied, and the copy is a lineage of its own.
    fn own_list(&mut self) -> &mut Vec<SharedMessage> {
        if Arc::get_mut(&mut self.list).is_none() {
            *self = Self::from_list(self.to_vec());
        }
        &mut Arc::make_mut(&mut self.list).messages
    }

    /// How much room a buffer needs for the messages that are added to it, up to the first of more than `most` bytes. It is
    /// 0 for a long history: [`join`](Self::join) makes its own.
    #[cfg_attr(not(feature = "openai"), allow(dead_code, reason = "only its formats are written message by message"))]
    pub(crate) fn room<'a, E>(
        &'a self,
        most: usize,
        write: impl Fn(&'a SharedMessage) -> Result<&'a Bytes, E>,
    ) -> Result<usize, E> {
        let mut room = 0;
        for message in if self.len() < LONG { &**self } else { &[] } {
            let bytes = write(message)?.len();
            if bytes > most {
                break;
            }
            room += bytes;
        }
        Ok(room)
    }

    /// Adds the bytes of the first messages of a long history to `out`, but for the first `skip` bytes of all, and says how
    /// many messages they are: up to the first whose bytes are more than `most`. `write` gives the bytes of one.
    #[cfg_attr(not(feature = "openai"), allow(dead_code, reason = "only its formats are written message by message"))]
    pub(crate) fn join<'a, E>(
        &'a self,
        dialect: &'static str,
        most: usize,
        skip: usize,
        out: &mut Vec<u8>,
        write: impl Fn(&'a SharedMessage) -> Result<&'a Bytes, E>,
    ) -> Result<usize, E> {
        if self.len() < LONG {
            return Ok(0);
        }
        let mut joined = self.list.joined.lock().unwrap_or_else(PoisonError::into_inner);
        if joined.dialect != dialect {
            *joined = Joined { dialect, ..Joined::default() };
        }
        for message in self.get(joined.messages..).unwrap_or_default() {
            let bytes = write(message)?;
            if bytes.len() > most {
                break;
            }
            joined.bytes.extend_from_slice(bytes);
            joined.messages += 1;
        }
        // With room for what comes after: to make some then would copy all of it.
        out.reserve(joined.bytes.len() + most);
        out.extend_from_slice(joined.bytes.get(skip..).unwrap_or_default());
        Ok(joined.messages)
    }
}

/// What is wrong with the calls and results of a history: no provider would take it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unpaired {
    /// The place of the message with the call, or with the result, from 0.
    pub message: usize,
    /// The id of the call.
    pub call_id: String,
    /// Whether it is a call without a result; otherwise a result without a call before it.
    pub is_call: bool,
}

impl fmt::Display for Unpaired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, call_id, is_call } = self;
        if *is_call {
            write!(f, "message {message} has the tool call `{call_id}`, and no result for it follows")
        } else {
            write!(f, "message {message} has a result for `{call_id}`, and no such tool call stands before it")
        }
    }
}

impl std::error::Error for Unpaired {}

impl Messages {
    /// Whether every tool call has exactly one result before anything else is said, and every result its call: what
    /// providers ask of a history.
    ///
    /// # Errors
    /// The first call or result that has no counterpart.
    pub fn check_calls(&self) -> Result<(), Unpaired> {
        let mut open: Vec<(usize, &str)> = Vec::new();
        let unanswered = |(message, id): &(usize, &str)| {
            Err(Unpaired { message: *message, call_id: (*id).to_owned(), is_call: true })
        };
        for (place, message) in self.iter().enumerate() {
            if message.role != Role::Tool
                && let Some(call) = open.first()
            {
                return unanswered(call);
            }
            for result in message.tool_results() {
                let Some(found) = open.iter().position(|(_, id)| *id == result.call_id) else {
                    return Err(Unpaired { message: place, call_id: result.call_id.clone(), is_call: false });
                };
                open.remove(found);
            }
            open.extend(message.tool_calls().map(|call| (place, call.id.as_str())));
        }
        open.first().map_or(Ok(()), unanswered)
    }
}

impl Clone for List {
    fn clone(&self) -> Self {
        Self { messages: self.messages.clone(), joined: Mutex::default() }
    }
}

impl fmt::Debug for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} messages in {} bytes", self.messages, self.bytes.len())
    }
}

impl Default for Messages {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Messages {
    fn eq(&self, other: &Self) -> bool {
        self.list.messages == other.list.messages
    }
}

impl Deref for Messages {
    type Target = [SharedMessage];

    fn deref(&self) -> &Self::Target {
        &self.list.messages
    }
}

impl<M: Into<SharedMessage>> FromIterator<M> for Messages {
    fn from_iter<I: IntoIterator<Item = M>>(messages: I) -> Self {
        Self::from_list(messages.into_iter().map(Into::into).collect())
    }
}

impl<M: Into<SharedMessage>> Extend<M> for Messages {
    fn extend<I: IntoIterator<Item = M>>(&mut self, messages: I) {
        self.own_list().extend(messages.into_iter().map(Into::into));
    }
}

impl<M: Into<SharedMessage>> From<Vec<M>> for Messages {
    fn from(messages: Vec<M>) -> Self {
        messages.into_iter().collect()
    }
}

impl From<Messages> for Vec<SharedMessage> {
    fn from(messages: Messages) -> Self {
        messages.to_vec()
    }
}

impl<'a> IntoIterator for &'a Messages {
    type Item = &'a SharedMessage;
    type IntoIter = std::slice::Iter<'a, SharedMessage>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.messages.iter()
    }
}

/// A message that can no longer change, shared by reference, with what was computed of it: its tokens and its bytes on
/// the wire. Both are computed once in the message's life.
#[derive(Clone)]
pub struct SharedMessage(Arc<Cached>);

struct Cached {
    message: Message,
    tokens: OnceLock<(u64, TokenCount)>,
    part_tokens: OnceLock<(u64, Arc<[TokenCount]>)>,
    wire: OnceLock<Wire>,
}

/// A message's bytes in one wire format, and in those that it was written in later. Few conversations have several.
struct Wire {
    dialect: &'static str,
    bytes: Bytes,
    next: OnceLock<Box<Wire>>,
}

impl SharedMessage {
    /// The tokens under the ruler with the given key, counted by `count` the first time. A second ruler's count is not
    /// kept.
    pub(crate) fn tokens(&self, ruler: u64, count: impl Fn(&Message) -> TokenCount) -> TokenCount {
        let (key, tokens) = *self.0.tokens.get_or_init(|| (ruler, count(&self.0.message)));
        if key == ruler { tokens } else { count(&self.0.message) }
    }

    /// The tokens of each part, as [`tokens`](Self::tokens) keeps those of the whole. Only those who read the lines of a
    /// bill ask for them.
    pub(crate) fn part_tokens(&self, ruler: u64, count: impl Fn(&Message) -> Box<[TokenCount]>) -> Arc<[TokenCount]> {
        let (key, tokens) = self.0.part_tokens.get_or_init(|| (ruler, count(&self.0.message).into()));
        if *key == ruler { Arc::clone(tokens) } else { count(&self.0.message).into() }
    }

    /// The message's bytes in a wire format, which `write` adds to a buffer the first time.
    #[cfg_attr(not(feature = "_http"), allow(dead_code, reason = "only the HTTP providers have a wire format"))]
    pub(crate) fn wire<E>(
        &self,
        dialect: &'static str,
        write: impl Fn(&Message, &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<&Bytes, E> {
        let written = || {
            let bytes = exact(|out| write(&self.0.message, out))?;
            Ok(Wire { dialect, bytes, next: OnceLock::new() })
        };
        // Where another thread was faster, its bytes are found.
        let mut wire = if let Some(wire) = self.0.wire.get() {
            wire
        } else {
            let written = written()?;
            self.0.wire.get_or_init(|| written)
        };
        while !is(wire.dialect, dialect) {
            wire = if let Some(next) = wire.next.get() {
                next
            } else {
                let written = Box::new(written()?);
                wire.next.get_or_init(|| written)
            };
        }
        Ok(&wire.bytes)
    }

    /// Where the message is: a copy that shares it is at the same place, an equal message is not.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// The message by value: moved where nobody else holds it, copied otherwise.
    pub fn into_message(self) -> Message {
        match Arc::try_unwrap(self.0) {
            Ok(cached) => cached.message,
            Err(shared) => shared.message.clone(),
        }
    }
}

/// The bytes that `write` adds to an empty buffer, without room to spare: they are kept for a message's life.
fn exact<E>(write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<Bytes, E> {
    // A buffer that is used again costs less than one that is made small afterwards. A large one is not held on to.
    thread_local! {
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    const LARGE: usize = 16 << 10;
    let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
    let written = write(&mut buffer);
    if buffer.capacity() > LARGE {
        return written.map(|()| buffer.into_boxed_slice().into());
    }
    let bytes = written.map(|()| Bytes::copy_from_slice(&buffer));
    buffer.clear();
    BUFFER.try_with(|place| place.set(buffer)).ok();
    bytes
}

/// Whether two names are one. Most often it is the same text at the same place, and there is nothing to compare.
fn is(one: &'static str, other: &'static str) -> bool {
    std::ptr::eq(one, other) || one == other
}

impl From<Message> for SharedMessage {
    fn from(message: Message) -> Self {
        Self(Arc::new(Cached { message, tokens: OnceLock::new(), part_tokens: OnceLock::new(), wire: OnceLock::new() }))
    }
}

impl Deref for SharedMessage {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.0.message
    }
}

impl PartialEq for SharedMessage {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.message == other.0.message
    }
}

impl fmt::Debug for SharedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.message.fmt(f)
    }
}

impl Serialize for SharedMessage {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.message.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedMessage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Message::deserialize(deserializer).map(Self::from)
    }
}

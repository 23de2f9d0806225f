//! Writing request bodies: objects field by field, straight into bytes. Reading answers without copying what is not kept.

#[cfg(any(feature = "anthropic", feature = "openai"))]
use std::borrow::Cow;

#[cfg(any(feature = "anthropic", feature = "openai"))]
use serde::Deserialize;
use serde::Serialize;
use serde_json::{Map, Value};

/// A text, borrowed where it holds no escapes.
#[cfg(any(feature = "anthropic", feature = "openai"))]
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Words<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Writes one JSON object at the end of a buffer.
pub(crate) struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> ObjectWriter<'a> {
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes a field with any value. Its name is one of the API's own words, which need no escapes.
    pub(crate) fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> serde_json::Result<()> {
        self.name(name);
        serde_json::to_writer(&mut *self.out, value)
    }

    /// Writes a field whose value is JSON text already.
    pub(crate) fn raw_field(&mut self, name: &'static str, json: &str) {
        self.name(name);
        self.out.extend_from_slice(json.as_bytes());
    }

    /// Writes a field whose value `write` puts into the buffer.
    pub(crate) fn field_with<E: From<serde_json::Error>>(
        &mut self,
        name: &'static str,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.name(name);
        write(self.out)
    }

    /// Writes all fields of an object but those named in `except`.
    pub(crate) fn fields(&mut self, fields: &Map<String, Value>, except: &[&str]) -> serde_json::Result<()> {
        for (name, value) in fields.iter().filter(|(name, _)| !except.contains(&name.as_str())) {
            self.any_field(name, value)?;
        }
        Ok(())
    }

    /// Writes a field whose name may be any text.
    pub(crate) fn any_field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> serde_json::Result<()> {
        self.next();
        serde_json::to_writer(&mut *self.out, name)?;
        self.out.push(b':');
        serde_json::to_writer(&mut *self.out, value)
    }

    pub(crate) fn end(self) {
        self.out.push(b'}');
    }

    fn name(&mut self, name: &'static str) {
        debug_assert!(
            name.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte)),
            "`{name}` has escapes"
        );
        self.next();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn next(&mut self) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
    }
}

/// Lays `over` on `under`: objects field by field, to any depth; everything else is replaced.
pub(crate) fn merge(under: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (name, value) in over {
        match (under.get_mut(name), value) {
            (Some(Value::Object(under)), Value::Object(over)) => merge(under, over),
            _ => {
                under.insert(name.clone(), value.clone());
            }
        }
    }
}

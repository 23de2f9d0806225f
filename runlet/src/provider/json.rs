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

    /// Writes a field with any value.
    pub(crate) fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> serde_json::Result<()> {
        self.name(name)?;
        serde_json::to_writer(&mut *self.out, value)
    }

    /// Writes a field whose value is JSON text already.
    pub(crate) fn raw_field(&mut self, name: &str, json: &str) -> serde_json::Result<()> {
        self.name(name)?;
        self.out.extend_from_slice(json.as_bytes());
        Ok(())
    }

    /// Writes a field whose value `write` puts into the buffer.
    pub(crate) fn field_with<E: From<serde_json::Error>>(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.name(name)?;
        write(self.out)
    }

    /// Writes all fields of an object but those named in `except`.
    pub(crate) fn fields(&mut self, fields: &Map<String, Value>, except: &[&str]) -> serde_json::Result<()> {
        for (name, value) in fields.iter().filter(|(name, _)| !except.contains(&name.as_str())) {
            self.field(name, value)?;
        }
        Ok(())
    }

    pub(crate) fn end(self) {
        self.out.push(b'}');
    }

    fn name(&mut self, name: &str) -> serde_json::Result<()> {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        serde_json::to_writer(&mut *self.out, name)?;
        self.out.push(b':');
        Ok(())
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

//! Writing JSON that says what the value says: no `null` for NaN, no bottomless nesting. Reading JSON that says one thing
//! only: no key twice. Reading JSON that is not whole yet.

mod partial;

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{self, Serialize};

pub(crate) use self::partial::close;

/// How deep a tool's output may nest. Readers of JSON commonly stop at 128 (`serde_json` does); half of that leaves
/// room for the request around it.
const MAX_DEPTH: u32 = 64;

/// The value as JSON text.
///
/// `serde_json` writes NaN and the infinities as `null`, which a model would take for "there is none".
///
/// # Errors
/// Where a number is not finite, the value nests deeper than 64, or it does not serialize.
pub(crate) fn to_finite_string<T: Serialize + ?Sized>(value: &T) -> Result<String, String> {
    value.serialize(Check { depth: 0 }).map_err(|error| error.0)?;
    serde_json::to_string(value).map_err(|error| error.to_string())
}

/// Whether a text is a JSON object in which no object has two entries of one key.
///
/// # Errors
/// What is wrong, with its place.
pub(crate) fn check_object(json: &str) -> Result<(), String> {
    let text = if json.trim().is_empty() { "{}" } else { json };
    if !text.trim_start().starts_with('{') {
        return Err("it begins with something else".to_owned());
    }
    serde_json::from_str::<Distinct>(text).map(drop).map_err(|error| error.to_string())
}

/// Any JSON value whose objects have distinct keys.
struct Distinct;

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

macro_rules! visit_scalar {
    ($($method:ident($type:ty))*) => {$(
        fn $method<E>(self, _: $type) -> Result<Self, E> {
            Ok(self)
        }
    )*};
}

impl<'de> Visitor<'de> for Distinct {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    visit_scalar! { visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str) }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !keys.insert(key) {
                return Err(de::Error::custom("a key stands twice in one object"));
            }
            entries.next_value::<Self>()?;
        }
        Ok(self)
    }
}

/// A serializer that writes nothing and fails where JSON could not say what the value says.
#[derive(Clone, Copy)]
struct Check {
    depth: u32,
}

#[derive(Debug)]
struct Rejected(String);

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Rejected {}

impl ser::Error for Rejected {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl Check {
    fn deeper(self) -> Result<Self, Rejected> {
        if self.depth == MAX_DEPTH {
            return Err(Rejected(format!("it nests deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }

    fn float(value: f64) -> Result<(), Rejected> {
        if value.is_finite() { Ok(()) } else { Err(Rejected(format!("{value} is not a JSON number"))) }
    }
}

macro_rules! accept {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, _: $type) -> Result<(), Rejected> {
            Ok(())
        }
    )*};
}

impl ser::Serializer for Check {
    type Ok = ();
    type Error = Rejected;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    accept! {
        serialize_bool(bool)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_char(char) serialize_str(&str) serialize_bytes(&[u8]) serialize_unit_struct(&'static str)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Rejected> {
        Self::float(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Rejected> {
        Self::float(value)
    }

    fn serialize_none(self) -> Result<(), Rejected> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Rejected> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Rejected> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Rejected> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Rejected> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Rejected> {
        value.serialize(self.deeper()?)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Rejected> {
        self.deeper()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Rejected> {
        self.deeper()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Rejected> {
        self.deeper()
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, Rejected> {
        self.deeper()?.deeper()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Rejected> {
        self.deeper()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Rejected> {
        self.deeper()
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, Rejected> {
        self.deeper()?.deeper()
    }
}

macro_rules! check_elements {
    ($($trait:ident::$method:ident)*) => {$(
        impl ser::$trait for Check {
            type Ok = ();
            type Error = Rejected;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Rejected> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), Rejected> {
                Ok(())
            }
        }
    )*};
}

check_elements! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

macro_rules! check_fields {
    ($($trait:ident)*) => {$(
        impl ser::$trait for Check {
            type Ok = ();
            type Error = Rejected;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<(), Rejected> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), Rejected> {
                Ok(())
            }
        }
    )*};
}

check_fields! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Check {
    type Ok = ();
    type Error = Rejected;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Rejected> {
        // `serde_json` itself rejects the keys that JSON cannot have.
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Rejected> {
        value.serialize(*self)
    }

    fn end(self) -> Result<(), Rejected> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::to_finite_string;

    fn check<T: serde::Serialize>(value: &T, expected: Result<&str, &str>) {
        assert_eq!(to_finite_string(value), expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn numbers_that_json_lacks_are_rejected_wherever_they_stand() {
        check(&1.5, Ok("1.5"));
        check(&f64::NAN, Err("NaN is not a JSON number"));
        check(&vec![Some(f32::INFINITY)], Err("inf is not a JSON number"));
        check(&std::collections::BTreeMap::from([("a", [f64::NEG_INFINITY])]), Err("-inf is not a JSON number"));
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: u32| (0..depth).fold(json!(0), |inner, _| Value::Array(vec![inner]));
        assert!(to_finite_string(&nested(64)).is_ok());
        check(&nested(65), Err("it nests deeper than 64 levels"));
    }
}

//! Reading the figures of an answer, such as its usage, in one pass over an object that may hold anything else.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::Words;

/// Reads the figures of an object that have these names, or are in an object of the first name under the second. What is
/// no figure is passed over; `None` where it is no object at all.
pub(crate) fn figures<'de, const N: usize, D: Deserializer<'de>>(
    deserializer: D,
    names: [(&str, &str); N],
) -> Result<Option<[Option<u64>; N]>, D::Error> {
    let mut found = [None; N];
    let wanted = Wanted { within: None, names: &names, found: &mut found };
    let is_object = wanted.deserialize(deserializer)?;
    Ok(is_object.then_some(found))
}

/// Looks for figures; says whether it is an object that was looked into.
struct Wanted<'w> {
    within: Option<&'w str>,
    names: &'w [(&'w str, &'w str)],
    found: &'w mut [Option<u64>],
}

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! visit_none {
    ($($method:ident($type:ty))*) => {$(
        fn $method<E>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    )*};
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("figures")
    }

    visit_none! { visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str) }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<bool, A::Error> {
        while let Some(Words(name)) = fields.next_key::<Words<'de>>()? {
            let own = match self.within {
                None => (&*name, ""),
                Some(outer) => (outer, &*name),
            };
            if let Some((_, place)) = self.names.iter().zip(&mut *self.found).find(|(wanted, _)| **wanted == own) {
                *place = fields.next_value::<Figure>()?.0;
            } else if self.within.is_none() && self.names.iter().any(|(outer, _)| *outer == name) {
                fields.next_value_seed(Wanted { within: Some(&name), names: self.names, found: &mut *self.found })?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(true)
    }
}

/// A whole number that is not negative, or whatever else stands in its place.
#[derive(Default)]
struct Figure(Option<u64>);

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Figure;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a figure")
            }

            visit_none! { visit_bool(bool) visit_i64(i64) visit_f64(f64) visit_str(&str) }

            fn visit_u64<E>(self, figure: u64) -> Result<Figure, E> {
                Ok(Figure(Some(figure)))
            }

            fn visit_unit<E>(self) -> Result<Figure, E> {
                Ok(Figure(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Figure, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Figure(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Figure, A::Error> {
                while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Figure(None))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::figures;

    fn check(json: &str, expected: Option<[Option<u64>; 3]>) {
        let names = [("a", ""), ("b", "c"), ("d", "")];
        let read = figures(&mut serde_json::Deserializer::from_str(json), names).expect("JSON");
        assert_eq!(read, expected, "{json}");
    }

    #[test]
    fn figures_are_found_where_they_stand_and_all_else_is_passed_over() {
        check(r#"{"a":1,"b":{"c":2,"a":7},"d":3,"e":{"a":9}}"#, Some([Some(1), Some(2), Some(3)]));
        check(r#"{"a":"1","b":[{"c":2}],"d":{"a":1}}"#, Some([None, None, None]));
        check(r#"{"a":-1,"b":null,"d":1.5}"#, Some([None, None, None]));
        check(r#"{"\u0061":1,"b":{"c":null},"a":2}"#, Some([Some(2), None, None]));
        for other in ["null", "[1]", "1", "\"a\"", "true"] {
            check(other, None);
        }
    }
}

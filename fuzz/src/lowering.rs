//! Schemas, in JSON Schema's words and in those of others, in the form of every provider.

use runlet::schema::{Dialect, Schema};
use serde_json::Value;

pub fn run(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    for schema in [Schema::from_value(value.clone()), Schema::from_dialect(value)] {
        let Ok(schema) = schema else { continue };
        for &dialect in Dialect::ALL {
            let lowered = schema.lower(dialect);
            assert!(lowered.schema.value().is_object(), "{dialect}: no schema of an object");
            assert_eq!(lowered, schema.lower(dialect), "{dialect}: the same schema is lowered in two ways");
            let read: Value = serde_json::from_str(lowered.schema.json()).expect("a schema is JSON");
            assert_eq!(&read, lowered.schema.value());
        }
    }
}

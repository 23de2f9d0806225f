use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Dialect, Schema};

/// Lowers `input`; compares the schema, and the losses as text.
#[track_caller]
fn check(dialect: Dialect, input: Value, expected: &Value, losses: &[&str]) {
    let lowered = Schema::from_value(input).expect("a schema").lower(dialect);
    let told: Vec<String> = lowered.losses.iter().map(ToString::to_string).collect();
    assert_eq!(
        (lowered.schema.value(), told.as_slice()),
        (expected, &losses.iter().map(ToString::to_string).collect::<Vec<_>>()[..])
    );
}

/// Checks what becomes of one required property, in a root object that is otherwise lost in nothing.
#[track_caller]
fn check_property(dialect: Dialect, input: &Value, expected: &Value, losses: &[&str]) {
    let root = json!({ "type": "object", "properties": { "p": input }, "required": ["p"] });
    let object = match dialect {
        Dialect::Gemini => json!({ "type": "OBJECT", "properties": { "p": expected }, "required": ["p"] }),
        _ => {
            json!({ "type": "object", "properties": { "p": expected }, "required": ["p"], "additionalProperties": false })
        }
    };
    check(dialect, root, &object, losses);
}

#[test]
fn strict_closes_and_requires() {
    check(
        Dialect::OpenAiStrict,
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "a": { "type": ["integer", "null"], "format": "uint32", "minimum": 1 },
                "b": { "$ref": "#/$defs/B", "description": "A bee." },
                "c": { "anyOf": [{ "$ref": "#/$defs/B" }, { "type": "null" }], "default": null },
            },
            "required": ["b"],
            "$defs": { "B": { "type": "object", "properties": { "next": { "anyOf": [{ "$ref": "#/$defs/B" }, { "type": "null" }] } } } },
        }),
        &json!({
            "type": "object",
            "properties": {
                "a": { "type": ["integer", "null"], "minimum": 1, "maximum": u32::MAX },
                "b": { "anyOf": [{ "$ref": "#/$defs/B" }], "description": "A bee." },
                "c": { "anyOf": [{ "$ref": "#/$defs/B" }, { "type": "null" }] },
            },
            "required": ["a", "b", "c"],
            "additionalProperties": false,
            "$defs": { "B": {
                "type": "object",
                "properties": { "next": { "anyOf": [{ "$ref": "#/$defs/B" }, { "type": "null" }] } },
                "required": ["next"],
                "additionalProperties": false,
            } },
        }),
        &[],
    );
    check(
        Dialect::OpenAiStrict,
        json!({ "type": "object", "properties": { "a": { "type": "string", "default": "x" }, "b": { "type": ["string", "null"], "default": "y" } } }),
        &json!({
            "type": "object",
            "properties": {
                "a": { "anyOf": [{ "type": "string", "description": "Default: \"x\"." }, { "type": "null" }] },
                "b": { "type": ["string", "null"], "description": "Default: \"y\"." },
            },
            "required": ["a", "b"],
            "additionalProperties": false,
        }),
        &[
            "/properties/a: `required`: it may be left out but not be null",
            "/properties/b: `default`: null would stand for it, and is another value",
        ],
    );
}

#[test]
fn strict_keeps_what_is_supported() {
    let check = |input: Value, expected: Value, losses: &[&str]| {
        check_property(Dialect::OpenAiStrict, &input, &expected, losses);
    };
    check(
        json!({ "type": "string", "format": "uuid", "pattern": "^a" }),
        json!({ "type": "string", "format": "uuid", "pattern": "^a" }),
        &[],
    );
    check(
        json!({ "type": "string", "format": "uri", "minLength": 1, "pattern": "^(?=a)" }),
        json!({ "type": "string" }),
        &[
            "/properties/p: `minLength`: it is not supported",
            "/properties/p: `pattern`: look-around is not supported",
            "/properties/p: `format`: the format `uri` is not supported",
        ],
    );
    check(
        json!({ "type": "array", "items": { "type": "number", "format": "double", "multipleOf": 2 }, "minItems": 1, "uniqueItems": true }),
        json!({ "type": "array", "items": { "type": "number", "multipleOf": 2 }, "minItems": 1 }),
        &["/properties/p: `uniqueItems`: it is not supported"],
    );
    check(
        json!({ "oneOf": [{ "const": "a", "description": "First." }, { "enum": ["b", "c"] }] }),
        json!({ "anyOf": [{ "type": "string", "const": "a", "description": "First." }, { "type": "string", "enum": ["b", "c"] }] }),
        &[],
    );
    check(
        json!({ "type": "integer", "description": "How many.", "examples": [1, 2], "default": 3 }),
        json!({ "type": "integer", "description": "How many. Examples: 1, 2. Default: 3." }),
        &[],
    );
    check(json!(true), json!({}), &["/properties/p: `type`: a schema that takes anything cannot be said"]);
    check(
        json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
        json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false }),
        &["/properties/p: `additionalProperties`: an object of any properties cannot be said"],
    );
    check(
        json!({ "allOf": [{ "type": "string" }, { "pattern": "a" }] }),
        json!({}),
        &["/properties/p: `allOf`: it is not supported"],
    );
}

#[test]
fn strict_wants_an_object_at_the_root() {
    let closed = json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false });
    let lost = &["the root: `type`: the root must be an object"];
    check(Dialect::OpenAiStrict, json!({ "type": "array", "items": { "type": "string" } }), &closed, lost);
    check(Dialect::OpenAiStrict, json!({ "type": "object", "anyOf": [] }), &closed, lost);
    check(Dialect::OpenAiStrict, json!({ "type": "object", "properties": {} }), &closed, &[]);
    check(
        Dialect::OpenAiStrict,
        json!({ "type": "object" }),
        &closed,
        &["the root: `properties`: an object of any properties cannot be said"],
    );
}

#[test]
fn strict_reports_its_limits() {
    let wide: BTreeMap<String, Value> = (0..5_001).map(|n| (n.to_string(), json!({ "type": "null" }))).collect();
    let values: Vec<String> = (0..1_001).map(|n| format!("{n:0>20}")).collect();
    let mut deep = json!({ "type": "string" });
    for _ in 0..11 {
        deep = json!({ "type": "object", "properties": { "in": deep }, "required": ["in"] });
    }
    let losses = |schema: Value| {
        let losses = Schema::from_value(schema).expect("a schema").lower(Dialect::OpenAiStrict).losses;
        losses.into_iter().map(|loss| loss.reason).collect::<Vec<_>>()
    };
    assert_eq!(
        losses(json!({ "type": "object", "properties": wide })),
        ["at most 5000 properties are supported, and these are 5001"]
    );
    assert_eq!(losses(deep), ["at most 10 levels of nesting are supported, and these are 11"]);
    assert_eq!(
        losses(json!({ "type": "object", "properties": { "e": { "enum": values } }, "required": ["e"] })),
        [
            "at most 1000 values in enums are supported, and these are 1001",
            "an enum of more than 250 values may have 15,000 characters at most",
        ]
    );
}

#[test]
fn hostile_schemas_end() {
    let mut deep = json!({});
    for _ in 0..200 {
        deep = json!({ "type": "array", "items": deep });
    }
    let doubling: BTreeMap<String, Value> = (0..40)
        .map(|n| {
            let next = json!({ "$ref": format!("#/$defs/{}", n + 1) });
            (n.to_string(), json!({ "type": "object", "properties": { "a": next, "b": next } }))
        })
        .collect();
    let schemas = [
        json!({ "type": "object", "properties": { "p": deep } }),
        json!({ "$ref": "#/$defs/0", "$defs": doubling }),
        json!({ "$ref": "#" }),
        json!({ "type": "object", "properties": {
            "p": { "$ref": "#/$defs/a" },
            "q": { "$ref": "#/$defs/b" },
        }, "$defs": {
            "a": { "type": "string", "anyOf": vec![json!({ "$ref": "#/$defs/a" }); 3] },
            "b": { "anyOf": vec![json!({ "$ref": "#/$defs/b" }); 3] },
        } }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
        json!({ "type": "object", "properties": { "p": { "$ref": "#/properties/p", "type": "object" } } }),
        json!({ "type": 1, "properties": [], "required": {}, "anyOf": 3, "enum": "x", "$defs": 0, "items": null }),
    ];
    for schema in schemas {
        let schema = Schema::from_value(schema).expect("a schema");
        for dialect in Dialect::ALL {
            assert_eq!(schema.lower(*dialect), schema.lower(*dialect));
        }
    }
}

#[test]
fn others_change_only_the_root() {
    let tree = json!({ "type": "object", "properties": { "p": { "oneOf": [{ "type": "string" }, { "not": {} }] } } });
    for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
        check(dialect, tree.clone(), &tree, &[]);
        check(
            dialect,
            json!({ "type": "object", "anyOf": [{ "required": ["a"] }] }),
            &json!({ "type": "object", "properties": {} }),
            &["the root: `anyOf`: it may not stand at the root"],
        );
    }
    let named = json!({ "type": "object", "properties": { "filter[id]": {} } });
    check(
        Dialect::Anthropic,
        named.clone(),
        &named,
        &["/properties/filter[id]: `properties`: a name must be 1 to 64 of A-Z, a-z, 0-9, _, . and -"],
    );
}

#[test]
fn gemini_takes_a_subset() {
    let check =
        |input: Value, expected: Value, losses: &[&str]| check_property(Dialect::Gemini, &input, &expected, losses);
    check(
        json!({ "type": ["string", "null"], "enum": ["a", null] }),
        json!({ "type": "STRING", "enum": ["a"], "nullable": true }),
        &[],
    );
    check(
        json!({ "anyOf": [{ "type": "integer", "format": "uint8", "exclusiveMinimum": 3 }, { "type": "null" }], "description": "Or not." }),
        json!({ "type": "INTEGER", "minimum": 4, "maximum": 255, "nullable": true, "description": "Or not." }),
        &[],
    );
    check(
        json!({ "type": ["string", "integer"], "maxLength": 3 }),
        json!({ "anyOf": [{ "type": "STRING", "maxLength": 3 }, { "type": "INTEGER" }] }),
        &[],
    );
    check(json!({ "const": "a" }), json!({ "type": "STRING", "enum": ["a"] }), &[]);
    check(
        json!({ "enum": [1, 2] }),
        json!({ "type": "INTEGER" }),
        &["/properties/p: `enum`: only strings may be listed"],
    );
    check(
        json!({ "type": "string", "format": "email" }),
        json!({ "type": "STRING" }),
        &["/properties/p: `format`: the format `email` is not supported"],
    );
    check(
        json!({ "type": "object", "additionalProperties": true }),
        json!({ "type": "OBJECT" }),
        &["/properties/p: `additionalProperties`: an object of any properties cannot be said"],
    );
}

#[test]
fn gemini_has_no_references() {
    check(
        Dialect::Gemini,
        json!({
            "type": "object",
            "properties": { "n": { "$ref": "#/$defs/N", "description": "The first." } },
            "$defs": { "N": { "type": "object", "properties": {
                "next": { "$ref": "#/$defs/N" },
                "name": { "type": "string" },
            } } },
        }),
        &json!({ "type": "OBJECT", "properties": { "n": {
            "type": "OBJECT",
            "description": "The first.",
            "properties": { "name": { "type": "STRING" }, "next": { "type": "OBJECT" } },
        } } }),
        &["/properties/n/properties/next: `$ref`: a schema that contains itself cannot be said"],
    );
}

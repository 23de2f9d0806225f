//! Whether every provider can be told of a set of tools.

use serde_json::Value;

use crate::schema::Dialect;
use crate::tool::{ToolSpec, Toolbox};

/// Asserts that OpenAI, Anthropic and Gemini can all be told of every tool, and that there is something to tell.
///
/// Strict mode is not asked for: it is chosen where it loses nothing, and a tool is no worse without it. Ask for it with
/// [`assert_portable_to`].
///
/// # Panics
/// With a list of everything that is wrong: what a provider's form of a schema loses, a tool or an argument without a
/// description, a name that a provider refuses.
///
/// ```
/// use runlet::tool;
/// use runlet::tool::Toolbox;
///
/// /// Looks up where an order is.
/// #[tool]
/// async fn lookup_order(
///     /// The number on the receipt.
///     order_id: String,
/// ) -> String {
///     format!("order {order_id} is on its way")
/// }
///
/// let mut tools = Toolbox::<()>::new();
/// tools.add(lookup_order {})?;
/// runlet::testing::assert_portable(&tools);
/// # Ok::<(), runlet::Error>(())
/// ```
#[track_caller]
pub fn assert_portable<D: ?Sized>(toolbox: &Toolbox<D>) {
    assert_portable_to(toolbox, &[Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini]);
}

/// Asserts what [`assert_portable`] does, for these dialects only.
///
/// # Panics
/// As [`assert_portable`].
///
/// ```
/// use runlet::schema::Dialect;
/// use runlet::tool::Toolbox;
///
/// runlet::testing::assert_portable_to(&Toolbox::<()>::new(), &[Dialect::OpenAiStrict]);
/// ```
#[track_caller]
pub fn assert_portable_to<D: ?Sized>(toolbox: &Toolbox<D>, dialects: &[Dialect]) {
    let problems: Vec<String> = toolbox.specs().iter().flat_map(|spec| problems(spec, dialects)).collect();
    assert!(problems.is_empty(), "these tools are not portable:\n  {}", problems.join("\n  "));
}

/// What is wrong with a tool, a line for each.
fn problems(spec: &ToolSpec, dialects: &[Dialect]) -> Vec<String> {
    let name = &spec.name;
    let mut problems = Vec::new();
    // https://ai.google.dev/api/caching#FunctionDeclaration: a name begins with a letter or an underscore.
    let begins_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if dialects.contains(&Dialect::Gemini) && !begins_well {
        problems.push(format!("{name}: Gemini refuses a name that does not begin with a letter or `_`"));
    }
    if spec.description.trim().is_empty() {
        problems.push(format!("{name}: the tool has no description"));
    }
    let root = spec.parameters.value();
    for (argument, schema) in root.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if !is_described(root, schema) {
            problems.push(format!("{name}: the argument `{argument}` has no description"));
        }
    }
    for dialect in dialects {
        let lowered = spec.parameters.lower(*dialect);
        problems.extend(lowered.losses.iter().map(|loss| format!("{name}: {dialect} loses {loss}")));
    }
    problems
}

/// Whether a schema has a description, of its own or of what it refers to.
fn is_described(root: &Value, schema: &Value) -> bool {
    let described = |schema: &Value| {
        let text = schema.get("description").and_then(Value::as_str);
        text.is_some_and(|text| !text.trim().is_empty())
    };
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    described(schema) || target.and_then(|pointer| root.pointer(pointer)).is_some_and(described)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::problems;
    use crate::schema::{Dialect, Schema};
    use crate::tool::ToolSpec;

    #[track_caller]
    fn check((name, description, properties): (&'static str, &'static str, Value), expected: &[&str]) {
        let schema = json!({ "type": "object", "properties": properties, "$defs": { "D": { "type": "string", "description": "D." } } });
        let spec = ToolSpec::new(name, description, Schema::from_value(schema).expect("a schema"));
        assert_eq!(problems(&spec, &[Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini]), expected);
    }

    #[test]
    fn everything_that_is_wrong_is_listed() {
        check(
            ("good", "Does.", json!({ "a": { "type": "string", "description": "A." }, "d": { "$ref": "#/$defs/D" } })),
            &[],
        );
        check(
            ("2nd", " ", json!({ "a b": { "type": "string", "format": "email" } })),
            &[
                "2nd: Gemini refuses a name that does not begin with a letter or `_`",
                "2nd: the tool has no description",
                "2nd: the argument `a b` has no description",
                "2nd: Anthropic loses /properties/a b: `properties`: a name must be 1 to 64 of A-Z, a-z, 0-9, _, . and -",
                "2nd: Gemini loses /properties/a b: `format`: the format `email` is not supported",
            ],
        );
    }
}

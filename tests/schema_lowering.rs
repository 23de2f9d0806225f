//! Schemas as providers take them: values of a strict schema decode to the Rust type, and real schemas survive.
//!
//! `RUNLET_SHARED` names the directory of the shared data. Where there is none, its test says so and passes.

#![expect(dead_code, reason = "what is decoded is not looked at")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use runlet::schema::{Dialect, Schema};
use runlet::tool::Toolbox;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// A plain struct, with what may be missing.
#[derive(Debug, Deserialize, JsonSchema)]
struct Plain {
    /// Some text.
    text: String,
    flag: bool,
    ratio: f64,
    note: Option<String>,
    #[serde(default)]
    again: Option<Vec<Option<bool>>>,
    nothing: (),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Numbers {
    tiny: u8,
    small_signed: i16,
    medium: u32,
    medium_signed: i32,
    large: i64,
    large_unsigned: u64,
    perhaps: Option<i8>,
    single: f32,
    #[schemars(range(min = 3, max = 5))]
    bounded: u32,
    size: usize,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Units {
    First,
    Second,
}

#[derive(Debug, Deserialize, JsonSchema)]
enum DocumentedUnits {
    /// The first.
    First,
    /// The second.
    Second,
}

#[derive(Debug, Deserialize, JsonSchema)]
enum External {
    Unit,
    Newtype(Plain),
    Fields { many: Vec<Units>, perhaps: Option<DocumentedUnits> },
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Internal {
    Unit,
    Newtype(Inner),
    Fields { inner: Inner },
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "content")]
enum Adjacent {
    Unit,
    Newtype(u16),
    Fields { inner: Option<Inner> },
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Number(i32),
    Text(String),
    Inner(Inner),
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Inner {
    id: u32,
    units: Option<Units>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Recursive {
    label: String,
    children: Vec<Recursive>,
    next: Option<Box<Recursive>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Flat {
    own: bool,
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Everything {
    plain: Plain,
    /// Described where it stands.
    numbers: Numbers,
    external: Vec<External>,
    internal: Option<Internal>,
    adjacent: Adjacent,
    untagged: Vec<Untagged>,
    /// A tree.
    recursive: Recursive,
    flat: Option<Flat>,
    boxed: Box<Units>,
}

/// What a generator decides, in order; zero when all is used up, so that every value ends.
struct Choices<'a>(std::slice::Iter<'a, u32>);

impl Choices<'_> {
    fn below(&mut self, limit: usize) -> usize {
        self.0.next().map_or(0, |choice| *choice as usize % limit.max(1))
    }

    fn integer(&mut self, schema: &Map<String, Value>) -> i64 {
        let bound = |keyword: &str, default| schema.get(keyword).and_then(Value::as_i64).unwrap_or(default);
        let (min, max) = (bound("minimum", i64::MIN), bound("maximum", i64::MAX));
        match self.below(4) {
            0 => min,
            1 => max,
            2 => min.max(0).min(max),
            _ => i64::try_from(self.below(1_000)).unwrap_or(0).clamp(min, max),
        }
    }
}

/// A value that a lowered schema takes.
fn generate(root: &Value, schema: &Value, choices: &mut Choices<'_>, depth: usize) -> Value {
    let schema = schema.as_object().expect("a schema");
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#')).expect("a definition");
        return generate(root, target, choices, depth + 1);
    }
    if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
        let null = branches.iter().find(|branch| branch["type"] == "null");
        return match null {
            Some(_) if depth > 6 => Value::Null,
            _ => generate(root, &branches[choices.below(branches.len())], choices, depth + 1),
        };
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values[choices.below(values.len())].clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[choices.below(kinds.len())].clone(),
        kind => kind.clone(),
    };
    match kind.as_str().expect("a type") {
        "null" => Value::Null,
        "boolean" => json!(choices.below(2) == 1),
        "integer" => json!(choices.integer(schema)),
        "number" => json!([0.0, -1.5, 3.0e9][choices.below(3)]),
        "string" => json!(["", "text", "\u{1F980}\n\""][choices.below(3)]),
        "array" => {
            let length = if depth > 6 { 0 } else { choices.below(3) };
            (0..length).map(|_| generate(root, &schema["items"], choices, depth + 1)).collect()
        }
        "object" => {
            assert_eq!(schema["additionalProperties"], false);
            let properties = schema["properties"].as_object().expect("properties");
            let required: BTreeSet<&str> =
                schema["required"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
            assert_eq!(required, properties.keys().map(String::as_str).collect());
            let members = properties.iter();
            members.map(|(name, schema)| (name.clone(), generate(root, schema, choices, depth + 1))).collect()
        }
        other => panic!("no type: {other}"),
    }
}

/// A value of the strict schema decodes to the type.
fn check<T: DeserializeOwned + JsonSchema>(choices: &[u32]) {
    let lowered = Schema::of::<Wrapped<T>>().lower(Dialect::OpenAiStrict);
    assert!(lowered.is_lossless(), "{}: {:?}", std::any::type_name::<T>(), lowered.losses);
    let schema = lowered.schema.value();
    let value = generate(schema, schema, &mut Choices(choices.iter()), 0);
    let decoded = serde_json::from_str::<Wrapped<T>>(&value.to_string());
    assert!(decoded.is_ok(), "{}: {value}: {:?}", std::any::type_name::<T>(), decoded.err());
}

#[derive(Deserialize, JsonSchema)]
struct Wrapped<T> {
    value: T,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn strict_values_decode(choices in prop::collection::vec(any::<u32>(), 0..120)) {
        check::<Plain>(&choices);
        check::<Numbers>(&choices);
        check::<Units>(&choices);
        check::<DocumentedUnits>(&choices);
        check::<External>(&choices);
        check::<Internal>(&choices);
        check::<Adjacent>(&choices);
        check::<Untagged>(&choices);
        check::<Recursive>(&choices);
        check::<Flat>(&choices);
        check::<Option<Vec<Inner>>>(&choices);
        check::<Everything>(&choices);
    }
}

#[derive(JsonSchema)]
struct Loses {
    map: BTreeMap<String, u32>,
    any: Value,
    pair: (u8, String),
    letter: char,
    set: BTreeSet<u8>,
    #[serde(default)]
    defaulted: Vec<String>,
}

#[test]
fn what_strict_mode_cannot_say_is_lost() {
    let losses = Schema::of::<Loses>().lower(Dialect::OpenAiStrict).losses;
    let places: BTreeSet<&str> =
        losses.iter().map(|loss| loss.pointer.strip_prefix("/properties/").expect("a property")).collect();
    assert_eq!(places, BTreeSet::from(["any", "defaulted", "letter", "map", "pair", "set"]));
}

/// A tool whose arguments may be left out.
#[runlet::tool]
async fn search(
    /// What to find.
    text: String,
    /// How many.
    #[arg(min = 1, max = 50, example = 5)]
    limit: Option<u32>,
) -> String {
    format!("{text} {limit:?}")
}

/// A tool with an argument that has a default.
#[runlet::tool]
async fn list(
    /// How many.
    #[arg(default = 10)]
    limit: u32,
) -> String {
    limit.to_string()
}

#[test]
fn a_default_is_no_null() {
    let mut tools = Toolbox::<()>::new();
    tools.add(search {}).expect("a tool");
    tools.add(list {}).expect("a tool");
    runlet::testing::assert_portable(&tools);
    let strict: Vec<bool> =
        tools.specs().iter().map(|spec| spec.parameters.lower(Dialect::OpenAiStrict).is_lossless()).collect();
    assert_eq!(strict, [true, false]);
}

/// The schemas of one source, told apart by their text.
type Schemas = BTreeMap<String, Value>;

#[test]
fn real_schemas_lower() {
    let shared = std::env::var_os("RUNLET_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    let sources = sources(&shared);
    if sources.is_empty() {
        println!("real_schemas_lower: skipped: no shared data");
        return;
    }
    let mut table = format!("{:<28}{:>9}", "source", "schemas");
    for dialect in Dialect::ALL {
        write!(table, "{:>15}", dialect.to_string()).expect("a string takes text");
    }
    let mut frequent: BTreeMap<String, usize> = BTreeMap::new();
    for (source, schemas) in sources {
        write!(table, "\n{source:<28}{:>9}", schemas.len()).expect("a string takes text");
        for dialect in Dialect::ALL {
            let mut lossless = 0;
            for schema in schemas.values() {
                let schema = Schema::from_value(schema.clone()).expect("a schema");
                let lowered = schema.lower(*dialect);
                assert_eq!(lowered, schema.lower(*dialect), "lowered twice");
                for loss in &lowered.losses {
                    *frequent.entry(format!("{dialect}: {}", loss.keyword)).or_default() += 1;
                }
                if lowered.is_lossless() {
                    lossless += 1;
                    if *dialect != Dialect::Gemini {
                        assert_eq!(lowered.schema.lower(*dialect), lowered, "a lowered schema is its own lowering");
                    }
                }
            }
            write!(table, "{lossless:>15}").expect("a string takes text");
        }
    }
    let mut frequent: Vec<_> = frequent.into_iter().collect();
    frequent.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let frequent = frequent.into_iter().take(14).map(|(loss, count)| format!("\n{count:>8}  {loss}"));
    println!("{table}\nthe most frequent losses:{}", frequent.collect::<String>());
}

/// All schemas of tools and of outputs, by where they come from.
fn sources(shared: &Path) -> BTreeMap<String, Schemas> {
    let mut sources = BTreeMap::<String, Schemas>::new();
    for file in files(&shared.join("tool-schemas")) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("a file that can be read");
        let whole: Vec<Value> = serde_json::from_str(&text).map_or_else(
            |_| text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
            |value| vec![value],
        );
        let schemas = sources.entry(name).or_default();
        for value in &whole {
            collect(value, schemas);
        }
    }
    for set in files(&shared.join("recordings")) {
        for api in files(&set) {
            for file in files(&api) {
                let text = std::fs::read_to_string(&file).unwrap_or_default();
                let Ok(exchange) = serde_json::from_str::<Value>(&text) else { continue };
                let set = set.file_name().unwrap_or_default().to_string_lossy();
                let schemas = sources.entry(format!("recorded: {set}")).or_default();
                let parts = ["tools", "text", "response_format", "generationConfig", "output_format", "output_config"];
                parts
                    .iter()
                    .filter_map(|part| exchange["request"]["body"].get(part))
                    .for_each(|part| collect(part, schemas));
            }
        }
    }
    sources.retain(|_, schemas| !schemas.is_empty());
    sources
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Collects what stands under the names that schemas stand under.
fn collect(value: &Value, schemas: &mut Schemas) {
    const NAMES: &[&str] = &[
        "parameters",
        "input_schema",
        "inputSchema",
        "parametersJsonSchema",
        "responseSchema",
        "responseJsonSchema",
        "schema",
    ];
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if NAMES.contains(&name.as_str()) && value.is_object() {
                    schemas.entry(value.to_string()).or_insert_with(|| value.clone());
                }
                collect(value, schemas);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, schemas)),
        _ => {}
    }
}

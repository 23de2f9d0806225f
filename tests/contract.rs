//! The table of what happens when models, tools, streams and callers misbehave, in `docs/reliability.md`.
//!
//! A test belongs to a row by its name: `row_24_..`, `rows_23_and_36_..`, `row_31_to_33_..`. The page lists the tests that
//! the sources have; `UPDATE_DOCS=1 cargo test -p runlet-tests --test it contract` writes it anew.

mod rows;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use self::table::TABLE;

/// What stands around the table in the page.
const BEGIN: &str = "<!-- The table is written by `UPDATE_DOCS=1 cargo test -p runlet-tests --test it contract`. -->\n";
const END: &str = "<!-- The end of the table. -->\n";

/// The adapters, by the names of their modules.
const ADAPTERS: [(&str, &str); 4] = [
    ("anthropic", "Anthropic"),
    ("gemini", "Gemini"),
    ("openai_chat", "OpenAI Chat"),
    ("openai_responses", "OpenAI Responses"),
];

/// One row.
struct Row {
    number: u32,
    fault: &'static str,
    behaviour: &'static str,
    /// Whether every adapter has to pass it.
    adapters: bool,
}

/// A test that belongs to a row.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    name: String,
    file: String,
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn sources(under: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(under).expect("a directory of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The numbers that a test's name carries.
fn numbers(name: &str) -> BTreeSet<u32> {
    let mut numbers = BTreeSet::new();
    if !name.starts_with("row_") && !name.starts_with("rows_") {
        return numbers;
    }
    for part in name.split("row").skip(1) {
        let (mut range, mut last) = (false, 0);
        for word in part.trim_start_matches('s').trim_start_matches('_').split('_') {
            match (word.parse::<u32>(), word) {
                (Ok(number), _) => {
                    numbers.extend(if range { last..=number } else { number..=number });
                    (range, last) = (false, number);
                }
                (Err(_), "and") => {}
                (Err(_), "to") => range = true,
                (Err(_), _) => break,
            }
        }
    }
    numbers
}

/// The tests of the sources, by row.
fn tests() -> BTreeMap<u32, BTreeSet<Test>> {
    let mut files = Vec::new();
    sources(&root().join("tests"), &mut files);
    sources(&root().join("runlet/src"), &mut files);
    let mut tests: BTreeMap<u32, BTreeSet<Test>> = BTreeMap::new();
    for path in files {
        let file = path.strip_prefix(root()).expect("a path below the root").to_string_lossy().replace('\\', "/");
        for line in fs::read_to_string(&path).expect("UTF-8").lines() {
            let Some((_, rest)) = line.split_once("fn ") else { continue };
            let name: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            for number in numbers(&name) {
                tests.entry(number).or_default().insert(Test { name: name.clone(), file: file.clone() });
            }
        }
    }
    tests
}

impl Test {
    fn is_of_the_suite(&self) -> bool {
        self.file == "runlet/src/testing/conformance/rows.rs"
    }

    /// The adapters that it runs against; none where it runs against a scripted model, or none at all.
    fn adapters(&self) -> BTreeSet<&'static str> {
        let everywhere = self.is_of_the_suite()
            || self.file.contains("/provider/sse")
            || self.file == "runlet/src/provider/models.rs"
            || (self.file == "tests/contract/rows.rs"
                && ["row_22", "row_50_words", "row_69"].iter().any(|name| self.name.starts_with(name)));
        let named = |module: &str| {
            self.file.contains(&format!("provider/{module}/")) || self.file == format!("tests/{module}.rs")
        };
        let responses = ["tests/wire.rs", "tests/retries.rs"].contains(&self.file.as_str());
        let of_openai = self.file.contains("provider/openai/");
        ADAPTERS
            .into_iter()
            .filter(|(module, _)| {
                everywhere
                    || named(module)
                    || (responses && *module == "openai_responses")
                    || (of_openai && module.starts_with("openai"))
            })
            .map(|(_, name)| name)
            .collect()
    }

    fn in_the_page(&self) -> String {
        let file = self.file.trim_start_matches("tests/").trim_start_matches("runlet/src/").trim_end_matches(".rs");
        format!("`{}` in {file}", self.name)
    }
}

/// The table as it stands in the page.
fn written() -> String {
    let tests = tests();
    let mut page = String::from("| # | what goes wrong | what Runlet does | tests | adapters | result |\n");
    page.push_str("| --- | --- | --- | --- | --- | --- |\n");
    let mut all = BTreeSet::new();
    for row in &TABLE {
        let of_row = &tests[&row.number];
        let adapters: BTreeSet<&str> = of_row.iter().flat_map(Test::adapters).collect();
        let adapters = match (adapters.len(), of_row.iter().any(|test| test.adapters().is_empty())) {
            (4, true) => "all four, and the loop".to_owned(),
            (4, false) => "all four".to_owned(),
            (0, _) => "the loop: any".to_owned(),
            (_, also) => {
                let named = adapters.into_iter().collect::<Vec<_>>().join(", ");
                if also { format!("the loop: any; {named}") } else { named }
            }
        };
        all.extend(of_row.iter().cloned());
        let of_row = of_row.iter().map(Test::in_the_page).collect::<Vec<_>>().join("<br>");
        let Row { number, fault, behaviour, .. } = row;
        writeln!(page, "| {number} | {fault} | {behaviour} | {of_row} | {adapters} | passes |")
            .expect("a string takes it");
    }
    let suite = all.iter().filter(|test| test.is_of_the_suite()).count();
    writeln!(
        page,
        "\n{} rows, {} tests; {suite} of them are the providers' suite and run {} times each.",
        TABLE.len(),
        all.len(),
        ADAPTERS.len()
    )
    .expect("a string takes it");
    page
}

#[test]
fn every_row_stands_in_the_table_once_and_has_a_test() {
    let numbers: Vec<u32> = TABLE.iter().map(|row| row.number).collect();
    // What is about checkpoints and stores of runs is not part of this library yet.
    let expected: Vec<u32> = (1..=86).filter(|number| !matches!(number, 70 | 75..=83 | 86)).collect();
    assert_eq!(numbers, expected);
    let tests = tests();
    for row in &TABLE {
        let of_row = tests.get(&row.number).unwrap_or_else(|| panic!("row {} has no test", row.number));
        let adapters: BTreeSet<&str> = of_row.iter().flat_map(Test::adapters).collect();
        assert!(!row.adapters || adapters.len() == ADAPTERS.len(), "row {}: {adapters:?} only", row.number);
        for text in [row.fault, row.behaviour] {
            assert!(!text.is_empty() && !text.contains(['|', '\n']), "row {}: {text}", row.number);
        }
    }
}

#[test]
fn every_adapter_passes_the_whole_suite() {
    let rows = fs::read_to_string(root().join("runlet/src/testing/conformance.rs")).expect("the suite");
    let written: BTreeSet<String> =
        tests().into_values().flatten().filter(Test::is_of_the_suite).map(|test| test.name).collect();
    for name in written {
        assert!(rows.contains(&format!("            {name}\n")), "`{name}` is in no provider's tests");
    }
    for (module, _) in ADAPTERS {
        let wire = fs::read_to_string(root().join(format!("tests/wire_rows/{module}.rs"))).expect("a wire format");
        assert!(wire.contains("runlet::testing::provider_conformance!(rows, "), "{module} does not run the suite");
    }
}

#[test]
fn the_page_is_what_the_table_says() {
    let path = root().join("docs/reliability.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("the page marks where the table begins");
    let (table, after) = rest.split_once(END).expect("the page marks where the table ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}\n{}\n{END}{after}", written())).expect("the page can be written");
        return;
    }
    let how =
        "docs/reliability.md is not what the tests say: UPDATE_DOCS=1 cargo test -p runlet-tests --test it contract";
    assert!(table == format!("\n{}\n", written()), "{how}");
}

#[test]
fn a_tests_name_tells_its_rows() {
    let check = |name: &str, expected: &[u32]| assert_eq!(numbers(name), expected.iter().copied().collect(), "{name}");
    check("row_08_an_event_of_16_bytes", &[8]);
    check("row_09_to_11_a_stream", &[9, 10, 11]);
    check("row_9_10_and_19_a_stream", &[9, 10, 19]);
    check("rows_23_and_36_malformed", &[23, 36]);
    check("row_16_fails_and_row_15_does_not", &[15, 16]);
    check("a_row_of_1", &[]);
    check("row_49_a_hook_throws_away", &[49]);
}

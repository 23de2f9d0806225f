//! What the macros emit, compared with files that people read.
//!
//! `tests/golden/NAME.in.rs` is an invocation, `NAME.out.rs` its expansion. `UPDATE_GOLDEN=1 cargo test -p runlet-macros`
//! writes the expansions anew; read the difference before you commit it.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::{deps, tool, toolset};

/// The generated code of a tool with two arguments, in lines: it has to stay readable at a glance.
const MAX_LINES: usize = 40;

/// Expands an invocation whose first token pair is the macro's attribute.
fn expand(invocation: &str) -> TokenStream {
    let tokens: TokenStream = invocation.parse().expect("the input is made of tokens");
    let mut tokens = tokens.into_iter().skip(1);
    let Some(TokenTree::Group(attribute)) = tokens.next() else { panic!("the input begins with an attribute") };
    let item: TokenStream = tokens.collect();
    let mut attribute = attribute.stream().into_iter();
    let name = attribute.next().map(|name| name.to_string());
    let arguments = match attribute.next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => group.stream(),
        _ => TokenStream::new(),
    };
    match name.as_deref() {
        Some("tool") => tool::tool(arguments, item),
        Some("toolset") => toolset::toolset(arguments, item),
        Some("derive") => deps::deps(item),
        other => panic!("no macro is called {other:?}"),
    }
}

fn golden_inputs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let entries = fs::read_dir(folder).expect("the folder of golden files is there");
    let mut inputs: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    inputs.retain(|path| path.to_string_lossy().ends_with(".in.rs"));
    inputs.sort();
    inputs
}

fn pretty(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).expect("the expansion is made of items"))
}

#[test]
fn expansions_equal_the_golden_files() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let inputs = golden_inputs();
    assert!(inputs.len() >= 15, "{} golden files", inputs.len());
    let mut different = Vec::new();
    for input in inputs {
        let expansion = pretty(expand(&fs::read_to_string(&input).expect("the input can be read")));
        let output = PathBuf::from(input.to_string_lossy().replace(".in.rs", ".out.rs"));
        if update {
            fs::write(&output, &expansion).expect("the output can be written");
        } else if fs::read_to_string(&output).ok().as_ref() != Some(&expansion) {
            different.push(format!("{}:\n{expansion}", output.display()));
        }
    }
    assert!(different.is_empty(), "run with UPDATE_GOLDEN=1 and read the difference:\n{}", different.join("\n"));
}

#[test]
fn the_expansion_of_a_small_tool_is_short() {
    let function = "async fn lookup(order_id: String, limit: u32) -> String { todo() }";
    let lines = pretty(expand(&format!("#[tool] {function}"))).lines().count() - 3;
    assert!(lines <= MAX_LINES, "{lines} lines");
}

/// The names of the prelude that a user may have given another meaning.
const PRELUDE: &[&str] = &[
    "Result", "Option", "Box", "Ok", "Err", "Some", "None", "String", "Vec", "Default", "Clone", "Copy", "Send",
    "Sync", "From", "Into", "Arc", "Iterator", "str", "concat", "vec", "format", "std", "core", "alloc",
];

#[test]
fn generated_code_is_rooted_in_the_crate_it_is_told() {
    for invocation in [
        "#[tool(crate = ::kit::runlet, timeout = \"1s\", title = \"t\", effect = read, retries = 1)] async fn f(a: &A, \
         #[arg(default = 1, min = 1, pattern = \"x\")] b: B) -> C {}",
        "#[toolset(crate = ::kit::runlet)] impl Files { #[tool] async fn f(&self, a: &A, b: B) -> C {} }",
        "#[tool(crate = ::kit::runlet)] async fn f<T>(a: T) {}",
        "#[toolset(crate = ::kit::runlet)] impl Files {}",
        "#[derive(Deps)] #[deps(crate = ::kit::runlet)] struct S { a: A, b: Arc<B> }",
    ] {
        let text = expand(invocation).to_string();
        assert!(!text.contains(":: runlet ::") || text.contains(":: kit :: runlet ::"), "{text}");
        assert_eq!(text.matches("runlet :: __private").count(), text.matches(":: kit :: runlet :: __private").count());
    }
}

#[test]
fn generated_code_takes_no_name_from_the_prelude() {
    for invocation in [
        "#[tool(timeout = \"1s\", title = \"t\", effect = read, retries = 1)] async fn f(a: &A, \
         #[arg(default = \"x\", example = 1, pattern = \"x\")] b: B) -> C {}",
        "#[toolset] impl Files { #[tool] async fn f(&self, a: &A, b: B) -> C {} }",
        "#[tool] async fn f<T>(a: T) {}",
        "#[derive(Deps)] struct S { a: A, b: P<B> }",
    ] {
        check_prelude(expand(invocation));
    }
}

/// Every name of the prelude stands behind `::`.
fn check_prelude(tokens: TokenStream) {
    let mut before = [String::new(), String::new()];
    for token in tokens {
        if let TokenTree::Ident(ident) = &token {
            let rooted = before == [":", ":"];
            let name = ident.to_string();
            assert!(rooted || !PRELUDE.contains(&name.as_str()), "`{name}` is taken from the prelude");
        }
        if let TokenTree::Group(group) = &token {
            check_prelude(group.stream());
        }
        let [_, last] = before;
        before = [last, token.to_string()];
    }
}

#[test]
fn a_body_is_not_read() {
    let text = expand("#[tool] async fn half(text: String) { let upper = text.to_upp upper + }").to_string();
    assert!(text.contains("{ let upper = text . to_upp upper + }"), "{text}");
    assert!(!text.contains("compile_error"), "{text}");
}

/// Inputs that do not compile, as they stand in an editor while somebody types.
#[test]
fn the_item_survives_every_error() {
    for (invocation, survivor) in [
        ("#[tool(tim)] async fn weather(/** d */ #[arg(mix = 1)] city: String) -> String { body }", "fn weather"),
        ("#[tool(timeout = )] async fn weather(city: String) {}", "fn weather"),
        ("#[tool(timeout = \"30\", effect = )] async fn weather(city: String) {}", "fn weather"),
        ("#[tool(= 3)] async fn weather(city: String) {}", "fn weather"),
        ("#[tool] fn weather(city: String) { body. }", "fn weather"),
        ("#[tool] async fn weather<T>(city: T, _: u8, &x: &u8) {}", "fn weather"),
        ("#[tool] async fn weather(/** d */ city: ) { city. }", "fn weather"),
        ("#[tool] async fn weather(city", ""),
        ("#[tool] async fn weather(#[arg(min = 1, )] /** d */ city) {}", "fn weather"),
        ("#[tool] pub async fn weather(city: String)", "fn weather"),
        ("#[tool] struct Weather { city: String }", "struct Weather"),
        ("#[toolset] impl Files { #[tool] async fn read(self, /** d */ path: String) {} }", "fn read"),
        ("#[toolset] impl Files { #[tool] async fn read(&self, /** d */ path: ) {} fn", "fn read"),
        ("#[toolset(pre)] impl Files { fn other(&self) {} }", "fn other"),
    ] {
        let Ok(_) = invocation.parse::<TokenStream>() else { continue };
        let text = expand(invocation).to_string();
        assert!(text.contains("compile_error"), "{invocation}: no error in {text}");
        assert!(text.contains(survivor), "{invocation}: the item is gone from {text}");
        assert!(!text.contains("arg ("), "{invocation}: `#[arg]` is left in {text}");
        assert!(!text.contains("doc = \" d \""), "{invocation}: the doc of a parameter is left in {text}");
    }
}

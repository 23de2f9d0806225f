//! What holds of the project as a whole, read off its files: the order of the modules, the lints, the dependencies, and
//! that its documents say nothing of files, tests and commands that are not there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The modules of the library in their order: each uses earlier ones only. `json` serves all.
const ORDER: [&str; 14] = [
    "error", "json", "message", "schema", "state", "context", "tool", "model", "budget", "event", "hook", "agent",
    "run", "runtime",
];

/// Modules beside the order, and what each may use. No module may use them.
const BESIDE: [(&str, &[&str]); 4] = [
    ("provider", &["error", "message", "schema", "tool", "model"]),
    ("testing", &ORDER),
    ("macros", &[]),
    ("__private", &ORDER),
];

/// The documents of the project.
const DOCUMENTS: [&str; 10] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/budget.md",
    "docs/performance.md",
    "docs/providers.md",
    "docs/reliability.md",
    "fuzz/README.md",
];

#[test]
fn modules_use_earlier_modules_only() {
    for (place, module) in ORDER.iter().enumerate() {
        check_uses(module, &ORDER[..place]);
    }
    for (module, allowed) in BESIDE {
        check_uses(module, allowed);
    }
}

#[test]
fn every_module_has_its_place() {
    let root = tokens(&read("runlet/src/lib.rs"));
    let declared: BTreeSet<String> = after(&root, "mod").into_iter().collect();
    let known = ORDER.into_iter().chain(BESIDE.map(|(module, _)| module)).map(str::to_owned).collect();
    assert_eq!(declared, known, "lib.rs declares other modules than this test knows");
}

#[test]
fn providers_know_tools_by_their_specs_only() {
    for file in sources_of("provider") {
        for path in crate_paths(&tokens(&read_path(&file))) {
            if path.first().is_some_and(|module| module == "tool") {
                assert_eq!(path.get(1).map(String::as_str), Some("ToolSpec"), "{}", file.display());
            }
        }
    }
}

#[test]
fn only_the_budget_seals_requests() {
    for file in library_sources() {
        let tokens = tokens(&read_path(&file));
        let calls = windows(&tokens, &|window| is(window, &["PreparedRequest", ":", ":", "seal"]));
        let expected = usize::from(file.ends_with("runlet/src/budget.rs"));
        assert_eq!(calls, expected, "{} seals requests", file.display());
        let definitions = windows(&tokens, &|window| is(window, &["fn", "seal"]));
        assert_eq!(definitions, usize::from(file.ends_with("runlet/src/model/prepared.rs")), "{}", file.display());
    }
}

#[test]
fn every_package_inherits_the_lints() {
    let members = members();
    assert!(members.len() >= 5, "{members:?}");
    for member in members {
        let manifest = read(&format!("{member}/Cargo.toml"));
        assert!(manifest.contains("\n[lints]\nworkspace = true\n"), "{member} does not inherit the workspace's lints");
    }
}

#[test]
fn the_libraries_do_not_panic() {
    let macros = ["panic", "todo", "unimplemented", "unreachable"];
    for file in library_sources() {
        // Two tools of one name in a literal list: this panic is a compile error. An assertion of a test is one too, and
        // the server of a test fails with it.
        let allowed = ["private.rs", "testing/snapshot.rs", "testing/loopback.rs"];
        if allowed.iter().any(|allowed| file.ends_with(Path::new("runlet/src").join(allowed))) {
            continue;
        }
        let tokens = tokens(&read_path(&file));
        for method in ["unwrap", "expect"] {
            assert_eq!(windows(&tokens, &|window| is(window, &[".", method])), 0, "{}: {method}", file.display());
        }
        for name in macros {
            assert_eq!(windows(&tokens, &|window| is(window, &[name, "!"])), 0, "{}: {name}!", file.display());
        }
    }
}

#[test]
fn the_core_is_small_and_has_no_http_client() {
    let arguments = "tree --offline --edges normal --prefix none --format {p} --manifest-path";
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(arguments.split(' '))
        .arg(root().join("runlet/Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("UTF-8");
    let crates: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(crates.len() <= 40, "{} crates: {crates:?}", crates.len());
    for client in ["hyper", "reqwest", "rustls", "ureq", "isahc", "curl"] {
        assert!(!crates.contains(client), "{client} is among the dependencies of the library without features");
    }
}

#[test]
fn no_feature_is_on_by_default() {
    let manifest = read("runlet/Cargo.toml");
    assert!(manifest.contains("\n[features]\ndefault = []\n"), "{manifest}");
}

#[test]
fn the_documents_name_files_that_exist() {
    for document in DOCUMENTS {
        let text = read(document);
        for name in code_spans(&text).into_iter().filter(|span| is_path(span)) {
            let found =
                ["", "runlet/src/", "runlet-macros/src/"].iter().any(|base| root().join(base).join(name).exists());
            assert!(found, "{document} names `{name}`, which does not exist");
        }
        for link in links(&text) {
            let found = root().join(document).with_file_name(link).exists();
            assert!(found, "{document} links to `{link}`, which does not exist");
        }
    }
}

#[test]
fn the_documents_name_tests_that_exist() {
    let folders = ["tests", "runlet", "runlet-macros/src", "ui-tests"];
    let files: Vec<String> =
        folders.iter().flat_map(|folder| rust_files(&root().join(folder))).map(|file| read_path(&file)).collect();
    for document in DOCUMENTS {
        let text = read(document);
        for name in code_spans(&text).into_iter().filter_map(test_name) {
            let declaration = format!("fn {name}(");
            assert!(files.iter().any(|file| file.contains(&declaration)), "{document} names no test: `{name}`");
        }
    }
}

#[test]
fn the_readme_shows_a_message_of_the_compiler() {
    let readme = read("README.md");
    let message = blocks(&readme, "text").into_iter().find(|block| block.starts_with("error")).expect("a message");
    let shown = rust_files(&root().join("ui-tests/fail")).iter().any(|case| {
        fs::read_to_string(case.with_extension("stderr")).is_ok_and(|stderr| stderr.trim() == message.trim())
    });
    assert!(shown, "no case of ui-tests/fail has this message:\n{message}");
}

#[test]
fn ci_runs_the_commands_of_the_readme() {
    let (readme, ci) = (read("README.md"), read(".ci/run"));
    let commands: Vec<&str> = blocks(&readme, "sh").into_iter().flat_map(str::lines).collect();
    assert!(commands.contains(&"cargo run --example support") && commands.contains(&"cargo test --workspace"));
    for command in commands {
        assert!(ci.lines().any(|line| line.trim_end().ends_with(command)), ".ci/run does not run `{command}`");
    }
}

/// Checks that the files of a module name no other modules of the library than these and itself.
fn check_uses(module: &str, allowed: &[&str]) {
    let exports_macros = matches!(module, "__private" | "testing");
    for file in sources_of(module) {
        for path in crate_paths(&tokens(&read_path(&file))) {
            let used = path.first().map_or("crate", String::as_str);
            let fine = used == module || allowed.contains(&used) || (exports_macros && used.starts_with("__"));
            assert!(fine, "{} uses `crate::{used}`, which `{module}` may not", file.display());
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    read_path(&root().join(path))
}

fn read_path(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The packages of the workspace, as its manifest lists them.
fn members() -> Vec<String> {
    let manifest = read("Cargo.toml");
    let list = manifest.lines().find_map(|line| line.strip_prefix("members = [")).expect("a list of members");
    let names = list.trim_end_matches(']').split(',');
    names.map(|name| name.trim().trim_matches('"').to_owned()).filter(|name| !name.is_empty()).collect()
}

/// The files of both libraries, tests left out.
fn library_sources() -> Vec<PathBuf> {
    let folders = ["runlet/src", "runlet-macros/src"];
    folders.iter().flat_map(|folder| rust_files(&root().join(folder))).filter(|file| !is_test(file)).collect()
}

/// Whether a file is of tests: `tests.rs`, or one in a folder `tests`.
fn is_test(file: &Path) -> bool {
    file.ends_with("tests.rs") || file.parent().is_some_and(|folder| folder.ends_with("tests"))
}

/// The files of one module of the library, tests left out.
fn sources_of(module: &str) -> Vec<PathBuf> {
    let name = module.trim_start_matches('_');
    let folder = root().join("runlet/src");
    let mut files = vec![folder.join(format!("{name}.rs"))];
    files.extend(rust_files(&folder.join(name)));
    files.retain(|file| !is_test(file));
    files
}

/// The Rust files below a folder, in order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The tokens of a file but for its tests: comments are none, documentation is text.
fn tokens(source: &str) -> Vec<TokenTree> {
    let stream: TokenStream = source.parse().expect("Rust");
    without_tests(stream)
}

/// Leaves out every item that stands after `#[cfg(test)]`.
fn without_tests(stream: TokenStream) -> Vec<TokenTree> {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut rest = stream.into_iter();
    while let Some(token) = rest.next() {
        let TokenTree::Group(group) = &token else {
            kept.push(token);
            continue;
        };
        if group.delimiter() == Delimiter::Bracket && group.stream().to_string().replace(' ', "") == "cfg(test)" {
            kept.pop();
            let ends = |token: &TokenTree| match token {
                TokenTree::Punct(punct) => punct.as_char() == ';',
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                _ => false,
            };
            let _item = rest.by_ref().find(|token| ends(token));
            continue;
        }
        let inner: TokenStream = without_tests(group.stream()).into_iter().collect();
        kept.push(TokenTree::Group(Group::new(group.delimiter(), inner)));
    }
    kept
}

/// Every `crate::a::b` as `[a, b]`; `$crate` is the path of generated code and left out.
fn crate_paths(tokens: &[TokenTree]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut before = String::new();
    for (place, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            paths.extend(crate_paths(&inner));
        }
        let text = token.to_string();
        // `pub(crate)` is no path.
        if text == "crate" && before != "$" && is(&tokens[place..], &["crate", ":", ":"]) {
            let segments = tokens[place + 1..].chunks(3);
            let segments = segments.map_while(|segment| match segment {
                [TokenTree::Punct(_), TokenTree::Punct(_), TokenTree::Ident(name)] => Some(name.to_string()),
                _ => None,
            });
            let mut path: Vec<String> = segments.collect();
            match (path.is_empty(), tokens.get(place + 3)) {
                // `use crate::{a::b, c}`: each first name.
                (true, Some(TokenTree::Group(group))) => {
                    let mut first = true;
                    for token in group.stream() {
                        match &token {
                            TokenTree::Ident(name) if first => paths.push(vec![name.to_string()]),
                            _ => {}
                        }
                        first = token.to_string() == ",";
                    }
                }
                _ => paths.push(std::mem::take(&mut path)),
            }
        }
        before = text;
    }
    paths
}

/// The names that follow a keyword at the top level of a file.
fn after(tokens: &[TokenTree], keyword: &str) -> Vec<String> {
    let pairs = tokens.windows(2).filter(|pair| pair[0].to_string() == keyword);
    pairs.map(|pair| pair[1].to_string()).collect()
}

/// How many places in the tokens, at any depth, `matches` likes.
fn windows(tokens: &[TokenTree], matches: &dyn Fn(&[TokenTree]) -> bool) -> usize {
    let here = (0..tokens.len()).filter(|place| matches(&tokens[*place..])).count();
    let inner = tokens.iter().map(|token| match token {
        TokenTree::Group(group) => windows(&group.stream().into_iter().collect::<Vec<_>>(), matches),
        _ => 0,
    });
    here + inner.sum::<usize>()
}

/// Whether the tokens begin with these.
fn is(tokens: &[TokenTree], expected: &[&str]) -> bool {
    tokens.len() >= expected.len() && tokens.iter().zip(expected).all(|(token, text)| token.to_string() == *text)
}

/// The code blocks of a language in a document.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let mut pieces = document.split("```");
    let mut blocks = Vec::new();
    while let (Some(_), Some(block)) = (pieces.next(), pieces.next()) {
        match block.split_once('\n') {
            Some((first, rest)) if first == language => blocks.push(rest),
            _ => {}
        }
    }
    blocks
}

/// What stands between single backticks in a document, code blocks left out.
fn code_spans(document: &str) -> Vec<&str> {
    let prose = document.split("```").step_by(2);
    prose.flat_map(|text| text.split('`').skip(1).step_by(2)).collect()
}

/// Where the links of a document go, addresses left out.
fn links(document: &str) -> Vec<&str> {
    let targets = document.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    local.map(|target| target.split('#').next().unwrap_or(target)).collect()
}

/// Whether a piece of code in a document is the path of a file: it has a slash or the ending of a file.
fn is_path(code: &str) -> bool {
    let plain = code.chars().all(|character| character.is_ascii_alphanumeric() || "._-/".contains(character));
    let ending = [".rs", ".md", ".toml", ".yml", ".stderr"].iter().any(|ending| code.ends_with(ending));
    // `.rs` alone is an ending, `/v1` an address.
    let whole = !code.starts_with('/') && (!code.starts_with('.') || code.contains('/'));
    plain && whole && (ending || code.contains('/'))
}

/// The name of a test in a piece of code: `module::a_sentence_like_this`.
fn test_name(code: &str) -> Option<&str> {
    let plain = code.chars().all(|character| matches!(character, 'a'..='z' | '0'..='9' | '_' | ':'));
    let (_, name) = code.rsplit_once("::")?;
    (plain && name.matches('_').count() >= 2).then_some(name)
}

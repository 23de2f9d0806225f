//! What the compiler says to people who use the macros.
//!
//! `fail/*.rs` must not compile, with the messages in the `.stderr` file beside each; `pass/*.rs` must compile and run.
//! A name that begins with `t` and a number covers the trap of that number in the list of known traps of attribute macros
//! on functions. `TRYBUILD=overwrite cargo test -p runlet-ui-tests` writes the messages anew; read the difference.
//!
//! The messages are those of the toolchain in `rust-toolchain.toml` *without* the component `rust-src`: with it, the
//! compiler shows lines of the standard library in some of them.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn messages() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    for folder in FAILING {
        cases.compile_fail(format!("{folder}/*.rs"));
    }
}

/// The folders of cases that must not compile.
const FAILING: &[&str] = &["fail", "fail/agent"];

/// One mistake, one message. A case that needs more says so in its first comment: `// errors: 3. Because ..`.
#[test]
fn a_mistake_is_one_error() {
    let mut count = 0;
    for case in cases() {
        let source = fs::read_to_string(&case).expect("the case can be read");
        let messages = fs::read_to_string(case.with_extension("stderr")).expect("the case has its messages");
        let errors = messages.lines().filter(|line| line.starts_with("error:") || line.starts_with("error[")).count();
        let expected = source.lines().find_map(|line| line.strip_prefix("// errors: "));
        let expected = expected.and_then(|text| text.split('.').next()?.parse().ok()).unwrap_or(1);
        assert_eq!(errors, expected, "{}:\n{messages}", case.display());
        count += 1;
    }
    assert!(count >= 80, "{count} failing cases");
}

/// An error that points at the attribute says nothing of the place; a few are about all of the item.
#[test]
fn errors_point_at_the_mistake() {
    for case in cases() {
        let messages = fs::read_to_string(case.with_extension("stderr")).expect("the case has its messages");
        assert!(!messages.contains("proc macro panicked") && !messages.contains("attribute panicked"), "{messages}");
        // The compiler itself names the macro an error comes through.
        let mut lines = messages.lines().filter(|line| !line.contains("this error originates in"));
        assert!(!lines.any(|line| line.contains("__runlet")), "a generated name is shown to people:\n{messages}");
    }
}

/// The list of known traps has 48; the names of files say which they cover, and two are covered elsewhere.
#[test]
fn every_trap_is_covered() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["fail", "pass"].map(|folder| fs::read_dir(root.join(folder)).expect("the folder is there"));
    let mut numbers: Vec<u8> = folders.into_iter().flatten().filter_map(|entry| number(&entry.ok()?.path())).collect();
    // The version of the macros is tested below, the editions in `editions.rs`.
    numbers.extend([43, 44]);
    for trap in 1..=48 {
        assert!(numbers.contains(&trap), "no case covers trap {trap}");
    }
}

fn number(path: &Path) -> Option<u8> {
    path.file_name()?.to_str()?.strip_prefix('t')?.split('_').next()?.parse().ok()
}

/// Trap 43: generated code fits the library it was made for, and no other.
#[test]
fn the_macros_and_the_library_have_one_version() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let manifest = fs::read_to_string(manifest).expect("the workspace has a manifest");
    let version =
        |line: &str| line.split("version = \"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
    let workspace = manifest.lines().find(|line| line.starts_with("version = ")).and_then(version);
    let macros = manifest.lines().find(|line| line.starts_with("runlet-macros = ")).and_then(version);
    assert_eq!(macros, workspace.map(|version| format!("={version}")));
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = FAILING.iter().flat_map(|folder| fs::read_dir(root.join(folder)).expect("the folder is there"));
    let mut cases: Vec<PathBuf> = files.filter_map(|entry| Some(entry.ok()?.path())).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    cases.sort();
    cases
}

//! The committed corpus of the fuzz targets, through the functions that the targets call.

use std::path::Path;

use runlet::error::ProviderErrorCategory;

#[path = "../fuzz/src/lib.rs"]
#[expect(
    unreachable_pub,
    clippy::too_many_arguments,
    reason = "it is a library elsewhere, with a tool of many arguments"
)]
pub(crate) mod targets;

/// Runs every seed of a target; one that fails is named.
fn check(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let seeds: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!seeds.is_empty(), "{target} has no corpus");
    for seed in seeds {
        let data = std::fs::read(&seed).unwrap();
        let outcome = std::panic::catch_unwind(|| run(&data));
        assert!(outcome.is_ok(), "{}", seed.display());
    }
}

#[test]
fn arguments_of_tools_are_read_or_answered() {
    check("arguments", targets::arguments::run);
}

#[test]
fn schemas_are_lowered_to_every_dialect() {
    check("lowering", targets::lowering::run);
}

#[test]
fn requests_are_built_again_as_they_were() {
    check("request", targets::request::run);
}

#[test]
fn streams_give_an_answer_or_an_error_however_they_are_split() {
    check("stream", targets::stream::run);
}

#[track_caller]
fn check_tail(tail: &str, expected: Result<Option<u64>, ProviderErrorCategory>) {
    let stopped = r#"{"id":"x","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#;
    let body = format!("data: {stopped}\n\n{tail}");
    let told = targets::api::Api::Chat.stream(vec![body.into_bytes()], false);
    let found = match told.result {
        Ok(response) => Ok(response.usage.input_tokens),
        Err(error) => Err(error.provider().unwrap().category),
    };
    assert_eq!(found, expected, "{tail}");
}

#[test]
fn row_09_what_comes_after_the_reason_for_stopping_must_be_whole() {
    let usage = r#"data: {"id":"x","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":1}}"#;
    check_tail("", Ok(None));
    check_tail(": ping\n\n", Ok(None));
    check_tail("data: [DONE]", Ok(None));
    check_tail(usage, Err(ProviderErrorCategory::Truncated));
    check_tail(&format!("{usage}\n\ndata: [DONE]\n"), Ok(Some(7)));
    check_tail(&usage[..usage.len() - 1], Err(ProviderErrorCategory::Truncated));
    check_tail("da", Err(ProviderErrorCategory::Truncated));
}

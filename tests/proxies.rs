//! Proxies that the environment names. The environment of a process is fixed, so a test asks in a process of its own.

use std::process::Command;

use runlet::model::{Model, ModelRequest};
use runlet::provider::{OpenAiResponses, RetryPolicy};

use crate::wire::loopback::{Loopback, Reply};

/// The variables that tell the other process where to ask, and whether to pass proxies by.
const ADDRESS: &str = "RUNLET_TEST_ADDRESS";
const DIRECT: &str = "RUNLET_TEST_DIRECT";

/// Asks at an address in a process whose environment names a proxy: whether the proxy was asked.
async fn is_asked_of_the_proxy(address: &str, direct: bool) -> bool {
    let proxy = Loopback::start().await;
    proxy.reply(Reply::new(500, "application/json", "{}"));
    let mut process = Command::new(std::env::current_exe().expect("this program"));
    process.args(["proxies::asks_once", "--exact", "--ignored"]).env(ADDRESS, address);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        process.env(name, proxy.url(""));
    }
    process.env_remove("NO_PROXY").env_remove("no_proxy");
    if direct {
        process.env(DIRECT, "1");
    }
    let output = tokio::task::spawn_blocking(move || process.output()).await.expect("it ends").expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    proxy.received().is_some()
}

#[tokio::test]
#[ignore = "the other process of `row_22_proxies_of_the_environment_are_used_but_for_this_machine_and_where_told_not_to`"]
async fn asks_once() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let model = OpenAiResponses::new("gpt-5.5").api_key("k").base_url(address).allow_insecure_http();
    let model = if std::env::var_os(DIRECT).is_some() { model.no_proxy() } else { model };
    let model = model.retry(RetryPolicy::never());
    model.complete(ModelRequest::new("Hi").unbudgeted()).await.expect_err("nobody answers there");
}

#[tokio::test]
async fn row_22_proxies_of_the_environment_are_used_but_for_this_machine_and_where_told_not_to() {
    // RFC 6761: names below `.invalid` are never resolved.
    assert!(is_asked_of_the_proxy("http://llm.invalid/v1", false).await);
    assert!(!is_asked_of_the_proxy("http://llm.invalid/v1", true).await);
    // Nothing listens on port 1.
    assert!(!is_asked_of_the_proxy("http://127.0.0.1:1/v1", false).await);
}

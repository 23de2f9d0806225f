//! A run with tools against a server of others, through every adapter, whole and streamed.
//!
//! `tests/live/run` starts the server and names it in `RUNLET_LIVE_URL`; without one, the tests say so and pass.

use std::sync::atomic::{AtomicUsize, Ordering};

use runlet::message::UsageSource;
use runlet::model::StopReason;
use runlet::provider::{Anthropic, Gemini, OpenAiChat, OpenAiResponses};
use runlet::run::RunStatus;
use runlet::{Agent, Deps, Model, RunReport, Runtime, tool};

#[derive(Default, Deps)]
struct Shop {
    lookups: Lookups,
}

#[derive(Default)]
struct Lookups(AtomicUsize);

/// Looks up an order.
#[tool(effect = read)]
async fn lookup(lookups: &Lookups, order_id: String) -> String {
    lookups.0.fetch_add(1, Ordering::Relaxed);
    format!("order {order_id} is on its way")
}

/// The server's address, where there is one.
fn server() -> Option<String> {
    let url = std::env::var("RUNLET_LIVE_URL").ok();
    if url.is_none() {
        println!("skipped: RUNLET_LIVE_URL names no server; tests/live/run starts one");
    }
    url
}

async fn check(model: impl Model) {
    let agent: Agent<Shop> = Agent::builder("support").model(model).tool(lookup {}).build().unwrap();
    for streamed in [false, true] {
        let shop = std::sync::Arc::new(Shop::default());
        let runtime = Runtime::new();
        let input = "Where are my orders 123 and 124?";
        let result = if streamed {
            runtime.stream(&agent, &shop, input).finish().await
        } else {
            runtime.run(&agent, &shop, input).await
        };
        let result = result.unwrap_or_else(|error| panic!("streamed {streamed}: {error}"));
        assert_eq!(result.output, "Both are on their way. 🚚");
        assert_eq!(shop.lookups.0.load(Ordering::Relaxed), 2, "each call runs once");
        check_report(&result.report);
    }
}

fn check_report(report: &RunReport) {
    assert_eq!((report.status, report.steps), (RunStatus::Completed, 2));
    assert_eq!(report.stop_reason, Some(StopReason::EndTurn));
    assert_eq!(report.usage.source, UsageSource::Reported);
    let results: Vec<String> =
        report.messages.iter().flat_map(|message| message.tool_results()).map(runlet::ToolResult::as_text).collect();
    assert_eq!(results, ["order 123 is on its way", "order 124 is on its way"]);
    assert!(report.messages[1].text().starts_with("Looking."));
}

#[tokio::test]
async fn a_run_over_the_responses_api() {
    let Some(url) = server() else { return };
    check(OpenAiResponses::new("gpt-5.5").api_key("test").base_url(format!("{url}/v1"))).await;
}

#[tokio::test]
async fn a_run_over_chat_completions() {
    let Some(url) = server() else { return };
    let model = OpenAiChat::new("gpt-5.5").api_key("test").base_url(format!("{url}/v1"));
    check(model.context_window(128_000)).await;
}

#[tokio::test]
async fn a_run_over_anthropics_api() {
    let Some(url) = server() else { return };
    check(Anthropic::new("claude-sonnet-4-5").api_key("test").base_url(url)).await;
}

#[tokio::test]
async fn a_run_over_geminis_api() {
    let Some(url) = server() else { return };
    check(Gemini::new("gemini-2.5-flash").api_key("test").base_url(url)).await;
}

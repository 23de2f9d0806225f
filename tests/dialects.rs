//! The budget at each provider: what its models add, who can count, and whether what compression leaves can be sent.

use proptest::prelude::*;
use runlet::budget::{ContextPolicy, Share};
use runlet::message::{Media, SharedMessage};
use runlet::model::{AnyModel, BillPart, Capabilities, Model, ModelRequest, PartKind};
use runlet::provider::{Anthropic, Gemini, OpenAiChat, OpenAiResponses, RetryPolicy};
use runlet::testing::ScriptedModel;
use runlet::{Agent, Message, Part, Role, Runtime};
use serde_json::{Value, json};

use crate::compress::{builder, history, policy};
use crate::kit::Stub;
use crate::wire::loopback::{Loopback, Reply};

/// The adapters, with one model each.
fn adapters(server: &Loopback) -> [(&'static str, AnyModel); 4] {
    let (url, key, never) = (server.url("/v1"), "sk-canary-4711", RetryPolicy::never());
    [
        ("openai", AnyModel::new(OpenAiResponses::new("gpt-5.5").api_key(key).base_url(&url).retry(never.clone()))),
        ("openai_chat", AnyModel::new(OpenAiChat::new("gpt-5.5").api_key(key).base_url(&url).retry(never.clone()))),
        (
            "anthropic",
            AnyModel::new(Anthropic::new("claude-opus-4-8").api_key(key).base_url(&url).retry(never.clone())),
        ),
        ("gemini", AnyModel::new(Gemini::new("gemini-3-pro").api_key(key).base_url(&url).retry(never))),
    ]
}

/// An agent with a tool, which is asked about a picture whose size is unknown.
fn pictured() -> (Agent, Message) {
    let model = ScriptedModel::new().capabilities(Capabilities::new().context_window(100_000).with_tools());
    let policy = ContextPolicy::new().max_context_tokens(90_000).max_share(Share::Attachments, 0.5);
    let agent = Agent::builder("tester").model(model).instructions("Help.").tool(Stub::echo("t")).context(policy);
    let picture = Part::Media(Media::image_url("https://example.com/a.png"));
    (agent.build().unwrap(), Message::new(Role::User, vec![Part::text("What is this?"), picture]))
}

#[tokio::test]
async fn a_request_is_explained_with_the_figures_of_each_provider() {
    let server = Loopback::start().await;
    let (agent, question) = pictured();
    let mut seen = Vec::new();
    for (provider, model) in adapters(&server) {
        assert_eq!(model.provider(), provider);
        let bill = agent.explain_for(&model, vec![question.clone()]).unwrap();
        assert_eq!(bill.limit(), 90_000, "{provider}");
        let line = |wanted: fn(&BillPart) -> bool| bill.items().find(|item| wanted(&item.part)).unwrap().tokens.upper;
        let image = line(|part| matches!(part, BillPart::MessagePart { kind: PartKind::Image, .. }));
        assert_eq!(bill.shares()[0].tokens, image, "{provider}");
        seen.push((provider, line(|part| *part == BillPart::Overhead), image));
    }
    let expected =
        [("openai", 32, 12_000), ("openai_chat", 32, 12_000), ("anthropic", 766, 4_784), ("gemini", 16, 2_240)];
    assert_eq!(seen, expected);
    assert!(server.received().is_none(), "nothing is sent");
}

#[tokio::test]
async fn over_the_older_api_only_openais_models_count_as_openai_says() {
    let (agent, question) = pictured();
    let image = |model: &str| {
        let bill = agent.explain_for(&OpenAiChat::new(model), vec![question.clone()]).unwrap();
        bill.shares()[0].tokens
    };
    assert_eq!((image("gpt-4o"), image("gpt-9"), image("llama-4")), (1_445, 12_000, 4_784));
}

#[tokio::test]
async fn who_can_count_is_asked_at_its_own_address() {
    let server = Loopback::start().await;
    let answers = [
        Some((r#"{"object":"response.input_tokens","input_tokens":17}"#, "/responses/input_tokens ")),
        None,
        Some((r#"{"input_tokens":17}"#, "/messages/count_tokens ")),
        Some((r#"{"totalTokens":17}"#, "/models/gemini-3-pro:countTokens ")),
    ];
    for ((provider, model), answer) in adapters(&server).into_iter().zip(answers) {
        let request = ModelRequest::new("Hi").instructions("Help.");
        let Some((body, address)) = answer else {
            assert_eq!(model.count_tokens(&request).await.unwrap(), None, "{provider}");
            assert!(server.received().is_none(), "{provider}");
            continue;
        };
        server.reply(Reply::new(200, "application/json", body));
        assert_eq!(model.count_tokens(&request).await.unwrap(), Some(17), "{provider}");
        let head = server.received().unwrap().head;
        assert!(head.starts_with("POST ") && head.contains(address), "{head}");
        server.reply(Reply::new(200, "application/json", "{}"));
        assert!(model.count_tokens(&request).await.is_err(), "{provider}: no count is an error, and never 0");
        server.received().unwrap();
    }
}

/// The calls and the results of what was sent, in order, each by the id or, where the API has none, the name.
fn calls_and_results(provider: &str, body: &Value) -> Vec<(&'static str, String)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    match provider {
        "openai" => {
            for item in list(&body["input"]) {
                match item["type"].as_str() {
                    Some("function_call") => found.push(("call", text(&item["call_id"]))),
                    Some("function_call_output") => found.push(("result", text(&item["call_id"]))),
                    _ => {}
                }
            }
        }
        "openai_chat" => {
            for message in list(&body["messages"]) {
                found.extend(list(&message["tool_calls"]).iter().map(|call| ("call", text(&call["id"]))));
                if message["role"] == "tool" {
                    found.push(("result", text(&message["tool_call_id"])));
                }
            }
        }
        "anthropic" => {
            for part in list(&body["messages"]).iter().flat_map(|message| list(&message["content"])) {
                match part["type"].as_str() {
                    Some("tool_use") => found.push(("call", text(&part["id"]))),
                    Some("tool_result") => found.push(("result", text(&part["tool_use_id"]))),
                    _ => {}
                }
            }
        }
        _ => {
            for part in list(&body["contents"]).iter().flat_map(|content| list(&content["parts"])) {
                if part["functionCall"].is_object() {
                    found.push(("call", text(&part["functionCall"]["name"])));
                } else if part["functionResponse"].is_object() {
                    found.push(("result", text(&part["functionResponse"]["name"])));
                }
            }
        }
    }
    found
}

/// Whether a message is the old one, though perhaps without its reasoning.
fn same(old: &Message, new: &Message) -> bool {
    let calls = |message: &Message| message.tool_calls().map(|call| call.id.clone()).collect::<Vec<_>>();
    (old.role, old.text(), calls(old)) == (new.role, new.text(), calls(new))
}

/// The roles of the messages that were sent, where the API's rules speak of them.
fn roles(provider: &str, body: &Value) -> Vec<String> {
    let name = match provider {
        "openai" => "input",
        "gemini" => "contents",
        _ => "messages",
    };
    let messages = body[name].as_array().cloned().unwrap_or_default();
    let roles = messages.iter().filter_map(|message| message["role"].as_str().map(str::to_owned));
    roles.filter(|role| !["system", "developer"].contains(&role.as_str())).collect()
}

/// Sends a conversation through an adapter and holds what arrives against the provider's rules.
async fn assert_sent_whole(server: &Loopback, provider: &str, model: &AnyModel, messages: &[SharedMessage]) {
    server.reply(Reply::new(200, "application/json", "{}"));
    let request = ModelRequest::from_messages(messages.iter().map(|message| Message::clone(message)));
    let spec = runlet::tool::ToolSpec::new("t", "says", runlet::schema::Schema::of::<u8>());
    let answer = model.complete(request.tool(spec).unbudgeted()).await;
    let Some(sent) = server.received() else { panic!("{provider} cannot say it: {answer:?}") };
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    let roles = roles(provider, &body);
    assert_eq!(roles.first().map(String::as_str), Some("user"), "{provider}: {body}");
    // After a turn's calls come their results, all of them, before anything else is called.
    let found = calls_and_results(provider, &body);
    let expected: Vec<(&str, String)> = messages
        .iter()
        .flat_map(|message| {
            let by_id = provider != "gemini";
            let calls =
                message.tool_calls().map(move |call| ("call", if by_id { &call.id } else { &call.name }.clone()));
            let results = message.tool_results();
            let results = results.map(move |one| ("result", if by_id { &one.call_id } else { &one.name }.clone()));
            calls.chain(results).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(found, expected, "{provider}: {body}");
    let empty = [json!([]), json!(""), Value::Null];
    let of = body["messages"].as_array().or(body["contents"].as_array()).cloned().unwrap_or_default();
    let is_empty = |message: &&Value| {
        let content = message.get("content").or(message.get("parts")).unwrap_or(&Value::Null);
        empty.contains(content) && message.get("tool_calls").is_none()
    };
    assert_eq!(of.iter().find(is_empty), None, "{provider}: no message is empty");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn what_compression_leaves_of_any_history_every_provider_takes(
        before in history(),
        limit in 300..6_000_u64,
        order in prop::sample::subsequence(vec![0_u8, 1, 2, 3, 4], 0..=5).prop_shuffle(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let model = ScriptedModel::new().text("done");
            let agent = builder(&model, limit, policy(&order, None)).build().unwrap();
            if Runtime::new().run(&agent, (), before.clone()).await.is_err() {
                return;
            }
            let sent = model.requests().pop().unwrap().messages;
            // Gemini turns down calls that come right after an answer: compression puts no two answers side by side.
            for pair in sent.windows(2).filter(|pair| pair.iter().all(|message| message.role == Role::Assistant)) {
                assert!(before.windows(2).any(|old| same(&old[0], &pair[0]) && same(&old[1], &pair[1])));
            }
            let server = Loopback::start().await;
            for (provider, model) in adapters(&server) {
                assert_sent_whole(&server, provider, &model, &sent).await;
            }
        });
    }
}

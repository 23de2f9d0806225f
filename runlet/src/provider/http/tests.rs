use serde_json::json;

use super::*;

fn check_url(url: &str, allow_insecure: bool, expected: Result<&str, &str>) {
    match (base_url("test", url, allow_insecure), expected) {
        (Ok(url), Ok(expected)) => assert_eq!(endpoint(&url, "responses").as_str(), expected),
        (Err(error), Err(words)) => {
            assert_eq!(error.category, Category::Config);
            assert!(error.message.contains(words), "{url}: {error}");
            assert!(!error.to_string().contains("canary"), "{error}");
        }
        (url, expected) => panic!("{url:?} is not {expected:?}"),
    }
}

#[test]
fn a_base_url_is_https_or_this_machine() {
    check_url("https://api.openai.com/v1", false, Ok("https://api.openai.com/v1/responses"));
    check_url("https://api.openai.com/v1/", false, Ok("https://api.openai.com/v1/responses"));
    check_url("https://example.com", false, Ok("https://example.com/responses"));
    check_url("http://localhost:11434/v1", false, Ok("http://localhost:11434/v1/responses"));
    check_url("http://127.0.0.1:1/v1", false, Ok("http://127.0.0.1:1/v1/responses"));
    check_url("http://[::1]:1/v1", false, Ok("http://[::1]:1/v1/responses"));
    check_url("http://canary.example/v1", true, Ok("http://canary.example/v1/responses"));
    check_url("http://canary.example/v1", false, Err("https"));
    check_url("http://localhost.canary.example/v1", false, Err("https"));
    check_url("file:///canary", false, Err("https"));
    check_url("canary", false, Err("cannot be read"));
    check_url("https://canary@example.com", false, Err("user name"));
    check_url("https://u:canary@example.com", true, Err("user name"));
    check_url("https://example.com/?key=canary", false, Err("query"));
    check_url("https://example.com/#canary", false, Err("fragment"));
}

fn check_object(status: Option<u16>, body: &str, category: Category, code: Option<&str>, message: &str) {
    let error = ErrorObject::in_body(body.as_bytes()).expect("an error object").into_error("test", status);
    assert_eq!((error.category, error.code.as_deref(), error.message.as_str()), (category, code, message), "{body}");
}

#[test]
fn error_objects_are_read_in_all_their_shapes() {
    let openai = r#"{"error":{"message":"m","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#;
    check_object(Some(400), openai, Category::NotFound, Some("model_not_found"), "m");
    let uncoded = r#"{"error":{"message":"m","type":"invalid_request_error","code":null}}"#;
    check_object(Some(401), uncoded, Category::Authentication, Some("invalid_request_error"), "m");
    check_object(None, uncoded, Category::InvalidRequest, Some("invalid_request_error"), "m");
    let anthropic = r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#;
    check_object(None, anthropic, Category::Overloaded, Some("overloaded_error"), "m");
    let gemini = r#"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]"#;
    check_object(Some(429), gemini, Category::RateLimited, Some("RESOURCE_EXHAUSTED"), "m");
    check_object(None, gemini, Category::RateLimited, Some("RESOURCE_EXHAUSTED"), "m");
    let openrouter = r#"{"error":{"code":502,"message":"m"}}"#;
    check_object(None, openrouter, Category::Server, Some("502"), "m");
    let xai = r#"{"code":"invalid-argument","error":"m"}"#;
    check_object(Some(400), xai, Category::InvalidRequest, Some("invalid-argument"), "m");
    check_object(Some(401), r#"{"detail":"m"}"#, Category::Authentication, None, "m");
    check_object(Some(418), r#"{"message":"m"}"#, Category::InvalidRequest, None, "m");
    check_object(None, r#"{"error":{}}"#, Category::Other, None, "");
    for other in ["", "<html>", "[]", "7", "{}", r#"{"error":null}"#] {
        assert_eq!(ErrorObject::in_body(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn a_spent_quota_is_told_from_a_rate_limit() {
    for code in ["insufficient_quota", "billing_hard_limit_reached", "enforced_spend_limit_reached"] {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
        check_object(Some(429), &body, Category::QuotaExceeded, Some(code), "m");
        assert!(!Category::QuotaExceeded.is_retryable());
    }
}

fn check_detail(status: u16, error: &Value, category: Category, code: &str, wait: Option<u64>) {
    let body = json!({ "error": error }).to_string();
    let read = ErrorObject::in_body(body.as_bytes()).expect("an error object").into_error("test", Some(status));
    let expected = (category, Some(code), wait.map(Duration::from_secs));
    assert_eq!((read.category, read.code.as_deref(), read.retry_after), expected, "{body}");
}

#[test]
fn the_details_of_an_error_say_more_than_its_status() {
    let gemini = |code: u16, status: &str, details: Value| json!({ "code": code, "message": "m", "status": status, "details": details });
    let info = |reason: &str| {
        json!([
            { "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com" },
            { "@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": "m" },
        ])
    };
    let bad_key = gemini(400, "INVALID_ARGUMENT", info("API_KEY_INVALID"));
    check_detail(400, &bad_key, Category::Authentication, "INVALID_ARGUMENT", None);
    let blocked = gemini(403, "PERMISSION_DENIED", info("API_KEY_SERVICE_BLOCKED"));
    check_detail(403, &blocked, Category::Permission, "PERMISSION_DENIED", None);
    let quota = |id: &str| {
        let details = json!([
            { "@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{ "quotaId": id }] },
            { "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s" },
        ]);
        gemini(429, "RESOURCE_EXHAUSTED", details)
    };
    let minute = quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier");
    check_detail(429, &minute, Category::RateLimited, "RESOURCE_EXHAUSTED", Some(34));
    let day = quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier");
    check_detail(429, &day, Category::QuotaExceeded, "RESOURCE_EXHAUSTED", Some(34));
    let anthropic =
        |code: &str| json!({ "type": "rate_limit_error", "message": "m", "details": { "error_code": code } });
    for (code, category) in [
        ("enforced_spend_limit_reached", Category::QuotaExceeded),
        ("contract_spend_limit_reached", Category::QuotaExceeded),
        ("ramp_limit_exceeded", Category::RateLimited),
        ("unheard_of", Category::RateLimited),
    ] {
        check_detail(429, &anthropic(code), category, code, None);
    }
    for nothing in [json!(null), json!([7, {}]), json!("none")] {
        let error = json!({ "type": "rate_limit_error", "message": "m", "details": nothing });
        check_detail(429, &error, Category::RateLimited, "rate_limit_error", None);
    }
}

#[test]
fn row_12_the_error_object_of_a_gateway_is_read_in_a_list_too() {
    let json = Some("application/json");
    let read = |body: &str| failure::of_other_content("test", json, body.as_bytes());
    let object = r#"{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}"#;
    for body in [object.to_owned(), format!("[{object}]")] {
        assert_eq!(read(&body).category, Category::RateLimited, "{body}");
    }
    for body in ["[]", "[7]", "{}", r#"[{"error":null}]"#] {
        assert_eq!(read(body).category, Category::Protocol, "{body}");
    }
}

#[test]
fn what_was_sent_and_is_repeated_in_a_validation_error_does_not_show() {
    let input = json!({ "messages": [{ "role": "user", "content": "canary" }] });
    let detail = json!([
        { "type": "missing", "loc": ["body", "messages", 0, "role"], "msg": "Field required", "input": input },
        { "msg": "Value error", "ctx": { "error": "canary" } },
        "canary",
    ]);
    let body = json!({ "detail": detail }).to_string();
    check_object(Some(422), &body, Category::InvalidRequest, None, "body.messages.0.role: Field required; Value error");
    let object = json!({ "detail": { "message": "m", "input": "canary" } }).to_string();
    check_object(Some(422), &object, Category::InvalidRequest, None, "m");
}

#[test]
fn words_are_cut_at_whole_characters() {
    let cut = |words: String| redacted(&words, Some("sk-canary")).message.len();
    assert_eq!(cut("é".repeat(2000)), 2048);
    assert_eq!(cut(format!("x{}", "é".repeat(2000))), 2047);
}

#[test]
fn no_part_of_a_key_is_left_where_words_are_cut() {
    for place in 2030..2050 {
        let words = format!("{}sk-canary", "x".repeat(place));
        let message = redacted(&words, Some("sk-canary")).message;
        assert!(!message.contains("sk"), "{place}: {message}");
    }
}

fn check_wait(headers: &[(&'static str, &str)], expected: Option<Duration>) {
    let now = std::time::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header")))
        .collect();
    assert_eq!(failure::retry_after(&headers, now), expected, "{headers:?}");
}

#[test]
fn the_wait_that_a_server_asks_for_is_read_in_all_its_forms() {
    check_wait(&[], None);
    check_wait(&[("retry-after", "2")], Some(Duration::from_secs(2)));
    check_wait(&[("retry-after", "0.25")], Some(Duration::from_millis(250)));
    check_wait(&[("retry-after-ms", "1500"), ("retry-after", "2")], Some(Duration::from_millis(1500)));
    for nonsense in ["soon", "-1", "NaN", ""] {
        check_wait(&[("retry-after-ms", nonsense), ("retry-after", "2")], Some(Duration::from_secs(2)));
    }
    // The example date of RFC 9110 lies 784,111,777 s after the epoch.
    check_wait(&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], Some(Duration::from_secs(10)));
    check_wait(&[("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT")], Some(Duration::ZERO));
    check_wait(&[("retry-after", "1e300")], Some(Duration::MAX));
    for nonsense in ["-1", "NaN", "inf", "tomorrow", ""] {
        check_wait(&[("retry-after", nonsense)], None);
    }
}

fn redacted(words: &str, key: Option<&str>) -> Failure {
    let key = key.map(|key| Arc::new(SecretString::from(key)));
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-plain", "plain"), ("x-token", "Basic token-canary"), ("x-flag", "yes")] {
        let mut value = HeaderValue::from_static(value);
        value.set_sensitive(name != "x-plain");
        headers.insert(HeaderName::from_static(name), value);
    }
    Secrets::new(key, Arc::new(headers)).redact(fail("test", Category::Other, words))
}

#[test]
fn the_key_is_cut_out_of_errors() {
    let error = redacted("the key sk-canary is bad", Some(" sk-canary "));
    assert_eq!(error.message, "the key [redacted] is bad");
}

#[test]
fn the_headers_of_users_are_cut_out_of_errors() {
    let error = redacted("yes, token-canary is bad, and plain Basic token-canary too", None);
    assert_eq!(error.message, "yes, [redacted] is bad, and plain [redacted] too");
}

#[cfg(all(feature = "conformance", feature = "openai"))]
#[tokio::test]
async fn a_client_of_the_users_own_takes_no_conversation_elsewhere() {
    use crate::model::{Model, ModelRequest};
    use crate::provider::OpenAiChat;
    use crate::testing::conformance::{Loopback, Reply};

    let elsewhere = Loopback::start().await;
    for status in [307, 308] {
        let server = Loopback::start().await;
        let mut reply = Reply::new(status, "application/json", "");
        reply.headers.push(("location".to_owned(), elsewhere.url("/v1/chat/completions")));
        server.reply(reply);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let model = OpenAiChat::new("m").base_url(server.url("/v1")).client(client);
        let error = model.complete(ModelRequest::new("Hi").unbudgeted()).await.expect_err("an error");
        assert_eq!(error.provider().map(|error| error.category), Some(Category::Protocol), "{error}");
    }
    assert!(elsewhere.received().is_none(), "nothing went there");
}

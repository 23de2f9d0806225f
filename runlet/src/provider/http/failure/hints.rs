//! What providers say in the details and the words of their errors only: why, how long to wait, how much a model reads.

use std::time::Duration;

use serde_json::Value;

/// The wait that Gemini asks for: `"details": [{"@type": "..google.rpc.RetryInfo", "retryDelay": "34.07s"}]`.
pub(super) fn retry_info(error: &Value) -> Option<Duration> {
    let details = error.get("details")?.as_array()?;
    details.iter().find_map(|detail| duration(detail.get("retryDelay")?.as_str()?))
}

/// The reason that `details` name: Anthropic's `{"error_code": "enforced_spend_limit_reached"}`, Gemini's
/// `[{"@type": "..google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]`.
pub(super) fn reason(error: &Value) -> Option<&str> {
    let details = error.get("details")?;
    match details {
        Value::Array(details) => details.iter().find_map(|detail| detail.get("reason")?.as_str()),
        details => details.get("error_code")?.as_str(),
    }
    .filter(|reason| !reason.is_empty())
}

/// Whether Gemini says that a quota of a whole day is spent: `"details": [{"@type": "..google.rpc.QuotaFailure",
/// "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]`. It asks for a wait of seconds
/// even then (<https://ai.google.dev/gemini-api/docs/rate-limits>: such quotas are reset at midnight, Pacific time).
pub(super) fn day_is_spent(error: &Value) -> bool {
    let lists = error.get("details").and_then(Value::as_array).into_iter().flatten();
    let violations = lists.filter_map(|detail| detail.get("violations")?.as_array()).flatten();
    let mut ids = violations.filter_map(|violation| violation.get("quotaId")?.as_str());
    ids.any(|id| id.contains("PerDay"))
}

/// The words of a `detail`: a text, or what is wrong with each field, `[{"loc": ["body", "model"], "msg": "..", "input":
/// ..}]`. The input is what was sent, and no part of it shows in errors.
pub(super) fn words_of_detail(detail: &Value) -> String {
    let words_of_field = |field: &Value| {
        let words = field.get("msg")?.as_str()?;
        let place = field.get("loc").and_then(Value::as_array).into_iter().flatten();
        let place: Vec<String> =
            place.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect();
        Some(if place.is_empty() { words.to_owned() } else { format!("{}: {words}", place.join(".")) })
    };
    match detail {
        Value::String(detail) => detail.clone(),
        Value::Array(fields) => fields.iter().filter_map(words_of_field).collect::<Vec<_>>().join("; "),
        detail => {
            detail.get("message").or_else(|| detail.get("msg")).and_then(Value::as_str).unwrap_or_default().to_owned()
        }
    }
}

/// The wait that OpenAI, Groq and others ask for: `Please try again in 1.898s.`, `in 20ms`, `in 7m12.5s`; Gemini writes
/// `Please retry in 34.07s.`
pub(super) fn wait_in_words(message: &str) -> Option<Duration> {
    let lower = message.to_ascii_lowercase();
    let after = ["try again in ", "retry in ", "retry after "].iter().find_map(|words| lower.split_once(words));
    duration(after?.1)
}

/// Reads `1h2m3.5s`, `20ms`, `2 seconds` at the beginning of a text.
fn duration(text: &str) -> Option<Duration> {
    let mut total: Option<f64> = None;
    let mut rest = text;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let Ok(number) = number.trim_end_matches('.').parse::<f64>() else { break };
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let seconds = match unit {
            "ms" | "millisecond" | "milliseconds" => 0.001,
            "s" | "sec" | "second" | "seconds" => 1.0,
            "m" | "min" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            _ => break,
        };
        total = Some(total.unwrap_or(0.0) + number * seconds);
        rest = after;
    }
    Duration::try_from_secs_f64(total?).ok()
}

/// What stands before the limit in the errors of OpenAI and vLLM, Gemini, llama.cpp, xAI, and Anthropic.
const BEFORE_LIMIT: &[&str] = &[
    "context length is ",
    "context length of ",
    "tokens allowed (",
    "available context size (",
    "prompt length is ",
    "configured limit of ",
    "context window is ",
    "context window of ",
    // `prompt is too long: 205000 tokens > 200000 maximum` and `190000 + 21333 > 200000`.
    " > ",
];

/// What stands after it in those of Mistral.
const AFTER_LIMIT: &str = " maximum context length";

/// How many tokens a model reads, as the error of a request that was longer says.
pub(super) fn limit_in_words(message: &str) -> Option<u64> {
    let lower = message.to_ascii_lowercase();
    let leading = BEFORE_LIMIT.iter().find_map(|words| number(lower.split_once(words)?.1));
    leading.or_else(|| {
        let (before, _) = lower.split_once(AFTER_LIMIT)?;
        number(before.rsplit(' ').next()?)
    })
}

/// A whole number at the beginning of a text, with or without commas.
fn number(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(text.len());
    let digits = text.get(..end)?.replace(',', "");
    digits.parse().ok().filter(|limit| *limit > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_wait(message: &str, millis: Option<u64>) {
        assert_eq!(wait_in_words(message), millis.map(Duration::from_millis), "{message}");
    }

    #[test]
    fn the_wait_is_read_from_words() {
        check_wait("Rate limit reached on requests per min. Please try again in 1.898s. Visit", Some(1898));
        check_wait("Please try again in 20ms.", Some(20));
        check_wait("Please try again in 7m12.5s.", Some(432_500));
        check_wait("Please try again in 1h0m3s", Some(3_603_000));
        check_wait("Please retry in 34.07s.", Some(34_070));
        check_wait("Try again in 2 seconds", Some(2000));
        check_wait("Please try again in a moment", None);
        check_wait("Please try again in 5 apples", None);
        check_wait("Try again later", None);
        check_wait("try again in .", None);
        check_wait("try again in 1.2.3s", None);
    }

    #[test]
    fn the_wait_is_read_from_the_details_of_gemini() {
        let error = serde_json::json!({
            "code": 429,
            "details": [
                { "@type": "type.googleapis.com/google.rpc.Help" },
                { "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s" },
            ],
        });
        assert_eq!(retry_info(&error), Some(Duration::from_millis(34_500)));
        assert_eq!(retry_info(&serde_json::json!({ "details": "none" })), None);
    }

    fn check_limit(message: &str, limit: Option<u64>) {
        assert_eq!(limit_in_words(message), limit, "{message}");
    }

    #[test]
    fn the_limit_is_read_from_the_words_of_every_provider() {
        check_limit(
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
            Some(8192),
        );
        check_limit(
            "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300001 tokens.",
            Some(272_000),
        );
        check_limit("prompt is too long: 205000 tokens > 200000 maximum", Some(200_000));
        check_limit("input length and `max_tokens` exceed context limit: 190000 + 21333 > 200000", Some(200_000));
        check_limit(
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            Some(1_048_576),
        );
        check_limit(
            "request (2009 tokens) exceeds the available context size (512 tokens), try increasing it",
            Some(512),
        );
        check_limit("This model's maximum prompt length is 131,072 but the request contains 537812", Some(131_072));
        check_limit("too large for model with 32768 maximum context length", Some(32_768));
        check_limit("Please reduce the length of the messages or completion.", None);
        check_limit("context length is unknown", None);
        check_limit("context length is 99999999999999999999999", None);
    }
}

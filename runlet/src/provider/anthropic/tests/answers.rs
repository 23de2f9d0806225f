//! What is made of answers.

use super::*;

#[test]
fn row_26_and_45_stop_reasons_are_one_enum() {
    let check = |reason: Value, expected: StopReason| {
        let response = whole(&json!([text("Hi")]), &json!({ "stop_reason": reason }));
        assert_eq!(response.stop_reason, expected);
    };
    check(json!("end_turn"), StopReason::EndTurn);
    check(json!("tool_use"), StopReason::ToolCalls);
    check(json!("max_tokens"), StopReason::MaxTokens);
    check(json!("model_context_window_exceeded"), StopReason::MaxTokens);
    check(json!("stop_sequence"), StopReason::StopSequence);
    check(json!("pause_turn"), StopReason::Pause);
    check(json!("refusal"), StopReason::Refusal);
    check(json!("novelty"), StopReason::Other("novelty".to_owned()));
    check(Value::Null, StopReason::EndTurn);
}

#[test]
fn row_45_a_refusal_has_the_providers_words_which_are_not_sent_back() {
    let details = json!({ "type": "refusal", "category": "cyber", "explanation": "It is not allowed." });
    let response = whole(&json!([]), &json!({ "stop_reason": "refusal", "stop_details": details }));
    assert_eq!(response.message.refusal().as_deref(), Some("It is not allowed."));
    check_messages(vec![Message::user("Hi"), response.message], &json!([{ "role": "user", "content": [text("Hi")] }]));
    // Without words the details stand with the message; they do not go back either.
    let details = json!({ "type": "refusal", "category": "cyber", "explanation": null });
    let applied = json!({ "applied_edits": [{ "type": "clear_tool_uses_20250919", "cleared_tool_uses": 3 }] });
    let rest = json!({ "stop_reason": "refusal", "stop_details": details, "context_management": applied });
    let refused = whole(&json!([text("I")]), &rest).message;
    let kept = refused.extra.of(PROVIDER).expect("extra fields");
    assert_eq!((&kept["stop_details"], &kept["context_management"]), (&details, &applied));
    check_messages(vec![refused], &json!([{ "role": "assistant", "content": [text("I")] }]));
    // What another provider's model said in refusing is part of the conversation.
    let refusal = crate::message::Refusal { text: "No.".to_owned(), extra: Extra::default() };
    let refused = Message::new(Role::Assistant, vec![Part::Refusal(refusal)]);
    check_messages(vec![refused], &json!([{ "role": "assistant", "content": [text("No.")] }]));
}

#[test]
fn row_49_the_input_includes_what_was_cached_and_what_is_unknown_is_not_zero() {
    let figures = json!({
        "input_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "output_tokens": 9,
        "output_tokens_details": { "thinking_tokens": 4 },
    });
    let usage = whole(&json!([]), &json!({ "usage": figures })).usage;
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.reasoning_tokens), (Some(125), Some(9), Some(4)));
    assert_eq!((usage.cache_read_tokens, usage.cache_write_tokens), (Some(100), Some(20)));
    let unknown = whole(&json!([]), &json!({})).usage;
    assert_eq!(unknown, crate::message::Usage::default());
}

#[test]
fn row_13_an_error_in_the_place_of_an_answer_is_one() {
    let check = |body: Value, category: Category| {
        let error = decode::response(&body.to_string()).expect_err("an error");
        assert_eq!(error.category, category, "{error}");
    };
    let error = json!({ "type": "overloaded_error", "message": "Overloaded" });
    check(json!({ "type": "error", "error": error }), Category::Overloaded);
    check(
        json!({ "error": { "type": "invalid_request_error", "message": "prompt is too long" } }),
        Category::ContextOverflow,
    );
    check(json!({}), Category::Protocol);
    check(json!([]), Category::Protocol);
    assert!(decode::token_count(r#"{"input_tokens":7}"#).is_ok_and(|tokens| tokens == 7));
    assert!(decode::token_count("{}").is_err());
}

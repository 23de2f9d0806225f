//! What is made of answers, whole and streamed.

use super::*;

#[test]
fn row_26_and_45_every_finish_reason_has_its_stop_reason() {
    let text = json!([{ "text": "a" }]);
    let call = json!([{ "functionCall": { "name": "f" } }]);
    for (parts, reason, expected) in [
        (&text, "STOP", StopReason::EndTurn),
        (&call, "STOP", StopReason::ToolCalls),
        (&call, "MAX_TOKENS", StopReason::MaxTokens),
        (&text, "SAFETY", StopReason::ContentFilter),
        (&text, "RECITATION", StopReason::ContentFilter),
        (&text, "BLOCKLIST", StopReason::ContentFilter),
        (&text, "PROHIBITED_CONTENT", StopReason::ContentFilter),
        (&text, "SPII", StopReason::ContentFilter),
        (&text, "MODEL_ARMOR", StopReason::ContentFilter),
        (&text, "IMAGE_SAFETY", StopReason::ContentFilter),
        (&text, "MALFORMED_FUNCTION_CALL", StopReason::MalformedCall),
        (&call, "UNEXPECTED_TOOL_CALL", StopReason::MalformedCall),
        (&text, "LANGUAGE", StopReason::Other("LANGUAGE".to_owned())),
        (&text, "novelty", StopReason::Other("novelty".to_owned())),
    ] {
        let json = candidate(parts, reason);
        assert_eq!(answer(&json).stop_reason, expected, "{reason}");
        let (_, streamed) = fold(&[json]).expect("an answer");
        assert_eq!(streamed.map(|response| response.stop_reason), Some(expected), "{reason}");
    }
}

#[test]
fn row_45_a_prompt_that_is_blocked_is_refused_in_the_servers_words() {
    let json = json!({ "promptFeedback": { "blockReason": "SAFETY", "blockReasonMessage": "No." } });
    let whole = answer(&json);
    assert_eq!(
        (whole.stop_reason.clone(), whole.message.refusal()),
        (StopReason::ContentFilter, Some("No.".to_owned()))
    );
    let (events, streamed) = fold(&[json]).expect("an answer");
    assert_eq!((events, streamed), (vec![ModelEvent::RefusalDelta("No.".to_owned())], Some(whole)));
    let silent = answer(&json!({ "promptFeedback": { "blockReason": "OTHER" } }));
    assert_eq!((silent.stop_reason, silent.message.parts.len()), (StopReason::ContentFilter, 0));
}

#[test]
fn row_44_an_answer_may_have_no_content() {
    for content in [
        Value::Null,
        json!({}),
        json!({ "role": "model" }),
        json!({ "parts": [] }),
        json!({ "parts": [{ "text": "" }] }),
    ] {
        let json = json!({ "candidates": [{ "content": content, "finishReason": "MAX_TOKENS" }] });
        let whole = answer(&json);
        assert_eq!((whole.message.parts.len(), &whole.stop_reason), (0, &StopReason::MaxTokens));
        assert_eq!(fold(&[json]).expect("an answer").1, Some(whole));
    }
    let none = decode::response("{}").expect_err("no answer");
    assert_eq!(none.category, Category::Protocol);
}

#[test]
fn row_49_usage_is_never_zero_where_it_is_unknown() {
    let check = |usage: Value, input: Option<u64>, output: Option<u64>, source: UsageSource| {
        let mut json = candidate(&json!([{ "text": "a" }]), "STOP");
        json["usageMetadata"] = usage;
        let usage = answer(&json).usage;
        assert_eq!((usage.input_tokens, usage.output_tokens, usage.source), (input, output, source));
    };
    check(Value::Null, None, None, UsageSource::Unknown);
    check(json!({ "trafficType": "ON_DEMAND" }), None, None, UsageSource::Unknown);
    check(json!({ "promptTokenCount": "many" }), None, None, UsageSource::Unknown);
    check(json!({ "promptTokenCount": 3 }), Some(3), None, UsageSource::Partial);
    check(json!({ "promptTokenCount": 3, "totalTokenCount": 3 }), Some(3), Some(0), UsageSource::Reported);
    let full = json!({
        "promptTokenCount": 10, "cachedContentTokenCount": 4, "toolUsePromptTokenCount": 5,
        "candidatesTokenCount": 6, "thoughtsTokenCount": 7, "totalTokenCount": 28,
    });
    check(full.clone(), Some(15), Some(13), UsageSource::Reported);
    let mut json = candidate(&json!([]), "STOP");
    json["usageMetadata"] = full;
    let usage = answer(&json).usage;
    assert_eq!((usage.cache_read_tokens, usage.reasoning_tokens), (Some(4), Some(7)));
}

#[test]
fn what_belongs_to_an_answer_as_a_whole_is_kept_and_not_sent() {
    let grounding = json!({ "groundingChunks": [{ "web": { "uri": "https://example.com" } }] });
    let mut json = candidate(&json!([{ "text": "a" }]), "STOP");
    json["candidates"][0]["groundingMetadata"] = grounding.clone();
    let whole = answer(&json);
    assert_eq!(whole.message.extra.of("gemini").expect("kept fields")["candidate"]["groundingMetadata"], grounding);
    assert_eq!(fold(&[json]).expect("an answer").1.as_ref(), Some(&whole));
    check_contents(vec![whole.message], &json!([{ "role": "model", "parts": [{ "text": "a" }] }]));
}

#[test]
fn row_10_a_stream_is_complete_only_after_a_finish_reason() {
    let open = json!({ "candidates": [{ "content": { "parts": [{ "text": "a" }] } }] });
    assert_eq!(fold(std::slice::from_ref(&open)).expect("no failure").1, None);
    let usage_only = json!({ "usageMetadata": { "promptTokenCount": 1, "candidatesTokenCount": 1 } });
    // Around code that the provider runs, more may come after a finish reason.
    let (_, response) =
        fold(&[open.clone(), candidate(&json!([]), "STOP"), open, candidate(&json!([]), "STOP"), usage_only])
            .expect("no failure");
    let response = response.expect("an answer");
    assert_eq!((response.message.text(), response.usage.input_tokens), ("aa".to_owned(), Some(1)));
}

#[test]
fn text_and_thoughts_of_a_stream_are_joined() {
    let chunk = |part: Value| json!({ "candidates": [{ "content": { "parts": [part] } }] });
    let thought = |text: &str| json!({ "text": text, "thought": true });
    let signed = json!({ "text": "", "thoughtSignature": "s" });
    let (events, response) = fold(&[
        chunk(thought("a")),
        chunk(thought("b")),
        chunk(json!({ "text": "c" })),
        chunk(json!({ "text": "d" })),
        chunk(thought("e")),
        chunk(signed.clone()),
        candidate(&json!([{ "text": "f" }]), "STOP"),
    ])
    .expect("an answer");
    let response = response.expect("an answer");
    let parts = json!([
        { "text": "ab", "thought": true }, { "text": "cd" }, { "text": "e", "thought": true }, signed, { "text": "f" },
    ]);
    assert_eq!(sent_back(&response), parts);
    let shown: String = events
        .iter()
        .filter_map(|event| if let ModelEvent::ReasoningDelta(text) = event { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(shown, response.message.reasoning());
}

#[test]
fn rows_31_to_33_arguments_may_come_in_pieces() {
    let chunk = |call: Value| json!({ "candidates": [{ "content": { "parts": [{ "functionCall": call }] } }] });
    let piece = |path: &str, value: Value| {
        let mut piece = value;
        piece["jsonPath"] = path.into();
        chunk(json!({ "partialArgs": [piece], "willContinue": true }))
    };
    let (events, response) = fold(&[
        chunk(json!({ "name": "f", "willContinue": true })),
        piece("$.list[0].text", json!({ "stringValue": "a", "willContinue": true })),
        piece("$.list[0].text", json!({ "stringValue": "b" })),
        piece("$.list[1]['a.b']", json!({ "numberValue": 0.5 })),
        piece("$.flag", json!({ "boolValue": true })),
        piece("$.none", json!({ "nullValue": "NULL_VALUE" })),
        chunk(json!({})),
        // Two calls without their ends.
        chunk(json!({ "name": "g", "willContinue": true })),
        chunk(json!({ "name": "h", "willContinue": true })),
        candidate(&json!([{ "text": "" }]), "STOP"),
    ])
    .expect("an answer");
    let response = response.expect("an answer");
    let calls: Vec<(&str, Value)> = response
        .message
        .tool_calls()
        .map(|call| (call.name.as_str(), serde_json::from_str(&call.arguments).expect("JSON")))
        .collect();
    let expected = json!({ "list": [{ "text": "ab" }, { "a.b": 0.5 }], "flag": true, "none": null });
    assert_eq!(calls, [("f", expected), ("g", json!({})), ("h", json!({}))]);
    let completed: Vec<_> = events
        .iter()
        .filter_map(|event| if let ModelEvent::ToolCallCompleted(call) = event { Some(call) } else { None })
        .collect();
    assert_eq!(completed, response.message.tool_calls().collect::<Vec<_>>());
    for path in ["", "$", "$.", "$[0]", "$.a[99999999999]", "$.a[65]", "$.a..b"] {
        let chunks = [chunk(json!({ "name": "f", "willContinue": true })), piece(path, json!({ "stringValue": "" }))];
        assert_eq!(fold(&chunks).expect_err(path).category, Category::Protocol);
    }
}

#[test]
fn rows_13_and_14_an_error_object_is_an_error_whatever_stands_beside_it() {
    let error = json!({ "error": { "code": 503, "message": "busy", "status": "UNAVAILABLE" }, "candidates": [] });
    for json in [error.clone(), json!([error])] {
        let whole = decode::response(&json.to_string()).expect_err("an error");
        let streamed = fold(&[json]).expect_err("an error");
        for error in [whole, streamed] {
            assert_eq!(
                (error.category, error.code.as_deref(), error.status),
                (Category::Overloaded, Some("UNAVAILABLE"), Some(503))
            );
        }
    }
}

#[test]
fn row_16_malformed_json_fails_and_row_15_unknown_fields_do_not() {
    for json in ["{", "[]", "7", r#"{"candidates":7}"#, r#"{"candidates":[{"content":{"parts":[{"text":1}]}}]}"#] {
        assert_eq!(decode::response(json).expect_err(json).category, Category::Protocol);
        let mut out = VecDeque::new();
        let failed = stream::GeminiStream::default().event(SseEvent { name: "", data: json }, &mut out);
        assert_eq!(failed.expect_err(json).category, Category::Protocol);
    }
    let mut json = candidate(&json!([{ "text": "a" }]), "STOP");
    json["novelty"] = json!({ "x": [1] });
    json["candidates"][0]["novelty"] = json!(1);
    assert_eq!(answer(&json).message.text(), "a");
}

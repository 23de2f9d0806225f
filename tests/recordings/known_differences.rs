//! The differences that are known and right, each a rule that any exchange can meet.

use serde_json::{Value, json};

/// A difference between a recorded request and the one that Runlet builds of it: two ways to write the same. The rule
/// brings both to one of them.
pub(crate) struct Notation {
    pub kind: &'static str,
    pub reason: &'static str,
    pub normalize: fn(&mut Value),
}

/// The notations of an API's requests.
pub(crate) fn notations(api: &str) -> &'static [Notation] {
    match api {
        "openai-chat" => OPENAI_CHAT,
        "anthropic-messages" => ANTHROPIC_MESSAGES,
        "openai-responses" => OPENAI_RESPONSES,
        "gemini" => GEMINI,
        _ => &[],
    }
}

const STREAM_FALSE: Notation = Notation {
    kind: "stream false",
    reason: "an answer is not streamed unless `stream` is true, so Runlet does not say so",
    normalize: |body| {
        if body["stream"] == false {
            remove(body, "stream");
        }
    },
};

const WHOLE_NUMBERS: Notation = Notation {
    kind: "whole numbers",
    reason: "1 and 1.0 are the same number",
    normalize: |body| {
        for name in ["temperature", "top_p"] {
            if let Some(number) = body[name].as_f64() {
                body[name] = number.into();
            }
        }
    },
};

const ANTHROPIC_MESSAGES: &[Notation] = &[
    STREAM_FALSE,
    WHOLE_NUMBERS,
    Notation {
        kind: "text as a list of one",
        reason: "content that is one text may be written as the text or as a list of one text block",
        normalize: |body| {
            as_list(body, "system");
            each(body, "messages", |message| {
                as_list(message, "content");
                each(message, "content", |block| {
                    if block["type"] == "tool_result" {
                        as_list(block, "content");
                    }
                });
            });
        },
    },
    Notation {
        kind: "no error",
        reason: "a tool's result is no error unless it says so, so Runlet does not say `\"is_error\": false`",
        normalize: |body| {
            each(body, "messages", |message| {
                each(message, "content", |block| {
                    if block["type"] == "tool_result" && block["is_error"] == false {
                        remove(block, "is_error");
                    }
                });
            });
        },
    },
    Notation {
        kind: "empty description",
        reason: "a tool without a description has an empty one or none",
        normalize: |body| {
            each(body, "tools", |tool| {
                if tool["description"] == "" {
                    remove(tool, "description");
                }
            });
        },
    },
];

/// Writes a text as a list of one text block.
fn as_list(value: &mut Value, name: &str) {
    if let Some(text) = value[name].as_str() {
        value[name] = json!([{ "type": "text", "text": text }]);
    }
}

const OPENAI_RESPONSES: &[Notation] = &[
    STREAM_FALSE,
    Notation {
        kind: "type of a message",
        reason: "an item with a role is a message, with or without `\"type\": \"message\"`",
        normalize: |body| {
            each(body, "input", |item| {
                if item["role"].is_string() && item["type"] == "message" {
                    remove(item, "type");
                }
            });
        },
    },
    Notation {
        kind: "text as a list of one",
        reason: "content that is one text may be written as the text or as a list of one text part",
        normalize: |body| {
            each(body, "input", |item| {
                let name = if item["type"] == "function_call_output" { "output" } else { "content" };
                let text = match item[name].as_array().map(Vec::as_slice) {
                    Some([part]) if part.as_object().is_some_and(|part| part.len() == 2) => part["text"].as_str(),
                    _ => None,
                };
                if let Some(text) = text.map(str::to_owned) {
                    item[name] = text.into();
                }
            });
        },
    },
    Notation {
        kind: "input as a text",
        reason: "an input that is a text is one message of the user",
        normalize: |body| {
            if let Some(text) = body["input"].as_str() {
                body["input"] = json!([{ "role": "user", "content": text }]);
            }
        },
    },
    WHOLE_NUMBERS,
];

const OPENAI_CHAT: &[Notation] = &[
    Notation {
        kind: "stream false",
        reason: "an answer is not streamed unless `stream` is true, so Runlet does not say so",
        normalize: |body| {
            if body["stream"] == false {
                remove(body, "stream");
            }
        },
    },
    Notation {
        kind: "text as a list of one",
        reason: "content that is one text may be written as the text or as a list of one text part",
        normalize: |body| {
            each(body, "messages", |message| {
                let text = match message["content"].as_array().map(Vec::as_slice) {
                    Some([part]) if part.as_object().is_some_and(|part| part.len() == 2) => part["text"].as_str(),
                    _ => None,
                };
                if let Some(text) = text.map(str::to_owned) {
                    message["content"] = text.into();
                }
            });
        },
    },
    Notation {
        kind: "no content beside tool calls",
        reason: "the content of a message that only calls tools may be `null`, empty or left out",
        normalize: |body| {
            each(body, "messages", |message| {
                let calls = message["tool_calls"].as_array().is_some_and(|calls| !calls.is_empty());
                if calls
                    && (message["content"].is_null() || message["content"] == "" || message["content"] == json!([]))
                {
                    remove(message, "content");
                }
            });
        },
    },
    Notation {
        kind: "type of a tool",
        reason: "a tool with a `function` is one, with or without `\"type\": \"function\"`",
        normalize: |body| {
            each(body, "tools", |tool| {
                if tool["function"].is_object() {
                    tool["type"] = "function".into();
                }
            });
        },
    },
    Notation {
        kind: "whole numbers",
        reason: "1 and 1.0 are the same number",
        normalize: |body| {
            for name in ["temperature", "top_p"] {
                if let Some(number) = body[name].as_f64() {
                    body[name] = number.into();
                }
            }
        },
    },
];

const GEMINI: &[Notation] = &[
    Notation {
        kind: "snake case",
        reason: "the API takes `function_call` as well as `functionCall`",
        normalize: crate::gemini::camel,
    },
    Notation {
        kind: "thought false",
        reason: "a part is no thought unless it says so",
        normalize: |body| {
            each(body, "contents", |content| each(content, "parts", no_thought));
            if let Some(instruction) = body.get_mut("systemInstruction").filter(|value| value.is_object()) {
                each(instruction, "parts", no_thought);
            }
        },
    },
    Notation {
        kind: "role of the instructions",
        reason: "the API does not read the role of a system instruction",
        normalize: |body| {
            if let Some(instruction) = body.get_mut("systemInstruction") {
                remove(instruction, "role");
            }
        },
    },
    Notation {
        kind: "fields without a value",
        reason: "a field that is null is a field that is not there",
        normalize: |body| {
            if let Some(fields) = body.as_object_mut() {
                fields.retain(|_, value| !value.is_null());
            }
            each(body, "tools", |tool| {
                if let Some(fields) = tool.as_object_mut() {
                    fields.retain(|_, value| !value.is_null());
                }
            });
        },
    },
    Notation {
        kind: "whole numbers",
        reason: "1 and 1.0 are the same number",
        normalize: |body| {
            for name in ["temperature", "topP"] {
                if let Some(number) = body["generationConfig"][name].as_f64() {
                    body["generationConfig"][name] = number.into();
                }
            }
        },
    },
];

fn no_thought(part: &mut Value) {
    if part["thought"] == false {
        remove(part, "thought");
    }
}

/// A difference that is more than notation: a source or a client changed what was recorded, or runs have a rule.
pub(crate) struct Recording {
    pub kind: &'static str,
    pub reason: &'static str,
}

pub(crate) const SEVERAL_ANSWERS: &str = "several answers in one stream";
pub(crate) const JOINED_ANSWERS: &str = "several answers read as one";
pub(crate) const SPLICED_ANSWERS: &str = "an answer inside another";
pub(crate) const AFTER_THE_END: &str = "events after the end";
pub(crate) const DELTAS_LEFT_OUT: &str = "deltas left out";
pub(crate) const REWRITTEN: &str = "items rewritten by the recorded client";
pub(crate) const REPEATED_IDS: &str = "call ids that the model repeats";
pub(crate) const FIELDS_OF_RESULTS: &str = "fields beside a tool's output";
pub(crate) const ORDER_OF_RESULTS: &str = "results in the order of the calls";

const RECORDINGS: &[Recording] = &[
    Recording {
        kind: SEVERAL_ANSWERS,
        reason: "the source joined the streams of several requests, and the SDK read the last one; so does this test",
    },
    Recording {
        kind: JOINED_ANSWERS,
        reason: "the source joined the streams of several requests, and the SDK read them as one answer; a server sends \
                 one, and Runlet stops at its end",
    },
    Recording {
        kind: SPLICED_ANSWERS,
        reason: "a second answer begins before the first has ended; the SDK mixes their tool calls, Runlet fails the \
                 stream",
    },
    Recording {
        kind: AFTER_THE_END,
        reason: "a gateway sends events that are not JSON after the last one; the SDK fails on them, Runlet has stopped \
                 reading",
    },
    Recording {
        kind: DELTAS_LEFT_OUT,
        reason: "the source dropped deltas, so that they do not add up to what the server says they did; the answer does",
    },
    Recording {
        kind: REWRITTEN,
        reason: "the client that was recorded left out, renumbered or replaced fields of the model's items before it sent \
                 them back; Runlet sends them as the server gave them, which is checked",
    },
    Recording {
        kind: REPEATED_IDS,
        reason: "a run gives a call whose id was used before, or that has none, an id of its own: a result must find its \
                 call",
    },
    Recording {
        kind: FIELDS_OF_RESULTS,
        reason: "the recorded client sent an id or a status of its own with a tool's output; a tool of Runlet gives the \
                 output alone",
    },
    Recording {
        kind: ORDER_OF_RESULTS,
        reason: "a run sends the results of a turn in the order of its calls, some clients in the order they came",
    },
];

/// Why a difference of a kind is right.
pub(crate) fn reason(api: &str, kind: &str) -> &'static str {
    let notation = notations(api).iter().find(|known| known.kind == kind).map(|known| known.reason);
    notation
        .or_else(|| RECORDINGS.iter().find(|known| known.kind == kind).map(|known| known.reason))
        .unwrap_or_default()
}

/// Brings two requests to the same notation, as far as they differ. Gives the kinds that it took.
pub(crate) fn normalize(api: &str, recorded: &mut Value, sent: &mut Value) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    for notation in notations(api) {
        if recorded == sent {
            break;
        }
        let before = (recorded.clone(), sent.clone());
        (notation.normalize)(recorded);
        (notation.normalize)(sent);
        if before != (recorded.clone(), sent.clone()) {
            kinds.push(notation.kind);
        }
    }
    kinds
}

fn remove(value: &mut Value, name: &str) {
    value.as_object_mut().map(|fields| fields.remove(name));
}

fn each(value: &mut Value, list: &str, change: impl Fn(&mut Value)) {
    value.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten().for_each(change);
}

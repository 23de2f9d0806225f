//! Counting the input of a request: `POST /v1/responses/input_tokens`
//! (<https://platform.openai.com/docs/api-reference/responses/input-tokens>).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Delivery, PROVIDER};
use crate::error::ProviderErrorCategory as Category;
use crate::model::{ModelRequest, ProviderOptions};
use crate::provider::openai::AUTO_STRICT;
use crate::provider::{Failure, fail};

/// The fields of a request that are counted. The endpoint takes no others.
const COUNTED: [&str; 12] = [
    "model",
    "input",
    "previous_response_id",
    "tools",
    "text",
    "reasoning",
    "truncation",
    "instructions",
    "personality",
    "conversation",
    "tool_choice",
    "parallel_tool_calls",
];

/// The delivery that adds nothing to the body.
pub(super) const DELIVERY: Delivery = Delivery::Whole;

/// The request with nothing that is not counted.
pub(super) fn request(request: &ModelRequest) -> ModelRequest {
    let mut counted = request.clone();
    (counted.max_output_tokens, counted.temperature, counted.top_p) = (None, None, None);
    counted.options = ProviderOptions::new();
    for (name, value) in request.options.of(PROVIDER).into_iter().flatten() {
        match (name.as_str(), value) {
            ("extra_body", Value::Object(fields)) => counted.options.set(PROVIDER, name, only_counted(fields)),
            ("extra_headers" | "extra_body" | AUTO_STRICT, _) => {
                counted.options.set(PROVIDER, name, value.clone());
            }
            (field, _) if COUNTED.contains(&field) => counted.options.set(PROVIDER, name, value.clone()),
            _ => {}
        }
    }
    counted
}

fn only_counted(fields: &Map<String, Value>) -> Map<String, Value> {
    let counted = fields.iter().filter(|(name, _)| COUNTED.contains(&name.as_str()));
    counted.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Reads the answer: `{"object": "response.input_tokens", "input_tokens": 11}`.
pub(super) fn response(json: &str) -> Result<u64, Failure> {
    #[derive(Deserialize)]
    struct Counted {
        input_tokens: u64,
    }

    let counted: Result<Counted, _> = serde_json::from_str(json);
    counted
        .map(|counted| counted.input_tokens)
        .map_err(|_| fail(PROVIDER, Category::Protocol, "the answer to a request for a count has no `input_tokens`"))
}

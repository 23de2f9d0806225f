//! Every provider passes the suite that `runlet::testing` has for providers.

pub(crate) mod anthropic;
pub(crate) mod gemini;
pub(crate) mod openai_chat;
pub(crate) mod openai_responses;

use runlet::testing::conformance::Fault;
use serde_json::{Value, json};

/// An event without a name.
fn data(json: &Value) -> String {
    format!("data: {json}\n\n")
}

/// The error object of OpenAI's APIs.
fn openai_error(fault: Fault) -> Value {
    match fault {
        Fault::Overloaded => {
            json!({ "type": "server_is_overloaded", "code": "server_is_overloaded", "message": "busy" })
        }
        Fault::RateLimited => json!({ "type": "requests", "code": "rate_limit_exceeded", "message": "slower" }),
        Fault::ContextOverflow => {
            json!({ "type": "invalid_request_error", "code": "context_length_exceeded", "message": "too long" })
        }
        _ => json!({ "type": "invalid_request_error", "code": null, "message": "no" }),
    }
}

use runlet::{Tool, tool};

type Maybe<T> = Option<T>;

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
struct Wrapped(Option<u8>);

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Whole(u8);

#[tool]
async fn find(alias: Maybe<u8>, full: std::option::Option<u8>, wrapped: Wrapped, unit: (), whole: Whole) -> u8 {
    let _ = (alias, full, unit);
    wrapped.0.unwrap_or(whole.0)
}

fn main() {
    let schema = Tool::<()>::spec(&find {}).parameters.value().clone();
    assert_eq!(schema["required"], serde_json::json!(["unit", "whole"]));
}

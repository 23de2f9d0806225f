#![deny(missing_docs)]
//! A public tool needs the docs of its function and no more.

/// Says the weather.
#[runlet::tool]
pub async fn weather(city: String) -> String {
    city
}

fn main() {}

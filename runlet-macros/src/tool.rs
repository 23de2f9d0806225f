//! `#[tool]`: parse, check, expand, and what happens where one of them fails.
//!
//! The user's function comes out whatever happens, so that editors and the rest of the crate keep seeing it; a tool that
//! does not compile is replaced by a stub, so that the agents that name it do not fail too.

pub(crate) mod check;
pub(crate) mod expand;
pub(crate) mod model;
pub(crate) mod parse;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::strip;

/// Expands `#[tool(arguments)] item`.
pub(crate) fn tool(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let function = match parse::function(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.add(error);
            if let Some(function) = parse::repaired(item.clone()) {
                return expand::stub(&function, &parse::Settings::default(), &errors);
            }
            let mut tokens = errors.to_tokens();
            tokens.extend(strip::broken_item(item));
            return tokens;
        }
    };
    let settings = parse::settings(arguments, &mut errors);
    let tool = check::tool(&function, &settings, &mut errors);
    match tool {
        Some(tool) if errors.is_empty() => expand::tool(&function, &tool),
        _ => expand::stub(&function, &settings, &errors),
    }
}

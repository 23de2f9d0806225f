//! The macros of Runlet. Use them through the `runlet` crate, which re-exports and documents them.

// A panic in a macro is an error without a place, and ends the help of editors.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod agent;
mod attribute;
mod deps;
mod docs;
mod errors;
mod span;
mod strip;
mod tool;
mod toolset;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

#[allow(missing_docs, reason = "documented at the re-export, where examples can use the library")]
#[proc_macro_attribute]
pub fn tool(arguments: TokenStream, item: TokenStream) -> TokenStream {
    tool::tool(arguments.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented at the re-export, where examples can use the library")]
#[proc_macro_attribute]
pub fn toolset(arguments: TokenStream, item: TokenStream) -> TokenStream {
    toolset::toolset(arguments.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented at the re-export, where examples can use the library")]
#[proc_macro_derive(Deps, attributes(deps))]
pub fn deps(item: TokenStream) -> TokenStream {
    deps::deps(item.into()).into()
}

/// One tool in the list of an `agent!`.
#[doc(hidden)]
#[proc_macro]
pub fn agent_tool(input: TokenStream) -> TokenStream {
    agent::tool(input.into()).into()
}

/// What no rule of `agent!` reads: an error in words, where the mistake is.
#[doc(hidden)]
#[proc_macro]
pub fn agent_mistake(input: TokenStream) -> TokenStream {
    agent::mistake(input.into()).into()
}

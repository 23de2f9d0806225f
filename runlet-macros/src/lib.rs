//! The macros of Runlet. Use them through the `runlet` crate, which re-exports and documents them.

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

/// Makes an async function a tool. Documented at `runlet::tool`.
#[proc_macro_attribute]
pub fn tool(arguments: TokenStream, item: TokenStream) -> TokenStream {
    tool::tool(arguments.into(), item.into()).into()
}

/// Makes the `#[tool]` methods of an impl block tools that share the value. Documented at `runlet::toolset`.
#[proc_macro_attribute]
pub fn toolset(arguments: TokenStream, item: TokenStream) -> TokenStream {
    toolset::toolset(arguments.into(), item.into()).into()
}

/// Makes a struct lend its fields to tools. Documented at `runlet::Deps`.
#[proc_macro_derive(Deps, attributes(deps))]
pub fn deps(item: TokenStream) -> TokenStream {
    deps::deps(item.into()).into()
}

//! Spans and names of generated code: everything the macros invent is mixed-site, so it cannot meet the user's names.

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::ext::IdentExt as _;

/// The span of generated code.
pub(crate) fn generated() -> Span {
    Span::mixed_site()
}

/// A span for generated code that errors point at through the user's token.
pub(crate) fn pointing_at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// A name for a generated variable that reads as the user's and is another.
pub(crate) fn hidden_twin(ident: &Ident) -> Ident {
    let mut twin = ident.clone();
    twin.set_span(generated());
    twin
}

/// The span where tokens begin.
pub(crate) fn first(tokens: &impl ToTokens) -> Span {
    tokens.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span())
}

/// The name as text, without `r#`.
pub(crate) fn text(ident: &Ident) -> String {
    ident.unraw().to_string()
}

//! What `agent!` needs that a macro by example cannot do: an expression that stands where the user wrote a name.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::quote_spanned;

/// From `default-trait, type` to `<type as default-trait>::default()`, all of it at the place of the type, so that an error
/// about the value points at the type and not at the whole `agent!`.
pub(crate) fn tool(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let default: TokenStream = tokens.by_ref().take_while(|token| !is_comma(token)).collect();
    let tool: TokenStream = tokens.collect();
    let (first, last) = ends(&tool);
    let mut value = quote_spanned!(first=> <);
    value.extend(tool);
    value.extend(quote_spanned!(last=> as #default>::default()));
    value
}

/// The places of the first and the last token, looked for inside a group that only holds a type together.
fn ends(tokens: &TokenStream) -> (Span, Span) {
    let inside = |token: &TokenTree| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => ends(&group.stream()),
        token => (token.span(), token.span()),
    };
    let mut tokens = tokens.clone().into_iter();
    let Some(first) = tokens.next() else { return (Span::call_site(), Span::call_site()) };
    let (begins, ends) = inside(&first);
    (begins, tokens.last().map_or(ends, |last| inside(&last).1))
}

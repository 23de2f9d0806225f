//! What `agent!` needs that a macro by example cannot do: an expression that stands where the user wrote a name, and errors
//! in words.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Token};

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

/// From `place tokens` to an error: the place is where in `agent!` no rule fitted, the tokens are what stands there.
pub(crate) fn mistake(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let place = tokens.next().map(|place| place.to_string()).unwrap_or_default();
    let tokens: TokenStream = tokens.collect();
    let error = match place.as_str() {
        "tools" => {
            let wanted = "`tools` takes a list of `#[tool]` functions: `tools: [lookup_order]`; a value is added with `tool: value`, a toolset with `toolset: Files::tools(files)`";
            syn::Error::new(ends(&tokens).0, wanted)
        }
        "hooks" => syn::Error::new(ends(&tokens).0, "`hooks` takes a list: `hooks: [AuditHook::new()]`"),
        "field" => field.parse2(tokens).err().unwrap_or_else(|| syn::Error::new(Span::call_site(), FIELD)),
        _ => head(tokens),
    };
    error.to_compile_error()
}

const FIELD: &str = "expected `field: value`";

/// What is wrong with the first of some fields. Always an error, as no rule fitted.
fn field(input: ParseStream<'_>) -> syn::Result<()> {
    let name: proc_macro2::Ident = input.parse().map_err(|error| syn::Error::new(error.span(), FIELD))?;
    if !input.peek(Token![:]) {
        return Err(input.error(format!("write `{name}: value`, and a `,` between fields")));
    }
    input.parse::<Token![:]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(syn::Error::new(name.span(), format!("`{name}:` lacks its value")));
    }
    input.parse::<Expr>()?;
    Err(input.error("expected a `,` between fields"))
}

/// What is wrong with what stands before the fields, or around them.
fn head(tokens: TokenStream) -> syn::Error {
    let mut tokens = tokens.into_iter();
    let example =
        "an agent is written `agent!(support { model: .. })`, with types `agent!(support::<Shop> { model: .. })`";
    match (tokens.next(), tokens.next()) {
        (None, _) => syn::Error::new(Span::call_site(), example),
        (Some(TokenTree::Literal(name)), _) => {
            syn::Error::new(name.span(), "the name stands without quotes: `agent!(support { model: .. })`")
        }
        (Some(TokenTree::Ident(name)), Some(TokenTree::Punct(open))) if open.as_char() == '<' => {
            syn::Error::new(open.span(), format!("types stand behind `::`: write `{name}::<..>`"))
        }
        (Some(TokenTree::Ident(_)), Some(next)) => syn::Error::new(next.span(), example),
        (Some(first), _) => syn::Error::new(first.span(), example),
    }
}

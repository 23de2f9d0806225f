//! Takes out of an item what only the macros may see: doc comments and `#[arg]` on parameters.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Attribute, Meta};

/// Attributes that people expect on a parameter and that go elsewhere. The compiler would report each once more.
pub(crate) const FOREIGN: &[&str] = &["serde", "schemars", "validate", "garde"];

/// The attributes of a parameter that stay on the function.
pub(crate) fn parameter_attributes(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter_map(|attribute| keep(attribute.clone())).collect()
}

fn keep(mut attribute: Attribute) -> Option<Attribute> {
    let own = ["doc", "arg"].iter().chain(FOREIGN).any(|name| attribute.path().is_ident(name));
    if own {
        return None;
    }
    if attribute.path().is_ident("cfg_attr")
        && let Meta::List(list) = &mut attribute.meta
    {
        let kept = conditional(list.tokens.clone())?;
        list.tokens = kept;
    }
    Some(attribute)
}

/// The inside of a `cfg_attr` without what goes; `None` where nothing is left.
fn conditional(tokens: TokenStream) -> Option<TokenStream> {
    let mut parts = split(tokens).into_iter();
    let predicate = parts.next()?;
    let kept: Vec<TokenStream> =
        parts.filter(|part| !part.is_empty() && !starts_with(part, "doc") && !starts_with(part, "arg")).collect();
    if kept.is_empty() {
        return None;
    }
    let mut result = predicate;
    for part in kept {
        result.extend([TokenTree::from(proc_macro2::Punct::new(',', proc_macro2::Spacing::Alone))]);
        result.extend(part);
    }
    Some(result)
}

/// Whether a `cfg_attr` would put an `#[arg]` on a parameter.
pub(crate) fn hides_an_arg(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::List(list) if attribute.path().is_ident("cfg_attr") => {
            split(list.tokens.clone()).iter().skip(1).any(|part| starts_with(part, "arg"))
        }
        _ => false,
    }
}

/// The parts of a token stream between its commas.
fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in tokens {
        match (&token, parts.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => parts.push(TokenStream::new()),
            (_, Some(part)) => part.extend([token]),
            (_, None) => {}
        }
    }
    parts
}

fn starts_with(tokens: &TokenStream, word: &str) -> bool {
    matches!(tokens.clone().into_iter().next(), Some(TokenTree::Ident(ident)) if ident == word)
}

/// An item that could not be parsed, without the attributes that would make the compiler stumble over it once more.
/// Goes by the tokens alone: in every parenthesised list behind a `fn`, and inside braces for the methods of an impl.
pub(crate) fn broken_item(tokens: TokenStream) -> TokenStream {
    let mut after_fn = false;
    let mut result = TokenStream::new();
    for token in tokens {
        let token = match token {
            TokenTree::Ident(ident) => {
                after_fn |= ident == "fn";
                TokenTree::Ident(ident)
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis && after_fn => {
                after_fn = false;
                regroup(&group, without_attributes(group.stream()))
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                after_fn = false;
                regroup(&group, broken_item(group.stream()))
            }
            other => other,
        };
        token.to_tokens(&mut result);
    }
    result
}

fn without_attributes(tokens: TokenStream) -> TokenStream {
    let mut result = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#')
            && let Some(TokenTree::Group(group)) = tokens.peek()
            && (starts_with(&group.stream(), "doc") || starts_with(&group.stream(), "arg"))
        {
            tokens.next();
            continue;
        }
        result.extend([token]);
    }
    result
}

fn regroup(group: &Group, tokens: TokenStream) -> TokenTree {
    let mut regrouped = Group::new(group.delimiter(), tokens);
    regrouped.set_span(group.span());
    TokenTree::Group(regrouped)
}

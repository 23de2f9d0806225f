//! Syntax only: the function with its body unread, and the raw settings.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, FnArg, Signature, Token, Visibility};

use crate::attribute::{self, Entry};
use crate::errors::Errors;
use crate::span::generated;

/// A function whose body is left as it is: a mistake in it is reported once, by the compiler.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenStream,
}

/// The keys of `#[tool]`.
const SETTINGS: &[&str] = &[
    "name",
    "title",
    "description",
    "timeout",
    "retries",
    "effect",
    "sequential",
    "approval",
    "blocking",
    "max_output",
    "crate",
    "type",
];

/// The keys of `#[arg]`.
const RULES: &[&str] = &["name", "default", "example", "min", "max", "min_len", "max_len", "pattern", "format"];

/// The settings of a `#[tool]`, unchecked.
#[derive(Default)]
pub(crate) struct Settings {
    entries: Vec<Entry>,
}

impl Settings {
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn first(&self) -> Option<&Entry> {
        self.entries.first()
    }
}

/// Reads a function item.
pub(crate) fn function(item: TokenStream) -> syn::Result<Function> {
    let is_function = item.clone().into_iter().any(|token| matches!(&token, TokenTree::Ident(ident) if ident == "fn"));
    if !is_function {
        let span = proc_macro2::Span::call_site();
        return Err(syn::Error::new(
            span,
            "`#[tool]` stands on an `async fn`; for methods, put `#[runlet::toolset]` on the impl block",
        ));
    }
    Function::parse.parse2(item)
}

/// The function without the parameters that cannot be read, and without its body, which may use them. The compiler has
/// reported them when it read the file, and would again.
pub(crate) fn repaired(item: TokenStream) -> Option<Function> {
    let mut after_fn = false;
    let tokens = item.into_iter().map(|token| match token {
        TokenTree::Group(group) if after_fn && group.delimiter() == Delimiter::Parenthesis => {
            after_fn = false;
            let parameters = readable_parameters.parse2(group.stream()).unwrap_or_default();
            TokenTree::Group(Group::new(Delimiter::Parenthesis, parameters))
        }
        token => {
            after_fn |= matches!(&token, TokenTree::Ident(ident) if ident == "fn");
            token
        }
    });
    let mut function = Function::parse.parse2(tokens.collect()).ok()?;
    function.body = quote_spanned!(generated()=> { loop {} });
    Some(function)
}

fn readable_parameters(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut parameters = TokenStream::new();
    while !input.is_empty() {
        let ahead = input.fork();
        if ahead.parse::<FnArg>().is_ok() && (ahead.is_empty() || ahead.peek(Token![,])) {
            let parameter: FnArg = input.parse()?;
            parameters.extend(quote_spanned!(generated()=> #parameter,));
        }
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<TokenTree>()?;
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(parameters)
}

/// Reads the inside of `#[tool(..)]`.
pub(crate) fn settings(tokens: TokenStream, errors: &mut Errors) -> Settings {
    Settings { entries: attribute::entries(tokens, "#[tool]", SETTINGS, errors) }
}

/// Reads the `#[arg(..)]` among the attributes of a parameter.
pub(crate) fn rules(attributes: &[Attribute], errors: &mut Errors) -> Settings {
    let mut entries: Vec<Entry> = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("arg")) {
        let list = match &attribute.meta {
            syn::Meta::List(list) => list.tokens.clone(),
            meta => {
                errors.push_at(meta.path(), "`#[arg]` takes a list: `#[arg(min = 1, max = 50)]`");
                continue;
            }
        };
        for entry in attribute::entries(list, "#[arg]", RULES, errors) {
            if entries.iter().any(|earlier| earlier.key == entry.key) {
                errors.push(entry.key.span(), format!("`{}` is given twice; remove one", entry.key));
            } else {
                entries.push(entry);
            }
        }
    }
    Settings { entries }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let unreadable = |error: syn::Error| syn::Error::new(error.span(), "`#[tool]` cannot read the signature here");
        let signature: Signature = input.parse().map_err(unreadable)?;
        if input.is_empty() || input.peek(Token![;]) {
            return Err(input.error("a tool has a body; `#[tool]` does not go on a declaration"));
        }
        Ok(Self { attributes, visibility, signature, body: input.parse()? })
    }
}

impl Function {
    pub(crate) fn ident(&self) -> &Ident {
        &self.signature.ident
    }
}

//! `#[toolset]`: the `#[tool]` methods of an impl block as tools that share the value.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, FnArg, Generics, ReceiverKind, Token, Type};

use crate::attribute::{self, Entry};
use crate::errors::Errors;
use crate::span::generated;
use crate::strip;
use crate::tool::model::Tool;
use crate::tool::parse::Function;
use crate::tool::{check, expand, parse};

/// The keys of `#[toolset]`.
const SETTINGS: &[&str] = &["prefix", "crate"];

/// The name of the function that gives the tools.
const FUNCTION: &str = "tools";

/// An impl block whose members are unread.
struct Block {
    attributes: Vec<Attribute>,
    generics: Generics,
    self_type: Type,
    members: Vec<Member>,
}

enum Member {
    /// A method with `#[tool(..)]`, and the inside of that attribute.
    Tool { function: Box<Function>, settings: TokenStream },
    /// What has a `#[tool]` and cannot be read, as it stands.
    Unreadable(TokenStream),
    /// Anything else, as it stands.
    Other(TokenStream),
}

/// Expands `#[toolset(arguments)] item`.
pub(crate) fn toolset(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let block = match Block::parse.parse2(item.clone()) {
        Ok(block) => block,
        Err(error) => {
            errors.add(error);
            let mut tokens = errors.to_tokens();
            tokens.extend(strip::broken_item(item));
            return tokens;
        }
    };
    let settings = attribute::entries(arguments, "#[toolset]", SETTINGS, &mut errors);
    let krate = krate(&settings, &mut errors);
    let prefix = settings.iter().find(|entry| entry.key == "prefix");
    let prefix = prefix.and_then(|entry| errors.keep(check::prefix(entry)));
    let tools = check(&block, &krate, prefix.as_deref().unwrap_or_default(), &mut errors);
    expand_block(&block, &krate, &tools, &errors)
}

fn krate(settings: &[Entry], errors: &mut Errors) -> syn::Path {
    let given = settings.iter().find(|entry| entry.key == "crate").and_then(|entry| errors.keep(entry.path()));
    given.unwrap_or_else(|| syn::parse_quote_spanned!(generated()=> ::runlet))
}

fn check(block: &Block, krate: &syn::Path, prefix: &str, errors: &mut Errors) -> Vec<(Vec<Attribute>, Tool)> {
    if let Some(parameter) = block.generics.params.first() {
        errors.push_at(parameter, "a toolset cannot be generic: write the type itself");
    }
    let mut tools: Vec<(Vec<Attribute>, Tool)> = Vec::new();
    let mut any = false;
    for member in &block.members {
        let (function, settings) = match member {
            Member::Tool { function, settings } => (function, settings),
            // The attribute on it says what is wrong.
            Member::Unreadable(_) => {
                any = true;
                continue;
            }
            Member::Other(_) => continue,
        };
        any = true;
        if function.ident() == FUNCTION {
            errors.push(
                function.ident().span(),
                "the set gives its tools by a function `tools`: rename this one, and keep the name with `#[tool(name = \"tools\")]`",
            );
        }
        receiver(function, errors);
        let settings = parse::settings(settings.clone(), errors);
        let Some(mut tool) = check::method(function, &settings, prefix, krate.clone(), errors) else { continue };
        let conditions: Vec<Attribute> =
            function.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect();
        // A bound cannot stand under `#[cfg]`.
        if let Some(condition) = conditions.first()
            && !expand::bounds(&tool).is_empty()
        {
            errors.push_at(
                condition.path(),
                "a method under `#[cfg]` cannot borrow from the run: put it into a toolset of its own, with the `#[cfg]` on the impl block",
            );
        }
        let earlier = tools
            .iter()
            .find(|(others, earlier)| earlier.name == tool.name && others.is_empty() && conditions.is_empty());
        if let Some((_, earlier)) = earlier {
            let message = format!("`{}` has this name too: rename one with `#[tool(name = \"..\")]`", earlier.function);
            errors.push(tool.function.span(), message);
        }
        tool.krate = krate.clone();
        tools.push((conditions, tool));
    }
    if !any {
        errors.push_at(&block.self_type, "a toolset without tools: put `#[tool]` on its methods");
    }
    tools
}

fn receiver(function: &Function, errors: &mut Errors) {
    let shared = "the tools of a toolset share the value: write `&self`, and change it through a lock";
    match function.signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => match &receiver.kind {
            ReceiverKind::Reference(_, _, None) => {}
            _ => errors.push_at(receiver, shared),
        },
        _ => errors.push(
            function.ident().span(),
            "a method without `&self` is no tool of the set: add it, or make this a free function with `#[tool]`",
        ),
    }
}

fn expand_block(block: &Block, krate: &syn::Path, tools: &[(Vec<Attribute>, Tool)], errors: &Errors) -> TokenStream {
    let Block { attributes, generics, self_type, members } = block;
    let where_clause = &generics.where_clause;
    let members = members.iter().map(|member| match member {
        Member::Tool { function, .. } => {
            let mut function = function.clone();
            // A second one has been reported.
            function.attributes.retain(|attribute| !is_tool(attribute));
            let item = expand::item(&function);
            quote_spanned!(generated()=> #[allow(clippy::unused_async)] #item)
        }
        Member::Unreadable(tokens) | Member::Other(tokens) => tokens.clone(),
    });
    let mut tokens = errors.to_tokens();
    tokens.extend(quote_spanned! {generated()=>
        #(#attributes)*
        impl #generics #self_type #where_clause {
            #(#members)*
        }
    });
    let gives = |member: &Member| matches!(member, Member::Tool { function, .. } if function.ident() == FUNCTION);
    if !generics.params.is_empty() || block.members.iter().any(gives) {
        return tokens;
    }
    let tools = if errors.is_empty() { tools } else { &[] };
    let (mut items, mut bounds, mut values) = (TokenStream::new(), TokenStream::new(), Vec::new());
    for (conditions, tool) in tools {
        let method = &tool.function;
        let type_name = format_ident!("__Tool_{}", method, span = generated());
        let statics = outside(expand::statics(tool));
        let callee = expand::Callee {
            path: quote_spanned!(generated()=> __Set::#method),
            receiver: Some(quote_spanned!(generated()=> &self.0)),
        };
        let implementation = outside(expand::implementation(tool, &type_name, &callee));
        bounds.extend(expand::bounds(tool));
        values.push(quote_spanned!(generated()=> #(#conditions)* __runlet::share(#type_name(__runlet::again(&__set)))));
        items.extend(quote_spanned! {generated()=>
            #(#conditions)*
            #[allow(non_camel_case_types)]
            struct #type_name(__runlet::Arc<__Set>);
            #(#conditions)*
            const _: () = { #statics #implementation };
        });
    }
    let tools = tools_function(self_type, &bounds, &values);
    tokens.extend(quote_spanned! {generated()=>
        #[allow(deprecated)]
        const _: () = {
            use #krate::__private as __runlet;
            type __Set = #self_type;
            #items
            #tools
        };
    });
    tokens
}

/// What stood inside the impl block, for a place outside it: the user's `Self` becomes the set's name.
fn outside(tokens: TokenStream) -> TokenStream {
    let rename = |token: TokenTree| match token {
        TokenTree::Ident(ident) if ident == "Self" => TokenTree::Ident(Ident::new("__Set", ident.span())),
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), outside(group.stream()));
            inner.set_span(group.span());
            TokenTree::Group(inner)
        }
        other => other,
    };
    tokens.into_iter().map(rename).collect()
}

/// `Files::tools(files)`: all tools of the set.
fn tools_function(self_type: &Type, bounds: &TokenStream, values: &[TokenStream]) -> TokenStream {
    let bounds = (!bounds.is_empty()).then(|| quote_spanned!(generated()=> where #bounds));
    quote_spanned! {generated()=>
        impl #self_type {
            /// The tools of the set, which share the value.
            #[allow(dead_code, unreachable_pub, private_bounds)]
            pub fn tools<__D: __runlet::Dependencies>(
                set: impl __runlet::Into<__runlet::Arc<Self>>,
            ) -> __runlet::Vec<__runlet::Arc<dyn __runlet::Tool<__D>>>
            #bounds
            {
                let __set: __runlet::Arc<Self> = __runlet::Into::into(set);
                __runlet::list([#(#values),*])
            }
        }
    }
}

impl Parse for Block {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        if !input.peek(Token![impl]) {
            return Err(input.error("`#[toolset]` stands on an `impl` block"));
        }
        input.parse::<Token![impl]>()?;
        let mut generics: Generics = input.parse()?;
        let self_type: Type = input.parse()?;
        if input.peek(Token![for]) {
            return Err(input.error("the tools of a set are its own methods: write `impl Type`, without a trait"));
        }
        generics.where_clause = input.parse()?;
        let content;
        syn::braced!(content in input);
        let mut members = Vec::new();
        while !content.is_empty() {
            members.push(member(&content)?);
        }
        Ok(Self { attributes, generics, self_type, members })
    }
}

/// Reads one member: its tokens up to the end of its body or its semicolon.
fn member(content: ParseStream<'_>) -> syn::Result<Member> {
    let mut tokens = TokenStream::new();
    loop {
        let token: TokenTree = content.parse()?;
        let ends = match &token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        };
        token.to_tokens(&mut tokens);
        if ends || content.is_empty() {
            break;
        }
    }
    let Ok(mut function) = Function::parse.parse2(tokens.clone()) else {
        let attributed = |input: ParseStream<'_>| {
            let attributes = input.call(Attribute::parse_outer)?;
            input.parse::<TokenStream>()?;
            Ok(attributes.iter().any(is_tool))
        };
        let unreadable = attributed.parse2(tokens.clone()).unwrap_or(false);
        return Ok(if unreadable { Member::Unreadable(tokens) } else { Member::Other(tokens) });
    };
    let Some(place) = function.attributes.iter().position(is_tool) else { return Ok(Member::Other(tokens)) };
    let attribute = function.attributes.remove(place);
    let settings = match attribute.meta {
        syn::Meta::List(list) => list.tokens,
        syn::Meta::Path(_) | syn::Meta::NameValue(_) => TokenStream::new(),
    };
    Ok(Member::Tool { function: Box::new(function), settings })
}

fn is_tool(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == "tool")
}

//! A checked tool as code. No decision is left to make here.
//!
//! What the code needs more than a line for is a function in `runlet::__private`: the expansion is short to read, and
//! to compile.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::{Attribute, FnArg};

use super::check;
use super::model::{Argument, Effect, Parameter, Source, Tool};
use super::parse::{Function, Settings};
use crate::attribute::Number;
use crate::errors::Errors;
use crate::span::{generated, hidden_twin, pointing_at};
use crate::strip;

/// The function as it came, then the type that stands for the tool.
pub(crate) fn tool(function: &Function, tool: &Tool) -> TokenStream {
    let item = item(function);
    let kind = kind(tool);
    let krate = &tool.krate;
    let type_name = &tool.type_name;
    let statics = statics(tool);
    let callee = Callee { path: tool.function.to_token_stream(), receiver: None };
    let implementation = implementation(tool, type_name, &callee);
    let companions = companions(tool);
    quote_spanned! {generated()=>
        // A tool is asynchronous whether it waits or not.
        #[allow(clippy::unused_async)]
        #item
        #kind
        #[allow(deprecated)]
        const _: () = {
            use #krate::__private as __runlet;
            #statics
            #implementation
            #companions
        };
    }
}

/// The function as it came and a tool that does nothing, behind the errors.
pub(crate) fn stub(function: &Function, settings: &Settings, errors: &Errors) -> TokenStream {
    let mut tokens = errors.to_tokens();
    let mut function = function.clone();
    // What the compiler would report again.
    function.signature.constness = None;
    function.signature.variadic = None;
    function.attributes.retain(|attribute| !attribute.path().is_ident("tool"));
    let item = item(&function);
    tokens.extend(quote_spanned!(generated()=> #[allow(dead_code, unused_variables)] #item));
    if function.signature.receiver().is_some() {
        // Most likely inside an impl block, where no type can be declared.
        return tokens;
    }
    let mut ignored = Errors::default();
    let krate = check::krate(settings, &mut ignored);
    let type_name = check::type_name(&function, settings, &mut ignored);
    let visibility = &function.visibility;
    tokens.extend(quote_spanned! {generated()=>
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility struct #type_name {}
        const _: () = {
            use #krate::__private as __runlet;
            __runlet::tool_type!(#visibility #type_name = "" () ());
            __runlet::stub!(#type_name);
        };
    });
    tokens
}

/// The function without what only the macro may see.
pub(crate) fn item(function: &Function) -> TokenStream {
    let Function { attributes, visibility, signature, body } = function;
    let mut signature = signature.clone();
    for input in &mut signature.inputs {
        let attributes = match input {
            FnArg::Receiver(receiver) => &mut receiver.attrs,
            FnArg::Typed(typed) => &mut typed.attrs,
        };
        *attributes = strip::parameter_attributes(attributes);
    }
    quote!(#(#attributes)* #visibility #signature #body)
}

fn kind(tool: &Tool) -> TokenStream {
    let Tool { visibility, type_name, .. } = tool;
    quote_spanned! {generated()=>
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility struct #type_name {}
    }
}

/// One `static` per argument and one for the tool.
pub(crate) fn statics(tool: &Tool) -> TokenStream {
    let mut statics = aliases(tool);
    let mut specs = TokenStream::new();
    for (index, (conditions, argument)) in arguments(tool).enumerate() {
        let name = argument_static(index);
        let ty = &argument.ty;
        let value = argument_value(index, argument, conditions, &mut statics);
        statics.extend(quote_spanned!(generated()=> #(#conditions)* static #name: __runlet::Arg<#ty> = #value;));
        specs.extend(quote_spanned!(generated()=> #(#conditions)* #name.spec(),));
    }
    let (name, description) = (&tool.name, tool.description.expression());
    let settings = settings(tool);
    statics.extend(quote_spanned! {generated()=>
        static __TOOL: __runlet::Definition = __runlet::Definition::new(#name, #description, &[#specs]) #settings;
    });
    statics
}

fn arguments(tool: &Tool) -> impl Iterator<Item = (&[Attribute], &Argument)> {
    tool.parameters.iter().filter_map(|parameter| match &parameter.source {
        Source::Model(argument) => Some((parameter.conditions.as_slice(), &**argument)),
        Source::Run { .. } => None,
    })
}

fn argument_static(index: usize) -> Ident {
    format_ident!("__ARG_{index}", span = generated())
}

/// The value of an argument's `static`. A pattern needs a `static` of its own, as it is compiled in place.
fn argument_value(
    index: usize,
    argument: &Argument,
    conditions: &[Attribute],
    statics: &mut TokenStream,
) -> TokenStream {
    let (name, description) = (&argument.name, argument.description.expression());
    let (at, ty) = (pointing_at(argument.span), &argument.ty);
    let mut value = quote_spanned!(at=> __runlet::arg::<#ty>(#name, #description));
    let mut push = |tokens: TokenStream| value.extend(tokens);
    if let Some(default) = &argument.default {
        let json = if let Some(json) = &default.json {
            quote_spanned!(generated()=> __runlet::Option::Some(#json))
        } else {
            quote_spanned!(generated()=> __runlet::Option::None)
        };
        let expression = &default.value;
        let expression = match expression {
            syn::Expr::Lit(literal) if matches!(literal.lit, syn::Lit::Str(_)) => {
                let at = pointing_at(literal.lit.span());
                quote_spanned!(at=> __runlet::text(#literal))
            }
            other => other.to_token_stream(),
        };
        push(quote_spanned!(generated()=> .default(|| #expression, #json)));
    }
    if let Some(json) = &argument.example {
        push(quote_spanned!(generated()=> .example(#json)));
    }
    for (key, number) in [("min", argument.min), ("max", argument.max)] {
        let (method, number) = match number {
            Some(Number::Integer(number)) => {
                (format_ident!("{key}", span = generated()), Literal::i128_unsuffixed(number))
            }
            Some(Number::Float(number)) => {
                (format_ident!("{key}_float", span = generated()), Literal::f64_unsuffixed(number))
            }
            None => continue,
        };
        push(quote_spanned!(generated()=> .#method(#number)));
    }
    for (key, length) in [("min_len", argument.min_len), ("max_len", argument.max_len)] {
        let Some(length) = length.map(Literal::usize_unsuffixed) else { continue };
        let method = format_ident!("{key}", span = generated());
        push(quote_spanned!(generated()=> .#method(#length)));
    }
    if let Some(pattern) = &argument.pattern {
        let name = format_ident!("__PATTERN_{index}", span = generated());
        statics.extend(quote_spanned! {generated()=>
            #(#conditions)* static #name: __runlet::Pattern = __runlet::Pattern::new(#pattern);
        });
        push(quote_spanned!(generated()=> .pattern(&#name)));
    }
    if let Some(format) = &argument.format {
        push(quote_spanned!(generated()=> .format(#format)));
    }
    value
}

fn settings(tool: &Tool) -> TokenStream {
    let mut settings = TokenStream::new();
    let mut push = |tokens: TokenStream| settings.extend(tokens);
    if let Some(title) = &tool.title {
        push(quote_spanned!(generated()=> .title(#title)));
    }
    match tool.effect {
        Some(Effect::Read) => push(quote_spanned!(generated()=> .effect(__runlet::Effect::Read))),
        Some(Effect::Idempotent) => push(quote_spanned!(generated()=> .effect(__runlet::Effect::Idempotent))),
        Some(Effect::Write) | None => {}
    }
    if tool.sequential {
        push(quote_spanned!(generated()=> .sequential()));
    }
    if tool.approval {
        push(quote_spanned!(generated()=> .approval()));
    }
    if tool.blocking {
        push(quote_spanned!(generated()=> .blocking()));
    }
    if let Some(milliseconds) = tool.timeout_ms.map(Literal::u64_unsuffixed) {
        push(quote_spanned!(generated()=> .timeout(__runlet::Duration::from_millis(#milliseconds))));
    }
    if let Some(retries) = tool.retries.map(Literal::u32_unsuffixed) {
        push(quote_spanned!(generated()=> .retries(#retries)));
    }
    if let Some(bytes) = tool.max_output.map(Literal::usize_unsuffixed) {
        push(quote_spanned!(generated()=> .max_output(#bytes)));
    }
    settings
}

/// What the generated `Tool::call` calls, and the receiver it gives first.
pub(crate) struct Callee {
    pub(crate) path: TokenStream,
    pub(crate) receiver: Option<TokenStream>,
}

/// `impl Tool` for a type.
pub(crate) fn implementation(tool: &Tool, type_name: &Ident, callee: &Callee) -> TokenStream {
    let mut reads = TokenStream::new();
    let mut index = 0;
    let values: Vec<TokenStream> = tool
        .parameters
        .iter()
        .enumerate()
        .map(|(place, parameter)| {
            let conditions = &parameter.conditions;
            match &parameter.source {
                Source::Model(argument) => {
                    let (twin, name) = (hidden_twin(&argument.ident), argument_static(index));
                    index += 1;
                    reads.extend(quote_spanned!(generated()=> #(#conditions)* let #twin = __reader.take(&#name);));
                    quote_spanned!(generated()=> #(#conditions)* #twin?)
                }
                Source::Run { .. } => {
                    let ty = lent_type(place, parameter);
                    quote_spanned!(generated()=> #(#conditions)* <#ty as __runlet::Lend<__D>>::lend(__context))
                }
            }
        })
        .collect();
    let mutable = (index > 0).then(|| quote_spanned!(generated()=> mut));
    let (path, receiver) = (&callee.path, callee.receiver.iter());
    let output = Ident::new("__output", pointing_at(tool.output));
    // A plain function is called where it may block: the runtime knows by its spec.
    let wait = (!tool.blocking).then(|| quote_spanned!(generated()=> .await));
    let body = quote_spanned! {generated()=>
        let #mutable __reader = __TOOL.read(__arguments);
        #reads
        __reader.finish()?;
        let #output = #path(#(#receiver,)* #(#values),*) #wait;
        __runlet::IntoOutput::into_output(#output)
    };
    // A future that is not `Send` is pointed at by the function's name.
    let future = quote_spanned!(pointing_at(tool.function.span())=> __runlet::Box::pin(async move { #body }));
    let bounds = bounds(tool);
    let bounds = (!bounds.is_empty()).then(|| quote_spanned!(generated()=> where #bounds));
    quote_spanned! {generated()=>
        impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for #type_name #bounds {
            fn spec(&self) -> &__runlet::ToolSpec {
                __TOOL.spec()
            }
            fn call<'a>(
                &'a self,
                __context: &'a __runlet::Context<__D>,
                __arguments: __runlet::Arguments<'a>,
            ) -> __runlet::ToolFuture<'a> {
                #future
            }
        }
    }
}

/// The bounds that say what the run has to lend.
pub(crate) fn bounds(tool: &Tool) -> TokenStream {
    let mut bounds = TokenStream::new();
    for (place, parameter) in tool.parameters.iter().enumerate() {
        if let Source::Run { span, .. } = &parameter.source {
            let ty = lent_type(place, parameter);
            bounds.extend(quote_spanned!(pointing_at(*span)=> #ty: __runlet::Lend<__D>,));
        }
    }
    bounds
}

/// The type a run lends. A bound cannot stand under `#[cfg]`, so a conditional parameter has an alias for its type,
/// which is something that every run lends where the parameter is gone.
fn lent_type(place: usize, parameter: &Parameter) -> TokenStream {
    match &parameter.source {
        Source::Run { ty, .. } if parameter.conditions.is_empty() => ty.clone(),
        _ => format_ident!("__Lent{place}", span = generated()).to_token_stream(),
    }
}

/// The aliases of conditional borrowed types.
fn aliases(tool: &Tool) -> TokenStream {
    let mut aliases = TokenStream::new();
    for (place, parameter) in tool.parameters.iter().enumerate() {
        let Source::Run { ty, .. } = &parameter.source else { continue };
        let conditions = &parameter.conditions;
        let predicates =
            conditions.iter().filter_map(|condition| condition.meta.require_list().ok()).map(|list| &list.tokens);
        if !conditions.is_empty() {
            let alias = lent_type(place, parameter);
            aliases.extend(quote_spanned! {generated()=>
                #(#conditions)*
                type #alias = #ty;
                #[cfg(not(all(#(#predicates),*)))]
                type #alias = dyn __runlet::CallContext;
            });
        }
    }
    aliases
}

/// What the type has apart from `Tool`: written by a macro of the library, which is told the arguments and the loans.
fn companions(tool: &Tool) -> TokenStream {
    let Tool { type_name, visibility, name, .. } = tool;
    let arguments = arguments(tool).map(|(conditions, argument)| {
        let Argument { ty, name, .. } = argument;
        let twin = hidden_twin(&argument.ident);
        quote_spanned!(generated()=> #(#conditions)* #twin: #ty = #name,)
    });
    let lent = tool.parameters.iter().enumerate().filter_map(|(place, parameter)| match &parameter.source {
        Source::Run { .. } => Some(lent_type(place, parameter)),
        Source::Model(_) => None,
    });
    quote_spanned! {generated()=>
        __runlet::tool_type!(#visibility #type_name = #name (#(#arguments)*) (#(#lent,)*));
    }
}

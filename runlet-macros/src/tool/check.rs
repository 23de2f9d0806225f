//! Every rule and every message of `#[tool]`.

use std::str::FromStr;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{
    FnArg, GenericArgument, GenericParam, Pat, PatType, PathArguments, ReturnType, Safety, Type, WherePredicate,
};

use super::model::{Argument, Default, Effect, Parameter, Source, Tool, ungroup};
use super::parse::{Function, Settings, rules};
use crate::attribute::{Entry, Number};
use crate::docs::Docs;
use crate::errors::{Errors, meant};
use crate::{span, strip};

/// The longest name that every provider accepts (all take 64 characters).
const MAX_NAME: usize = 64;

/// The formats of JSON Schema 2020-12. The first nine are enforced on every call.
const FORMATS: &[&str] = &[
    "date-time",
    "date",
    "time",
    "email",
    "hostname",
    "uri",
    "uuid",
    "ipv4",
    "ipv6",
    "duration",
    "idn-email",
    "idn-hostname",
    "uri-reference",
    "iri",
    "iri-reference",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];

/// Checks a free function.
pub(crate) fn tool(function: &Function, settings: &Settings, errors: &mut Errors) -> Option<Tool> {
    if let Some(receiver) = function.signature.receiver() {
        errors.push(
            receiver.self_token.span,
            "a tool has no `self`: for methods, put `#[runlet::toolset]` on the impl block and `#[tool]` on each",
        );
    }
    let krate = krate(settings, errors);
    let type_name = type_name(function, settings, errors);
    checked(function, settings, "", (krate, type_name), errors)
}

/// Checks a method of a toolset. Its receiver has been checked by the toolset.
pub(crate) fn method(
    function: &Function,
    settings: &Settings,
    prefix: &str,
    krate: syn::Path,
    errors: &mut Errors,
) -> Option<Tool> {
    for key in ["type", "crate"] {
        if let Some(entry) = settings.get(key) {
            errors.push(
                entry.key.span(),
                format!(
                    "`{key}` does not go on a method; {}",
                    match key {
                        "crate" => "put it on the impl block: `#[toolset(crate = ..)]`",
                        _ => "the tools of a toolset have no types of their own",
                    }
                ),
            );
        }
    }
    checked(function, settings, prefix, (krate, function.ident().clone()), errors)
}

fn checked(
    function: &Function,
    settings: &Settings,
    prefix: &str,
    (krate, type_name): (syn::Path, Ident),
    errors: &mut Errors,
) -> Option<Tool> {
    let blocking = flag(settings, "blocking", errors);
    // With a wrong value, too, it says what the function is to be.
    let plain = blocking || settings.get("blocking").is_some_and(|entry| entry.flag().is_err());
    signature(function, plain, errors);
    returned(function, errors);
    let parameters = parameters(function, errors);
    let name = name(function, settings, prefix, errors)?;
    let effect = effect(settings, errors);
    let retries = retries(settings, effect, errors);
    let description = match settings.get("description") {
        Some(entry) => errors.keep(entry.string("Looks up an order.")).map(|(text, _)| Docs::given(text)),
        None => Some(Docs::of(&function.attributes)),
    };
    let output = match &function.signature.output {
        ReturnType::Default => function.ident().span(),
        ReturnType::Type(_, ty) => span::first(ty),
    };
    Some(Tool {
        function: function.ident().clone(),
        visibility: function.visibility.clone(),
        type_name,
        name,
        description: description?,
        title: text(settings, "title", "Order lookup", errors),
        effect,
        sequential: flag(settings, "sequential", errors),
        approval: flag(settings, "approval", errors),
        blocking,
        timeout_ms: settings.get("timeout").and_then(|entry| errors.keep(duration(entry))),
        retries,
        max_output: count(settings, "max_output", "4096", errors),
        krate,
        parameters,
        output,
    })
}

/// The path of the `runlet` crate.
pub(crate) fn krate(settings: &Settings, errors: &mut Errors) -> syn::Path {
    let given = settings.get("crate").and_then(|entry| errors.keep(entry.path()));
    given.unwrap_or_else(|| syn::parse_quote_spanned!(span::generated()=> ::runlet))
}

pub(crate) fn type_name(function: &Function, settings: &Settings, errors: &mut Errors) -> Ident {
    let Some(entry) = settings.get("type") else { return function.ident().clone() };
    match &entry.value {
        Some(syn::Expr::Path(path)) if path.path.get_ident().is_some() => {
            path.path.get_ident().cloned().unwrap_or_else(|| function.ident().clone())
        }
        _ => {
            errors.push(entry.span(), "`type` takes a name for the tool's type: `type = LookupOrder`");
            function.ident().clone()
        }
    }
}

fn signature(function: &Function, blocking: bool, errors: &mut Errors) {
    let signature = &function.signature;
    let ident = &signature.ident;
    if let Some(token) = signature.constness {
        errors.push(token.span, "a tool cannot be `const`: remove it");
    }
    match signature.asyncness {
        Some(token) if blocking => errors.push(
            token.span,
            "a blocking tool is a plain function: remove `async`, or `blocking` if it waits with `.await` alone",
        ),
        None if !blocking && signature.constness.is_none() => errors.push(
            signature.fn_token.span,
            format!(
                "a tool is asynchronous: write `async fn {ident}`, or `#[tool(blocking)]` where it blocks its thread"
            ),
        ),
        _ => {}
    }
    if let Safety::Unsafe(token) = signature.safety {
        errors.push(token.span, "a tool cannot be `unsafe`: a model has no way to keep its conditions");
    }
    if let Some(abi) = &signature.abi {
        errors.push(abi.extern_token.span, "a tool cannot be `extern`: remove it");
    }
    if let Some(variadic) = &signature.variadic {
        errors.push_at(&variadic.dots, "a tool has a fixed list of arguments: take a `Vec` instead");
    }
    for parameter in &signature.generics.params {
        match parameter {
            GenericParam::Lifetime(_) => {}
            GenericParam::Type(parameter) => errors.push(
                parameter.ident.span(),
                "a tool cannot be generic: a model needs one schema; write the type itself, or `&dyn Trait` to borrow from the run",
            ),
            GenericParam::Const(parameter) => {
                errors.push(parameter.ident.span(), "a tool cannot be generic: write the number itself");
            }
        }
    }
    let has_types = signature.generics.type_params().next().is_some();
    if let Some(clause) = &signature.generics.where_clause
        && !has_types
        && clause.predicates.iter().any(|predicate| matches!(predicate, WherePredicate::Type(_)))
    {
        errors.push(clause.where_token.span, "a tool has nothing generic to bound: remove the `where`");
    }
    for attribute in &function.attributes {
        if attribute.path().segments.last().is_some_and(|segment| segment.ident == "tool") {
            errors.push_at(attribute.path(), "`#[tool]` stands here twice; remove one");
        }
    }
}

/// A text that is borrowed from the call ends with it, and the compiler would say so of the whole attribute.
fn returned(function: &Function, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = &function.signature.output else { return };
    let value = match ungroup(ty) {
        Type::Path(path) => path.path.segments.last().filter(|last| last.ident == "Result").and_then(|last| {
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            match arguments.args.first() {
                Some(GenericArgument::Type(value)) => Some(ungroup(value)),
                _ => None,
            }
        }),
        other => Some(other),
    };
    let Some(Type::Reference(reference)) = value else { return };
    let is_text = matches!(ungroup(&reference.elem), Type::Path(path) if path.path.is_ident("str"));
    if is_text && reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static") {
        errors.push_at(reference, "a tool owns what it returns: write `String`, or `&'static str` for a fixed text");
    }
}

fn parameters(function: &Function, errors: &mut Errors) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for input in &function.signature.inputs {
        let FnArg::Typed(input) = input else { continue };
        let Some(parameter) = parameter(function, input, errors) else { continue };
        if let Source::Model(argument) = &parameter.source {
            if names.contains(&argument.name) && parameter.conditions.is_empty() {
                let message =
                    format!("two arguments are named `{}`: rename one with `#[arg(name = \"..\")]`", argument.name);
                errors.push(argument.ident.span(), message);
            }
            names.push(argument.name.clone());
        }
        parameters.push(parameter);
    }
    parameters
}

fn parameter(function: &Function, input: &PatType, errors: &mut Errors) -> Option<Parameter> {
    let rules = rules(&input.attrs, errors);
    foreign_attributes(input, errors);
    let ident = pattern(&input.pat, errors);
    let source = match ungroup(&input.ty) {
        Type::Reference(reference) => {
            // Rules are right on what is to be taken by value anyway.
            if let Some(entry) = rules.first()
                && by_value(ungroup(&reference.elem)).is_none()
            {
                errors.push(
                    entry.key.span(),
                    "a borrowed parameter comes from the run and takes no `#[arg]`: take it by value if the model gives it",
                );
            }
            borrowed(function, reference, errors).map(|ty| Source::Run { ty, span: span::first(reference) })
        }
        ty => match (owned(ty, errors), ident) {
            (true, Some(ident)) => argument(function, input, ident, &rules, errors),
            _ => None,
        },
    };
    let conditions = input.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect();
    Some(Parameter { conditions, source: source? })
}

fn foreign_attributes(input: &PatType, errors: &mut Errors) {
    for attribute in &input.attrs {
        let path = attribute.path();
        if strip::FOREIGN.iter().any(|name| path.is_ident(name)) {
            errors.push_at(path, "a tool's parameter takes `#[arg(..)]`; other attributes go on its type");
        }
        if strip::hides_an_arg(attribute) {
            errors.push_at(path, "`#[arg]` cannot stand in `cfg_attr`: put `#[cfg]` on two parameters instead");
        }
    }
}

fn pattern<'a>(pattern: &'a Pat, errors: &mut Errors) -> Option<&'a Ident> {
    match pattern {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => return Some(&name.ident),
        Pat::Ident(name) => {
            errors.push_at(name, format!("a tool's parameter is a plain name: write `{}`", name.ident));
        }
        Pat::Wild(wild) => {
            errors.push(
                wild.underscore_token.span,
                "the model needs a name for each argument: write `_name`, or remove it",
            );
        }
        other => errors.push_at(other, "the model needs one name for each argument: take it apart in the body"),
    }
    None
}

/// The type behind a borrow, as the run is asked for it.
fn borrowed(function: &Function, reference: &syn::TypeReference, errors: &mut Errors) -> Option<TokenStream> {
    if let Some(mutability) = reference.mutability {
        errors.push(mutability.span, "the run lends to many tools at once: borrow with `&` and change through a lock");
        return None;
    }
    let referent = ungroup(&reference.elem);
    if let Some(instead) = by_value(referent) {
        errors.push_at(reference, format!("the model cannot give a borrowed value: take it by value, {instead}"));
        return None;
    }
    if let Some(lifetime) = reference.lifetime.as_ref().filter(|lifetime| lifetime.ident == "static") {
        errors.push_at(lifetime, "the run lends for one call, not for `'static`: write `&`");
        return None;
    }
    match referent {
        Type::Reference(inner) => {
            errors.push_at(inner, "the run lends the value itself: write one `&`");
            None
        }
        Type::ImplTrait(impl_trait) => {
            errors.push(impl_trait.impl_token.span, "a tool cannot be generic: write `dyn` to borrow from the run");
            None
        }
        other => spelled(other, Giver::Run, errors).then(|| without_lifetimes(function, other.to_token_stream())),
    }
}

/// What to write instead of a borrow that no run lends.
fn by_value(referent: &Type) -> Option<String> {
    match referent {
        Type::Path(path) if path.path.is_ident("str") => Some("`String`".to_owned()),
        Type::Slice(slice) => Some(format!("`Vec<{}>`", readable(&slice.elem))),
        _ => None,
    }
}

/// Whether a type can be taken from a model, as far as its spelling shows; the rest is for the compiler.
fn owned(ty: &Type, errors: &mut Errors) -> bool {
    if let Some(instead) = by_value(ty) {
        errors.push_at(ty, format!("a value of this type has no size: write {instead}"));
        return false;
    }
    spelled(ty, Giver::Model, errors)
}

/// Who gives the values of a type.
#[derive(Clone, Copy, PartialEq)]
enum Giver {
    Model,
    Run,
}

/// Looks for references, `impl Trait` and the like inside a type.
fn spelled(ty: &Type, giver: Giver, errors: &mut Errors) -> bool {
    match ungroup(ty) {
        Type::ImplTrait(impl_trait) => {
            errors
                .push(impl_trait.impl_token.span, "a tool cannot be generic: write the type itself, such as `String`");
            false
        }
        Type::Reference(reference) => {
            let instead = match by_value(ungroup(&reference.elem)) {
                Some(instead) => instead,
                None => format!("`{}`", readable(&reference.elem)),
            };
            let owner = if giver == Giver::Model { "an argument" } else { "what a run lends" };
            errors.push_at(reference, format!("{owner} owns all of its value: write {instead}"));
            false
        }
        Type::Infer(_) => {
            errors.leave_to_compiler();
            false
        }
        _ if giver == Giver::Run && !matches!(ty, Type::Path(_) | Type::Tuple(_) | Type::Array(_) | Type::Slice(_)) => {
            true
        }
        Type::TraitObject(object) => {
            errors.push_at(
                object,
                "a model cannot give a trait object: write the type itself, or borrow it from the run with `&`",
            );
            false
        }
        Type::FnPtr(pointer) => {
            errors.push_at(&pointer.fn_token, "a model cannot give a function: take what it would be made from");
            false
        }
        Type::Ptr(pointer) => {
            errors.push_at(&pointer.star_token, "a model cannot give a pointer: take the value itself");
            false
        }
        Type::Array(array) => spelled(&array.elem, giver, errors),
        Type::Slice(slice) => spelled(&slice.elem, giver, errors),
        // Every element is looked at: each has its own error.
        Type::Tuple(tuple) => tuple.elems.iter().filter(|element| !spelled(element, giver, errors)).count() == 0,
        Type::Path(path) => {
            let arguments = path.path.segments.iter().filter_map(|segment| match &segment.arguments {
                PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
                _ => None,
            });
            arguments.flatten().fold(true, |fine, argument| match argument {
                GenericArgument::Type(ty) => spelled(ty, giver, errors) && fine,
                _ => fine,
            })
        }
        _ => true,
    }
}

/// A type with the function's own lifetimes replaced by `'static`: an argument owns its value, and what a run lends
/// belongs to dependencies that are `'static`.
fn without_lifetimes(function: &Function, tokens: TokenStream) -> TokenStream {
    let own = |ident: &Ident| {
        ident == "_" || function.signature.generics.lifetimes().any(|parameter| parameter.lifetime.ident == *ident)
    };
    let mut result = TokenStream::new();
    let mut after_apostrophe = false;
    for token in tokens {
        let token = match token {
            TokenTree::Ident(ident) if after_apostrophe && own(&ident) => {
                TokenTree::Ident(Ident::new("static", ident.span()))
            }
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), without_lifetimes(function, group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other,
        };
        after_apostrophe = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
        result.extend([token]);
    }
    result
}

fn argument(
    function: &Function,
    input: &PatType,
    ident: &Ident,
    rules: &Settings,
    errors: &mut Errors,
) -> Option<Source> {
    let name = argument_name(ident, rules, errors)?;
    let argument = Argument {
        ident: ident.clone(),
        ty: without_lifetimes(function, ungroup(&input.ty).to_token_stream()),
        span: span::first(&input.ty),
        name,
        description: Docs::of(&input.attrs),
        default: rules.get("default").and_then(|entry| default(entry, errors)),
        example: rules.get("example").and_then(|entry| example(entry, errors)),
        min: number(rules, "min", errors),
        max: number(rules, "max", errors),
        min_len: count(rules, "min_len", "1", errors),
        max_len: count(rules, "max_len", "100", errors),
        pattern: rules.get("pattern").and_then(|entry| regex(entry, errors)),
        format: rules.get("format").and_then(|entry| format(entry, errors)),
    };
    ordered(&argument, rules, errors);
    applicable(ungroup(&input.ty), rules, errors);
    Some(Source::Model(Box::new(argument)))
}

fn default(entry: &Entry, errors: &mut Errors) -> Option<Default> {
    let Some(value) = entry.value.clone() else {
        errors.push(entry.key.span(), "`default` takes the value for a missing argument: `default = 10`");
        return None;
    };
    Some(Default { value, json: entry.json() })
}

fn example(entry: &Entry, errors: &mut Errors) -> Option<String> {
    let json = entry.json();
    if json.is_none() {
        errors.push_at(&entry.value, "`example` takes a literal, which stands in the schema: `example = \"A-17\"`");
    }
    json
}

fn regex(entry: &Entry, errors: &mut Errors) -> Option<String> {
    let (pattern, span) = errors.keep(entry.string("^[A-Z]-[0-9]+$"))?;
    match regex_lite::Regex::new(&pattern) {
        Ok(_) => Some(pattern),
        Err(error) => {
            errors.push(span, format!("not a regular expression that `regex-lite` reads: {error}"));
            None
        }
    }
}

fn format(entry: &Entry, errors: &mut Errors) -> Option<String> {
    let (format, span) = errors.keep(entry.string("date-time"))?;
    if FORMATS.contains(&format.as_str()) {
        return Some(format);
    }
    let known = format!("JSON Schema has no format `{format}`; it has `{}`", FORMATS.join("`, `"));
    let message = match meant(&format, FORMATS) {
        nearest if nearest.starts_with("did") => format!("{known}; {nearest}"),
        _ => known,
    };
    errors.push(span, message);
    None
}

/// Rejects ranges that hold nothing.
fn ordered(argument: &Argument, rules: &Settings, errors: &mut Errors) {
    let mut check = |key: &str, empty: bool| {
        if let (true, Some(entry)) = (empty, rules.get(key)) {
            errors
                .push(entry.span(), format!("`{key}` is above its `{}`: no value would do", key.replace("min", "max")));
        }
    };
    check("min", matches!((argument.min, argument.max), (Some(min), Some(max)) if min.is_above(max)));
    check("min_len", matches!((argument.min_len, argument.max_len), (Some(min), Some(max)) if min > max));
}

/// Rejects rules that the best-known types cannot meet. For all others a rule holds where the JSON value is of its kind.
fn applicable(ty: &Type, rules: &Settings, errors: &mut Errors) {
    let Type::Path(path) = ty else { return };
    let Some(name) = path.path.get_ident().map(Ident::to_string) else { return };
    let numeric =
        ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64"];
    let (wrong, instead): (&[&str], &str) = match name.as_str() {
        "String" => (&["min", "max"], "a text has `min_len`, `max_len`, `pattern` and `format`"),
        "bool" | "char" => (&["min", "max", "min_len", "max_len", "pattern", "format"], "this type has no such rule"),
        name if numeric.contains(&name) => {
            (&["min_len", "max_len", "pattern", "format"], "a number has `min` and `max`")
        }
        _ => return,
    };
    for entry in wrong.iter().filter_map(|key| rules.get(key)) {
        errors.push(entry.key.span(), format!("`{}` does not apply to `{name}`: {instead}", entry.key));
    }
}

fn argument_name(ident: &Ident, rules: &Settings, errors: &mut Errors) -> Option<String> {
    let (name, span) = match rules.get("name") {
        Some(entry) => errors.keep(entry.string("order-id"))?,
        None => (span::text(ident), ident.span()),
    };
    let legal = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
    if (1..=MAX_NAME).contains(&name.len()) && name.chars().all(legal) {
        return Some(name);
    }
    errors.push(span, format!(
        "`{name}` cannot name an argument: providers accept 1 to {MAX_NAME} of A-Z, a-z, 0-9, _, - and .; give it another with `#[arg(name = \"..\")]`"
    ));
    None
}

/// What the names of a toolset begin with.
pub(crate) fn prefix(entry: &Entry) -> syn::Result<String> {
    let (prefix, span) = entry.string("files_")?;
    if prefix.len() < MAX_NAME && prefix.chars().all(names_a_tool) {
        return Ok(prefix);
    }
    Err(syn::Error::new(
        span,
        format!(
            "`{prefix}` cannot begin the name of a tool: providers accept 1 to {MAX_NAME} of A-Z, a-z, 0-9, _ and -"
        ),
    ))
}

fn names_a_tool(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}

fn name(function: &Function, settings: &Settings, prefix: &str, errors: &mut Errors) -> Option<String> {
    let (name, span) = match settings.get("name") {
        Some(entry) => errors.keep(entry.string("lookup_order"))?,
        None => (format!("{prefix}{}", span::text(function.ident())), function.ident().span()),
    };
    if (1..=MAX_NAME).contains(&name.len()) && name.chars().all(names_a_tool) {
        return Some(name);
    }
    errors.push(span, format!(
        "`{name}` cannot name a tool: providers accept 1 to {MAX_NAME} of A-Z, a-z, 0-9, _ and -; give it another with `#[tool(name = \"..\")]`"
    ));
    None
}

fn effect(settings: &Settings, errors: &mut Errors) -> Option<Effect> {
    let word = errors.keep(settings.get("effect")?.word(&["read", "idempotent", "write"]))?;
    Some(match word.to_string().as_str() {
        "read" => Effect::Read,
        "idempotent" => Effect::Idempotent,
        _ => Effect::Write,
    })
}

fn retries(settings: &Settings, effect: Option<Effect>, errors: &mut Errors) -> Option<u32> {
    let entry = settings.get("retries")?;
    let retries = errors.keep(entry.count::<u32>("2"))?;
    let runs_once = match settings.get("effect") {
        Some(_) => effect == Some(Effect::Write),
        None => true,
    };
    if retries > 0 && runs_once {
        errors.push(
            entry.key.span(),
            "a tool that writes must not run twice for one call: remove `retries`, or say `effect = idempotent` or `effect = read`",
        );
    }
    Some(retries)
}

/// A length of time: a whole number and its unit, as `"500ms"`, `"30s"`, `"5m"` or `"1h"`.
fn duration(entry: &Entry) -> syn::Result<u64> {
    let example = "30s";
    let (text, span) = entry.string(example)?;
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scale: Option<u64> = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let milliseconds = number.parse::<u64>().ok().zip(scale).and_then(|(number, scale)| number.checked_mul(scale));
    match milliseconds {
        Some(0) => Err(syn::Error::new(span, "a timeout of nothing lets no call end: write at least `\"1ms\"`")),
        Some(milliseconds) => Ok(milliseconds),
        None => {
            Err(syn::Error::new(span, "not a length of time: write a number and `ms`, `s`, `m` or `h`, as `\"30s\"`"))
        }
    }
}

fn text(settings: &Settings, key: &str, example: &str, errors: &mut Errors) -> Option<String> {
    errors.keep(settings.get(key)?.string(example)).map(|(text, _)| text)
}

fn flag(settings: &Settings, key: &str, errors: &mut Errors) -> bool {
    settings.get(key).and_then(|entry| errors.keep(entry.flag())).unwrap_or(false)
}

fn count<N: FromStr>(settings: &Settings, key: &str, example: &str, errors: &mut Errors) -> Option<N> {
    errors.keep(settings.get(key)?.count(example))
}

fn number(settings: &Settings, key: &str, errors: &mut Errors) -> Option<Number> {
    errors.keep(settings.get(key)?.number())
}

/// A type as people write it: token streams print with spaces around everything.
fn readable(ty: &Type) -> String {
    let mut text = ungroup(ty).to_token_stream().to_string();
    for (spaced, tight) in [(" :: ", "::"), (" < ", "<"), (" >", ">"), (" ,", ","), ("& ", "&")] {
        text = text.replace(spaced, tight);
    }
    text
}

//! `#[derive(Deps)]`: a struct lends each of its fields to tools.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Field, GenericArgument, Member, Path, PathArguments, Type};

use crate::attribute;
use crate::errors::Errors;
use crate::span::{first, generated, pointing_at};
use crate::tool::model::ungroup;

/// Expands `#[derive(Deps)] item`.
pub(crate) fn deps(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(input) = errors.keep(syn::parse2::<DeriveInput>(item)) else { return errors.to_tokens() };
    let krate = krate(&input, &mut errors);
    let Data::Struct(data) = &input.data else {
        errors.push(input.ident.span(), "`Deps` is for structs: each field is lent by its type");
        return errors.to_tokens();
    };
    let mut lent = HashSet::new();
    let mut implementations = TokenStream::new();
    for (field, member) in data.fields.iter().zip(data.fields.members()) {
        if skipped(field, &mut errors) {
            continue;
        }
        for (ty, is_behind_pointer) in types(&field.ty) {
            if !lendable(ty, &input, &mut lent, &mut errors) {
                continue;
            }
            implementations.extend(implementation(&input, ty, &member, is_behind_pointer));
        }
    }
    // What can be lent is lent: tools that borrow it should not fail too.
    let errors = errors.to_tokens();
    quote_spanned! {generated()=>
        #errors
        const _: () = {
            use #krate::__private as __runlet;
            #implementations
        };
    }
}

fn krate(input: &DeriveInput, errors: &mut Errors) -> Path {
    let entries = settings(&input.attrs, &["crate"], errors);
    let given = entries.first().and_then(|entry| errors.keep(entry.path()));
    given.unwrap_or_else(|| syn::parse_quote_spanned!(generated()=> ::runlet))
}

fn skipped(field: &Field, errors: &mut Errors) -> bool {
    let entries = settings(&field.attrs, &["skip"], errors);
    entries.first().is_some_and(|entry| errors.keep(entry.flag()).unwrap_or(true))
}

fn settings(attributes: &[Attribute], known: &[&str], errors: &mut Errors) -> Vec<attribute::Entry> {
    let Some(attribute) = attributes.iter().find(|attribute| attribute.path().is_ident("deps")) else {
        return Vec::new();
    };
    match attribute.meta.require_list() {
        Ok(list) => attribute::entries(list.tokens.clone(), "#[deps]", known, errors),
        Err(error) => {
            errors.add(error);
            Vec::new()
        }
    }
}

/// The types a field lends: its own and, behind an `Arc` or a `Box`, the one inside.
fn types(ty: &Type) -> Vec<(&Type, bool)> {
    let ty = ungroup(ty);
    let mut types = vec![(ty, false)];
    if let Type::Path(path) = ty
        && let Some(last) = path.path.segments.last()
        && (last.ident == "Arc" || last.ident == "Box")
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        types.push((ungroup(inner), true));
    }
    types
}

fn lendable(ty: &Type, input: &DeriveInput, lent: &mut HashSet<String>, errors: &mut Errors) -> bool {
    if let Type::Path(path) = ty
        && let Some(ident) = path.path.get_ident()
        && input.generics.type_params().any(|parameter| parameter.ident == *ident)
    {
        errors.push(
            ty.span(),
            format!("a field of any type `{ident}` cannot be lent: write the type itself, or `#[deps(skip)]`"),
        );
        return false;
    }
    if !lent.insert(ty.to_token_stream().to_string()) {
        errors.push_at(ty,
            "two fields lend this type, and a tool could not say which: wrap one in a type of its own, or `#[deps(skip)]` it",
        );
        return false;
    }
    true
}

fn implementation(input: &DeriveInput, ty: &Type, member: &Member, is_behind_pointer: bool) -> TokenStream {
    let name = &input.ident;
    let (parameters, arguments, where_clause) = input.generics.split_for_impl();
    let field = quote_spanned!(generated()=> __runlet::Context::deps(context).#member);
    let value =
        if is_behind_pointer { quote_spanned!(generated()=> &*#field) } else { quote_spanned!(generated()=> &#field) };
    quote_spanned! {pointing_at(first(ty))=>
        impl #parameters __runlet::Lend<#name #arguments> for #ty #where_clause {
            fn lend<'__run>(context: &'__run __runlet::Context<#name #arguments>) -> &'__run Self {
                #value
            }
        }
    }
}

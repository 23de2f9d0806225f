//! Reads `key = value, flag` lists and the literals in them.

use std::fmt::Display;
use std::str::FromStr;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, ExprUnary, Lit, Token, UnOp};

use crate::errors::{Errors, meant, nearest};

/// One `key` or `key = value`.
pub(crate) struct Entry {
    pub(crate) key: Ident,
    pub(crate) value: Option<Expr>,
}

/// Reads a list of entries whose keys are known and different. What is wrong is noted; the rest is given.
pub(crate) fn entries(tokens: TokenStream, owner: &str, known: &[&str], errors: &mut Errors) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let parse = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match entry(input) {
                Ok(entry) => accept(entry, owner, known, &mut entries, errors),
                Err(error) => {
                    errors.add(error);
                    skip_to_comma(input)?;
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    let parsed = parse.parse2(tokens);
    errors.keep(parsed);
    entries
}

fn entry(input: ParseStream<'_>) -> syn::Result<Entry> {
    let key = match input.call(Ident::parse_any) {
        Ok(key) => key,
        Err(error) => return Err(syn::Error::new(error.span(), "expected `key = value`")),
    };
    if input.peek(syn::token::Paren) {
        return Err(syn::Error::new(key.span(), format!("write `{key} = ..`, not `{key}(..)`")));
    }
    let value = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(syn::Error::new(key.span(), format!("`{key} =` lacks its value")));
        }
        Some(ungroup(input.parse()?))
    } else {
        None
    };
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(syn::Error::new(input.span(), "expected a `,`"));
    }
    Ok(Entry { key, value })
}

fn accept(mut entry: Entry, owner: &str, known: &[&str], entries: &mut Vec<Entry>, errors: &mut Errors) {
    let key = entry.key.to_string();
    if !known.contains(&key.as_str()) {
        errors.push(entry.key.span(), format!("`{owner}` has no `{key}`; {}", meant(&key, known)));
        // It counts as what was meant, so that what depends on it is no second mistake.
        let Some(nearest) = nearest(&key, known) else { return };
        if entries.iter().all(|earlier| earlier.key != nearest) {
            entry.key = Ident::new(nearest, entry.key.span());
            entries.push(entry);
        }
    } else if entries.iter().any(|earlier| earlier.key == entry.key) {
        errors.push(entry.key.span(), format!("`{key}` is given twice; remove one"));
    } else {
        entries.push(entry);
    }
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// The expression inside the invisible groups that `macro_rules!` puts around what it captures.
fn ungroup(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => ungroup(*group.expr),
        other => other,
    }
}

impl Entry {
    pub(crate) fn span(&self) -> Span {
        self.value.as_ref().map_or_else(|| self.key.span(), syn::spanned::Spanned::span)
    }

    fn wrong(&self, wanted: impl Display) -> syn::Error {
        let message = format!("`{}` takes {wanted}", self.key);
        match &self.value {
            Some(value) => syn::Error::new_spanned(value, message),
            None => syn::Error::new(self.key.span(), message),
        }
    }

    fn literal(&self) -> Option<&Lit> {
        match &self.value {
            Some(Expr::Lit(literal)) => Some(&literal.lit),
            _ => None,
        }
    }

    /// A string literal.
    pub(crate) fn string(&self, example: &str) -> syn::Result<(String, Span)> {
        match self.literal() {
            Some(Lit::Str(text)) => Ok((text.value(), text.span())),
            _ => Err(self.wrong(format!("a string: `{} = \"{example}\"`", self.key))),
        }
    }

    /// A whole number that is not negative.
    pub(crate) fn count<N: FromStr>(&self, example: &str) -> syn::Result<N> {
        match self.literal() {
            Some(Lit::Int(number)) => number
                .base10_digits()
                .parse()
                .map_err(|_| self.wrong(format!("a smaller number: `{} = {example}`", self.key))),
            _ => Err(self.wrong(format!("a whole number: `{} = {example}`", self.key))),
        }
    }

    /// Whether a flag is set: `flag`, `flag = true` or `flag = false`.
    pub(crate) fn flag(&self) -> syn::Result<bool> {
        match (&self.value, self.literal()) {
            (None, _) => Ok(true),
            (_, Some(Lit::Bool(flag))) => Ok(flag.value),
            _ => Err(self.wrong(format!("no value: write `{}` alone", self.key))),
        }
    }

    /// One of a few words.
    pub(crate) fn word(&self, words: &[&str]) -> syn::Result<Ident> {
        let choice = || format!("`{}`", words.join("`, `"));
        match &self.value {
            Some(Expr::Path(path)) => match path.path.get_ident() {
                Some(word) if words.contains(&word.to_string().as_str()) => Ok(word.clone()),
                Some(word) => Err(syn::Error::new(
                    word.span(),
                    format!("`{}` has no `{word}`; {}", self.key, meant(&word.to_string(), words)),
                )),
                None => Err(self.wrong(format!("one of {}", choice()))),
            },
            _ => Err(self.wrong(format!("one of {}, without quotes", choice()))),
        }
    }

    /// An absolute path.
    pub(crate) fn path(&self) -> syn::Result<syn::Path> {
        let wanted = "an absolute path: `crate = ::kit::runlet` or `crate = crate::runlet`";
        let Some(Expr::Path(path)) = &self.value else { return Err(self.wrong(wanted)) };
        let first = path.path.segments.first().map(|segment| segment.ident.to_string());
        let absolute = path.path.leading_colon.is_some() || matches!(first.as_deref(), Some("crate" | "$crate"));
        if path.qself.is_none() && absolute { Ok(path.path.clone()) } else { Err(self.wrong(wanted)) }
    }

    /// A number literal, with an optional minus.
    pub(crate) fn number(&self) -> syn::Result<Number> {
        let number = self.value.as_ref().and_then(|value| match value {
            Expr::Lit(literal) => number(&literal.lit, ""),
            Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => match &**expr {
                Expr::Lit(literal) => number(&literal.lit, "-"),
                _ => None,
            },
            _ => None,
        });
        number.ok_or_else(|| self.wrong(format!("a number: `{} = 1`", self.key)))
    }

    /// A literal as JSON text.
    pub(crate) fn json(&self) -> Option<String> {
        match self.value.as_ref()? {
            Expr::Lit(literal) => json(&literal.lit),
            _ => self.number().ok().map(Number::json),
        }
    }
}

/// A number in an attribute.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    fn json(self) -> String {
        match self {
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => format!("{value:?}"),
        }
    }

    pub(crate) fn is_above(self, other: Self) -> bool {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => left > right,
            (left, right) => left.float() > right.float(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "only compared with another float")]
    fn float(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

fn number(literal: &Lit, sign: &str) -> Option<Number> {
    match literal {
        Lit::Int(value) => format!("{sign}{}", value.base10_digits()).parse().ok().map(Number::Integer),
        Lit::Float(value) => {
            let value: f64 = format!("{sign}{}", value.base10_digits()).parse().ok()?;
            value.is_finite().then_some(Number::Float(value))
        }
        _ => None,
    }
}

fn json(literal: &Lit) -> Option<String> {
    match literal {
        Lit::Str(text) => Some(json_string(&text.value())),
        Lit::Char(character) => Some(json_string(&character.value().to_string())),
        Lit::Bool(flag) => Some(flag.value.to_string()),
        other => number(other, "").map(Number::json),
    }
}

/// A text as a JSON string (RFC 8259 asks for `"`, `\` and the control characters to be escaped).
fn json_string(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            control if u32::from(control) < 0x20 => {
                json.push_str("\\u00");
                json.extend(
                    [u32::from(control) >> 4, u32::from(control) & 15]
                        .map(|digit| char::from_digit(digit, 16).unwrap_or('0')),
                );
            }
            other => json.push(other),
        }
    }
    json.push('"');
    json
}

//! A tool whose every rule has been checked.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Attribute, Expr, Path, Type, Visibility};

use crate::attribute::Number;
use crate::docs::Docs;

/// A tool that can be expanded without a further decision.
pub(crate) struct Tool {
    /// The function to call.
    pub(crate) function: Ident,
    pub(crate) visibility: Visibility,
    /// The name of the type that stands for the tool.
    pub(crate) type_name: Ident,
    /// The name the model calls it by.
    pub(crate) name: String,
    pub(crate) description: Docs,
    pub(crate) title: Option<String>,
    pub(crate) effect: Option<Effect>,
    pub(crate) sequential: bool,
    pub(crate) approval: bool,
    /// A plain function, which blocks its thread.
    pub(crate) blocking: bool,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) retries: Option<u32>,
    pub(crate) max_output: Option<usize>,
    pub(crate) krate: Path,
    pub(crate) parameters: Vec<Parameter>,
    /// Where a wrong return type is pointed at.
    pub(crate) output: Span,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Effect {
    Read,
    Idempotent,
    Write,
}

/// A parameter, from the model or from the run.
pub(crate) struct Parameter {
    /// The `#[cfg]`s it stands under.
    pub(crate) conditions: Vec<Attribute>,
    pub(crate) source: Source,
}

pub(crate) enum Source {
    /// Owned: the model gives it.
    Model(Box<Argument>),
    /// Borrowed: the run lends a value of this type, free of the function's own lifetimes.
    Run { ty: TokenStream, span: Span },
}

/// What the model gives.
pub(crate) struct Argument {
    pub(crate) ident: Ident,
    /// The type, free of the function's own lifetimes.
    pub(crate) ty: TokenStream,
    /// Where a type that no model can give is pointed at.
    pub(crate) span: Span,
    /// The name the model gives it by.
    pub(crate) name: String,
    pub(crate) description: Docs,
    pub(crate) default: Option<Default>,
    /// JSON text.
    pub(crate) example: Option<String>,
    pub(crate) min: Option<Number>,
    pub(crate) max: Option<Number>,
    pub(crate) min_len: Option<usize>,
    pub(crate) max_len: Option<usize>,
    pub(crate) pattern: Option<String>,
    pub(crate) format: Option<String>,
}

/// What stands for a missing argument.
pub(crate) struct Default {
    pub(crate) value: Expr,
    /// The same as JSON text, where it is a literal.
    pub(crate) json: Option<String>,
}

/// The type inside the invisible groups that `macro_rules!` puts around what it captures, and inside parentheses.
pub(crate) fn ungroup(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungroup(&group.elem),
        Type::Paren(paren) => ungroup(&paren.elem),
        other => other,
    }
}

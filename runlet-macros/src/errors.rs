//! Collects errors, so that one expansion reports every mistake at once.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The errors of one expansion.
#[derive(Default)]
pub(crate) struct Errors {
    first: Option<syn::Error>,
    silent: bool,
}

impl Errors {
    pub(crate) fn push(&mut self, span: Span, message: impl Display) {
        self.add(syn::Error::new(span, message));
    }

    /// Notes an error about all of some tokens.
    pub(crate) fn push_at(&mut self, tokens: &impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.first {
            Some(first) => first.combine(error),
            None => self.first = Some(error),
        }
    }

    /// The value, or a note of the error.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// Notes a mistake that the compiler reports by itself once it sees the item.
    pub(crate) fn leave_to_compiler(&mut self) {
        self.silent = true;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none() && !self.silent
    }

    /// The errors as tokens that make the compiler report them.
    pub(crate) fn to_tokens(&self) -> TokenStream {
        self.first.as_ref().map(syn::Error::to_compile_error).unwrap_or_default()
    }
}

/// What may have been meant by a word, as the end of a message; or else the words there are.
pub(crate) fn meant(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("there are `{}`", known.join("`, `")),
    }
}

/// The known word that another one is a misspelling of.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let (distance, candidate) = known.iter().map(|candidate| (distance(word, candidate), *candidate)).min()?;
    // A third of the letters wrong is a misspelling, more is another word.
    (distance * 3 <= candidate.len().max(3)).then_some(candidate)
}

/// The number of letters to insert, remove, replace or swap with their neighbour to turn one word into the other.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(64).collect();
    let right: Vec<char> = right.chars().take(64).collect();
    let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, from) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, to) in right.iter().enumerate() {
            let replaced = at(&above, column) + usize::from(from != to);
            let mut best = replaced.min(at(&above, column + 1) + 1).min(at(&current, column) + 1);
            let swapped = row > 0 && column > 0 && left.get(row - 1) == Some(to) && right.get(column - 1) == Some(from);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or_default()
}

//! Turns doc comments into descriptions for a model.
//!
//! The description is the text before the first heading: what follows (`# Errors`, `# Examples`) is for people. Lines of
//! a paragraph are joined by a space; paragraphs, lists, tables and code keep their lines.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{Attribute, Expr, Lit, Meta};

use crate::span::generated;

/// What is written in doc comments.
#[derive(Default)]
pub(crate) struct Docs {
    parts: Vec<Part>,
}

enum Part {
    Text(String),
    /// `#[doc = include_str!("..")]` and the like: known to the compiler only.
    Expression(TokenStream),
}

impl Docs {
    /// The docs among attributes, wherever they stand between others.
    pub(crate) fn of(attributes: &[Attribute]) -> Self {
        let mut parts = Vec::new();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
            // `#[doc(hidden)]` is a list and no text.
            let Meta::NameValue(meta) = &attribute.meta else { continue };
            parts.push(part(&meta.value));
        }
        Self { parts }
    }

    /// A description given as one text.
    pub(crate) fn given(text: String) -> Self {
        Self { parts: vec![Part::Text(text)] }
    }

    /// The description as an expression of type `&'static str`.
    pub(crate) fn expression(&self) -> TokenStream {
        let mut text = String::new();
        let mut expressions = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(line) => {
                    text.push_str(line);
                    text.push('\n');
                }
                Part::Expression(expression) => {
                    let before = std::mem::take(&mut text);
                    expressions.push(quote_spanned!(generated()=> #before, #expression, "\n",));
                }
            }
        }
        if expressions.is_empty() {
            let description = describe(&text);
            return quote_spanned!(generated()=> #description);
        }
        quote_spanned!(generated()=> __runlet::concat!(#(#expressions)* #text))
    }
}

fn part(value: &Expr) -> Part {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Part::Text(text.value()),
            other => Part::Expression(quote_spanned!(generated()=> #other)),
        },
        Expr::Group(group) => part(&group.expr),
        other => Part::Expression(quote_spanned!(generated()=> #other)),
    }
}

/// The description in the text of a doc comment.
fn describe(text: &str) -> String {
    let mut description = String::new();
    let mut fenced = false;
    for line in text.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
        let start = line.trim_start();
        let fence = start.starts_with("```") || start.starts_with("~~~");
        if !fenced && is_heading(start) {
            break;
        }
        let joins = !fenced && !fence && !stands_alone(line) && !description.is_empty() && !description.ends_with('\n');
        if line.is_empty() && !fenced {
            if !description.is_empty() && !description.ends_with("\n\n") {
                description.push_str(if description.ends_with('\n') { "\n" } else { "\n\n" });
            }
        } else if joins {
            description.push(' ');
            description.push_str(start);
        } else {
            if !description.is_empty() && !description.ends_with('\n') {
                description.push('\n');
            }
            description.push_str(if fenced || stands_alone(line) { line } else { start });
            if fence || fenced {
                description.push('\n');
            }
        }
        fenced ^= fence;
    }
    description.trim().to_owned()
}

fn is_heading(line: &str) -> bool {
    let rest = line.trim_start_matches('#');
    rest.len() < line.len() && line.len() - rest.len() <= 6 && (rest.is_empty() || rest.starts_with(' '))
}

/// Whether a line begins a list item, a quote, a table row or indented code.
fn stands_alone(line: &str) -> bool {
    let start = line.trim_start();
    let numbered = start.trim_start_matches(|character: char| character.is_ascii_digit());
    ["- ", "* ", "+ ", "> ", "|"].iter().any(|mark| start.starts_with(mark))
        || (numbered.len() < start.len() && (numbered.starts_with(". ") || numbered.starts_with(") ")))
        || line.starts_with("    ")
}

#[cfg(test)]
mod tests {
    use super::describe;

    fn check(docs: &str, description: &str) {
        assert_eq!(describe(docs), description);
    }

    #[test]
    fn lines_of_a_paragraph_are_joined() {
        check(" Looks up\n an order.", "Looks up an order.");
        check(" One.\n\n\n Two.", "One.\n\nTwo.");
        check("", "");
        check("\n\n Late. \n", "Late.");
    }

    #[test]
    fn the_description_ends_at_the_first_heading() {
        check(" Looks up.\n\n # Errors\n Many.", "Looks up.");
        check(" #1 in sales.", "#1 in sales.");
    }

    #[test]
    fn lists_tables_and_code_keep_their_lines() {
        check(" One of:\n - a\n   more\n - b", "One of:\n- a more\n- b");
        check(" ```\n # no heading\n\n x\n ```\n After\n it.", "```\n# no heading\n\nx\n```\nAfter it.");
        check(" 1. one\n 2. two", "1. one\n2. two");
    }
}

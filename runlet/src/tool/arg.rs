//! One argument of a tool: its schema, its parser and its rules, in one typed constant.

use std::fmt;

/// Placeholder
#[derive(Debug)]
pub struct Arg<T>(std::marker::PhantomData<T>);
/// Placeholder
pub const fn arg<T>() -> Arg<T> {
    Arg(std::marker::PhantomData)
}
/// Placeholder
#[derive(Debug)]
pub struct ArgumentProblem;
/// Placeholder
#[derive(Debug)]
pub struct ArgumentProblems;
pub(crate) struct ArgumentPlan;

//! What generated code may touch. Nothing here is for people: it changes without notice.

pub use std::boxed::Box;
pub use std::clone::Clone;
pub use std::concat;
pub use std::convert::Into;
pub use std::default::Default;
pub use std::fmt;
pub use std::marker::Copy;
pub use std::option::Option;
pub use std::primitive::str;
pub use std::string::String;
pub use std::stringify;
pub use std::sync::Arc;
pub use std::time::Duration;
pub use std::vec::Vec;

pub use runlet_macros::{agent_mistake, agent_tool};
use serde::Serialize;
use serde_json::Result as JsonResult;

pub use crate::context::{CallContext, Context, Lend};
pub use crate::tool::{
    Arg, Argument, Arguments, Definition, Effect, IntoOutput, Pattern, Tool, ToolError, ToolFuture, ToolOutput,
    ToolSpec, arg,
};
pub use crate::{__runlet_stub as stub, __runlet_tool_type as tool_type};

/// What dependencies can be: shared with tools that run in tasks of their own.
pub trait Dependencies: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<D: Send + Sync + 'static> Dependencies for D {}

/// A value for an argument of type `T` at a typed call: a `T` that can be written as JSON.
///
/// It stands as a bound on the caller's value, so that a tool whose arguments cannot be written compiles as long as
/// nobody calls it this way.
#[diagnostic::on_unimplemented(
    message = "the argument is a `{T}`, and a `{Self}` cannot be given for it",
    note = "a typed call writes its arguments as JSON, as a model does: `{T}` needs `#[derive(serde::Serialize)]`"
)]
pub trait Given<T> {
    /// The value as JSON text.
    fn json(&self) -> JsonResult<String>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Given<T> for T {
    fn json(&self) -> JsonResult<String> {
        serde_json::to_string(self)
    }
}

/// Calls a tool with arguments by name, through the same door as a model's call: within its time, with its retries, its
/// output cut.
pub fn call<'a, D: Dependencies>(
    tool: impl Tool<D>,
    context: &'a Context<D>,
    arguments: &[(&str, JsonResult<String>)],
) -> ToolFuture<'a> {
    let json = object(arguments);
    Box::pin(async move { crate::runtime::call_alone(Arc::new(tool), context, json?).await })
}

/// A JSON object of values that are JSON text.
fn object(arguments: &[(&str, JsonResult<String>)]) -> Result<String, ToolError> {
    let mut entries = Vec::new();
    for (name, value) in arguments {
        let value = value.as_ref().map_err(|error| ToolError::failed(format!("`{name}` is not JSON: {error}")))?;
        // The macro lets a name hold nothing that JSON would escape.
        entries.push(format!("\"{name}\":{value}"));
    }
    Ok(format!("{{{}}}", entries.join(",")))
}

/// A type that a string literal can be the default of.
#[diagnostic::on_unimplemented(
    message = "a text cannot be the default of a `{Self}`",
    label = "a `{Self}` is not made from text",
    note = "`default` takes any expression of type `{Self}`"
)]
pub trait FromText {
    /// The value of a literal.
    fn from_text(text: &'static str) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: From<&'static str>> FromText for T {
    fn from_text(text: &'static str) -> Self {
        text.into()
    }
}

/// One tool of a toolset.
pub fn share<D: Dependencies>(tool: impl Tool<D>) -> Arc<dyn Tool<D>> {
    Arc::new(tool)
}

/// One more handle on a toolset's value.
pub fn again<T>(set: &Arc<T>) -> Arc<T> {
    Arc::clone(set)
}

/// The tools of a toolset.
pub fn list<D: Dependencies, const N: usize>(tools: [Arc<dyn Tool<D>>; N]) -> Vec<Arc<dyn Tool<D>>> {
    tools.into()
}

/// The value of a string literal.
pub fn text<T: FromText>(text: &'static str) -> T {
    T::from_text(text)
}

/// Fails the build where two tools of an agent have the same name. Empty names, of tools written by hand, are not
/// compared.
pub const fn assert_unique(names: &[&str]) {
    let mut left = 0;
    while left < names.len() {
        let mut right = left + 1;
        while right < names.len() {
            if same(names[left].as_bytes(), names[right].as_bytes()) {
                fail(names[left].as_bytes());
            }
            right += 1;
        }
        left += 1;
    }
}

/// Whether two names are the same and not empty.
const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() || left.is_empty() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Panics in the compiler with the name in the message: a constant can only show text that it has put together itself.
const fn fail(name: &[u8]) -> ! {
    const HEAD: &[u8] = b"two tools of this agent are named `";
    const TAIL: &[u8] = b"`: rename one with `#[tool(name = \"..\")]`";
    let mut text = [b' '; 192];
    let mut end = 0;
    let parts: [&[u8]; 3] = [HEAD, name, TAIL];
    let mut part = 0;
    while part < parts.len() {
        let mut index = 0;
        while index < parts[part].len() && end < text.len() {
            text[end] = parts[part][index];
            end += 1;
            index += 1;
        }
        part += 1;
    }
    match std::str::from_utf8(text.split_at(end).0) {
        Ok(text) => panic!("{}", text),
        Err(_) => panic!("two tools of this agent have the same name"),
    }
}

/// The name of a tool type that has none as a constant: one written by hand. An inherent `NAME` is preferred to it.
pub trait Unnamed {
    /// Empty.
    const NAME: &'static str = "";
}

impl<T: ?Sized> Unnamed for T {}

/// What every generated tool type has apart from `Tool`: the traits that lints ask for, the name for `agent!`, and the
/// typed call. Takes the type and its name, the arguments, and the types that the run lends.
#[doc(hidden)]
#[macro_export]
macro_rules! __runlet_tool_type {
    (
        $visibility:vis $type:ident = $name:literal
        ($($(#[$condition:meta])* $argument:ident: $argument_type:ty = $argument_name:literal,)*)
        ($($lent:ty,)*)
    ) => {
        #[automatically_derived]
        impl $crate::__private::Clone for $type {
            #[inline]
            fn clone(&self) -> Self {
                *self
            }
        }
        impl $crate::__private::Copy for $type {}
        impl $crate::__private::Default for $type {
            #[inline]
            fn default() -> Self {
                Self {}
            }
        }
        impl $crate::__private::fmt::Debug for $type {
            #[inline]
            fn fmt(&self, f: &mut $crate::__private::fmt::Formatter<'_>) -> $crate::__private::fmt::Result {
                f.write_str($name)
            }
        }
        #[allow(unreachable_pub, private_bounds, private_interfaces)]
        impl $type {
            #[doc(hidden)]
            pub const NAME: &'static $crate::__private::str = $name;

            #[doc(hidden)]
            $visibility fn call<'a, __D: $crate::__private::Dependencies>(
                context: &'a $crate::__private::Context<__D>,
                $($(#[$condition])* $argument: impl $crate::__private::Given<$argument_type>,)*
            ) -> $crate::__private::ToolFuture<'a>
            where
                $($lent: $crate::__private::Lend<__D>,)*
            {
                let arguments = [$($(#[$condition])* ($argument_name, $crate::__private::Given::json(&$argument)),)*];
                $crate::__private::call(Self {}, context, &arguments)
            }
        }
    };
}

/// What stands in for a tool that does not compile, so that its users do not fail too.
#[doc(hidden)]
#[macro_export]
macro_rules! __runlet_stub {
    ($type:ident) => {
        impl<D: $crate::__private::Dependencies> $crate::__private::Tool<D> for $type {
            fn spec(&self) -> &$crate::__private::ToolSpec {
                loop {}
            }
            fn call<'a>(
                &'a self,
                _: &'a $crate::__private::Context<D>,
                _: $crate::__private::Arguments<'a>,
            ) -> $crate::__private::ToolFuture<'a> {
                loop {}
            }
        }
    };
}

//! `agent!`: an agent as a struct literal.

/// Declares an [`Agent`](crate::Agent): the builder, spelled as a struct literal.
///
/// The head names the agent, the type of the dependencies its tools borrow from (`()` unless given) and the type of its
/// answer (`String`, the model's text, unless given):
///
/// ```
/// # use runlet::testing::ScriptedModel;
/// # #[derive(serde::Deserialize, schemars::JsonSchema)] struct Resolution { refund: bool }
/// # struct Shop;
/// use runlet::agent;
///
/// // A name, dependencies and an output type.
/// let support = agent!(support::<Shop, Resolution> {
///     model: ScriptedModel::new(),
///     instructions: "Help users with orders.",
///     max_steps: 12,
/// });
///
/// // The same, with the types first and the name as a field.
/// let support = agent!(<Shop, Resolution> { name: "support", model: ScriptedModel::new() });
///
/// // No dependencies, text as the answer.
/// let greeter = agent!(greeter { model: ScriptedModel::new(), instructions: "Greet." });
/// ```
///
/// Every other `field: value` is the method of [`AgentBuilder`](crate::agent::AgentBuilder) of that name, called with
/// that value; a variable of the field's name stands alone, as in a struct literal: `model`. Two fields are lists:
///
/// * `tools: [lookup_order, shop::refund]` names `#[tool]` functions, as types. Whether the agent's dependencies can
///   lend what each of them borrows is checked here, at compile time.
/// * `hooks: [AuditHook::new()]` adds hooks.
///
/// The tools of a [`toolset`](macro@crate::toolset) and those made at run time are values, not types:
/// `toolset: Files::tools(files)`.
///
/// The agent is a plain value, not a `Result`. What cannot be seen at compile time (a name that a run-time tool took) is
/// reported by [`Agent::check`](crate::Agent::check) and by the first run, before anything is sent.
#[macro_export]
macro_rules! agent {
    ($name:ident :: < $($type:ty),+ $(,)? > { $($fields:tt)* }) => {
        $crate::__agent!(@fields [$crate::Agent::<$($type),+>::builder($crate::__private::stringify!($name))] [] $($fields)*)
    };
    (< $($type:ty),+ $(,)? > { $($fields:tt)* }) => {
        $crate::__agent!(@fields [$crate::Agent::<$($type),+>::builder("agent")] [] $($fields)*)
    };
    ($name:ident { $($fields:tt)* }) => {
        $crate::__agent!(@fields [$crate::Agent::<(), $crate::__private::String>::builder($crate::__private::stringify!($name))] [] $($fields)*)
    };
    ($($other:tt)*) => {
        $crate::__private::agent_mistake!(head $($other)*)
    };
}

/// The fields of [`agent!`], one after the other: `[what is built so far] [the names so far] the rest`.
#[doc(hidden)]
#[macro_export]
macro_rules! __agent {
    (@fields [$($builder:tt)*] [$($seen:ident)*] tools: [$($tool:ty),* $(,)?] $(, $($rest:tt)*)?) => {{
        const _: () = {
            #[allow(unused_imports)]
            use $crate::__private::Unnamed as _;
            $crate::__private::assert_unique(&[$(<$tool>::NAME),*]);
        };
        $crate::__agent!(
            @fields
            [$($builder)* $(.tool($crate::__private::agent_tool!($crate::__private::Default, $tool)))*]
            [$($seen)* tools]
            $($($rest)*)?
        )
    }};
    (@fields [$($builder:tt)*] [$($seen:ident)*] hooks: [$($hook:expr),* $(,)?] $(, $($rest:tt)*)?) => {
        $crate::__agent!(@fields [$($builder)* $(.hook($hook))*] [$($seen)* hooks] $($($rest)*)?)
    };
    (@fields [$($builder:tt)*] [$($seen:ident)*] tools: $other:expr $(, $($rest:tt)*)?) => {
        $crate::__private::agent_mistake!(tools $other)
    };
    (@fields [$($builder:tt)*] [$($seen:ident)*] hooks: $other:expr $(, $($rest:tt)*)?) => {
        $crate::__private::agent_mistake!(hooks $other)
    };
    (@fields [$($builder:tt)*] [$($seen:ident)*] $field:ident: $value:expr $(, $($rest:tt)*)?) => {
        $crate::__agent!(@fields [$($builder)* .$field($value)] [$($seen)* $field] $($($rest)*)?)
    };
    (@fields [$($builder:tt)*] [$($seen:ident)*] $field:ident $(, $($rest:tt)*)?) => {
        $crate::__agent!(@fields [$($builder)* .$field($field)] [$($seen)* $field] $($($rest)*)?)
    };
    (@fields [$($builder:tt)*] [$($seen:ident)*] $($other:tt)+) => {
        $crate::__private::agent_mistake!(field $($other)+)
    };
    (@fields [$($builder:tt)*] [$($seen:ident)*]) => {{
        // A field that is given twice is an error here, at the second one.
        #[allow(dead_code, unused_variables)]
        fn fields($($seen: ()),*) {}
        $($builder)*.build_unchecked()
    }};
}

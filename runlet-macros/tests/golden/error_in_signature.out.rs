::core::compile_error! {
    "`#[tool]` has no `retires`; did you mean `retries`?"
}
::core::compile_error! {
    "a tool is asynchronous: write `async fn find`, or `#[tool(blocking)]` where it blocks its thread"
}
::core::compile_error! {
    "a tool cannot be generic: a model needs one schema; write the type itself, or `&dyn Trait` to borrow from the run"
}
::core::compile_error! {
    "`#[arg]` has no `mim`; did you mean `min`?"
}
::core::compile_error! {
    "a borrowed parameter comes from the run and takes no `#[arg]`: take it by value if the model gives it"
}
::core::compile_error! {
    "the model cannot give a borrowed value: take it by value, `String`"
}
::core::compile_error! {
    "the model needs one name for each argument: take it apart in the body"
}
::core::compile_error! {
    "a tool that writes must not run twice for one call: remove `retries`, or say `effect = idempotent` or `effect = read`"
}
#[allow(dead_code, unused_variables)]
/// Finds.
fn find<T: Display>(what: &str, (a, b): (u8, u8)) -> String {
    what.to_owned()
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct find {}
const _: () = {
    use ::runlet::__private as __runlet;
    __runlet::tool_type!(find = ""() ());
    __runlet::stub!(find);
};

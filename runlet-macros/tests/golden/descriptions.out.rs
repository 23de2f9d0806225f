#[allow(clippy::unused_async)]
/// Finds orders
/// by any of:
/// - their number
/// - their buyer
///
/// Newest first.
///
/// # Errors
/// Where the database is away.
async fn find(words: Vec<String>) {}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct find {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    static __ARG_0: __runlet::Arg<Vec<String>> = __runlet::arg::<
        Vec<String>,
    >("words", "One word, or two.");
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
        "find",
        "Finds orders by any of:\n- their number\n- their buyer\n\nNewest first.",
        &[__ARG_0.spec()],
    );
    impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for find {
        fn spec(&self) -> &__runlet::ToolSpec {
            __TOOL.spec()
        }
        fn call<'a>(
            &'a self,
            __context: &'a __runlet::Context<__D>,
            __arguments: __runlet::Arguments<'a>,
        ) -> __runlet::ToolFuture<'a> {
            __runlet::Box::pin(async move {
                let mut __reader = __TOOL.read(__arguments);
                let words = __reader.take(&__ARG_0);
                __reader.finish()?;
                let __output = find(words?).await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(find = "find"(words : Vec < String > = "words",) ());
};

#[allow(clippy::unused_async)]
/// Before.
#[doc = include_str!("find.md")]
/// After.
async fn find() {}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct find {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
        "find",
        __runlet::concat!(" Before.\n", include_str!("find.md"), "\n", " After.\n"),
        &[],
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
                let __reader = __TOOL.read(__arguments);
                __reader.finish()?;
                let __output = find().await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(find = "find"() ());
};

#[allow(clippy::unused_async)]
#[deprecated(note = "use `search`")]
/// Finds.
#[instrument(skip_all)]
/// Slowly.
#[allow(clippy::too_many_arguments)]
async fn find(#[allow(unused)] mut id: u64) -> u64 {
    id += 1;
    id
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct find {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    static __ARG_0: __runlet::Arg<u64> = __runlet::arg::<u64>("id", "");
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
        "find",
        "Finds. Slowly.",
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
                let id = __reader.take(&__ARG_0);
                __reader.finish()?;
                let __output = find(id?).await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(find = "find"(id : u64 = "id",) ());
};

#[allow(clippy::unused_async)]
pub(crate) async fn lookup_order(id: u64) -> String {
    id.to_string()
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
pub(crate) struct LookupOrder {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    static __ARG_0: __runlet::Arg<u64> = __runlet::arg::<u64>("id", "");
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
        "lookup_order",
        "",
        &[__ARG_0.spec()],
    );
    impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for LookupOrder {
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
                let __output = lookup_order(id?).await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(pub (crate) LookupOrder = "lookup_order"(id : u64 = "id",) ());
};

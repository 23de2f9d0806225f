#[allow(clippy::unused_async)]
/// Looks up an order.
async fn lookup_order(order_id: String, limit: u32) -> Result<String, DbError> {
    find(order_id, limit).await
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct lookup_order {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    static __ARG_0: __runlet::Arg<String> = __runlet::arg::<
        String,
    >("order_id", "The number on the receipt.");
    static __ARG_1: __runlet::Arg<u32> = __runlet::arg::<u32>("limit", "");
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
        "lookup_order",
        "Looks up an order.",
        &[__ARG_0.spec(), __ARG_1.spec()],
    );
    impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for lookup_order {
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
                let order_id = __reader.take(&__ARG_0);
                let limit = __reader.take(&__ARG_1);
                __reader.finish()?;
                let __output = lookup_order(order_id?, limit?).await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(
        lookup_order = "lookup_order"(order_id : String = "order_id", limit : u32 =
        "limit",) ()
    );
};

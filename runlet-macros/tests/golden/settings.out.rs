#[allow(clippy::unused_async)]
/// Replaced by the description.
async fn refund(order_id: String) -> bool {
    true
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct refund {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    static __ARG_0: __runlet::Arg<String> = __runlet::arg::<String>("order_id", "");
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
            "refund-order",
            "Pays an order back.",
            &[__ARG_0.spec()],
        )
        .title("Refund")
        .effect(__runlet::Effect::Idempotent)
        .sequential()
        .approval()
        .timeout(__runlet::Duration::from_millis(30000))
        .retries(3)
        .max_output(4096);
    impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for refund {
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
                __reader.finish()?;
                let __output = refund(order_id?).await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(refund = "refund-order"(order_id : String = "order_id",) ());
};

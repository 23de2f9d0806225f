#[allow(clippy::unused_async)]
pub async fn refund(
    ctx: &Context<Shop>,
    db: &OrderDb,
    mailer: &dyn Mailer,
    order_id: String,
) -> Json<Receipt> {
    db.refund(order_id).await
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
pub struct refund {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    static __ARG_0: __runlet::Arg<String> = __runlet::arg::<String>("order_id", "");
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
        "refund",
        "",
        &[__ARG_0.spec()],
    );
    impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for refund
    where
        Context<Shop>: __runlet::Lend<__D>,
        OrderDb: __runlet::Lend<__D>,
        dyn Mailer: __runlet::Lend<__D>,
    {
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
                let __output = refund(
                        <Context<Shop> as __runlet::Lend<__D>>::lend(__context),
                        <OrderDb as __runlet::Lend<__D>>::lend(__context),
                        <dyn Mailer as __runlet::Lend<__D>>::lend(__context),
                        order_id?,
                    )
                    .await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(
        pub refund = "refund"(order_id : String = "order_id",) (Context < Shop >,
        OrderDb, dyn Mailer,)
    );
};

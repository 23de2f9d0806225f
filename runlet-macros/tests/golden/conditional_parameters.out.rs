#[allow(clippy::unused_async)]
async fn log(
    #[cfg(feature = "metrics")]
    metrics: &Metrics,
    text: String,
    #[cfg(feature = "levels")]
    level: u8,
) {
    write(text);
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct log {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    #[cfg(feature = "metrics")]
    type __Lent0 = Metrics;
    #[cfg(not(all(feature = "metrics")))]
    type __Lent0 = dyn __runlet::CallContext;
    static __ARG_0: __runlet::Arg<String> = __runlet::arg::<String>("text", "");
    #[cfg(feature = "levels")]
    static __ARG_1: __runlet::Arg<u8> = __runlet::arg::<u8>("level", "");
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
        "log",
        "",
        &[__ARG_0.spec(), #[cfg(feature = "levels")] __ARG_1.spec()],
    );
    impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for log
    where
        __Lent0: __runlet::Lend<__D>,
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
                let text = __reader.take(&__ARG_0);
                #[cfg(feature = "levels")]
                let level = __reader.take(&__ARG_1);
                __reader.finish()?;
                let __output = log(
                        #[cfg(feature = "metrics")]
                        <__Lent0 as __runlet::Lend<__D>>::lend(__context),
                        text?,
                        #[cfg(feature = "levels")]
                        level?,
                    )
                    .await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(
        log = "log"(text : String = "text", #[cfg(feature = "levels")] level : u8 =
        "level",) (__Lent0,)
    );
};

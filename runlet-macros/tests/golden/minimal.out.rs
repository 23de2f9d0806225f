#[allow(clippy::unused_async)]
async fn ping() {}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct ping {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    static __TOOL: __runlet::Definition = __runlet::Definition::new("ping", "", &[]);
    impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for ping {
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
                let __output = ping().await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(ping = "ping"() ());
};

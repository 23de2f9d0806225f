#[allow(clippy::unused_async)]
async fn ping(text: String) -> String {
    text
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct ping {}
#[allow(deprecated)]
const _: () = {
    use crate::kit::runlet::__private as __runlet;
    static __ARG_0: __runlet::Arg<String> = __runlet::arg::<String>("text", "");
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
        "ping",
        "",
        &[__ARG_0.spec()],
    );
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
                let mut __reader = __TOOL.read(__arguments);
                let text = __reader.take(&__ARG_0);
                __reader.finish()?;
                let __output = ping(text?).await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(ping = "ping"(text : String = "text",) ());
};

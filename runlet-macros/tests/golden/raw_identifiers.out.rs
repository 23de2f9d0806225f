#[allow(clippy::unused_async)]
async fn r#move(r#type: String, r#in: Option<String>) {}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct r#move {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    static __ARG_0: __runlet::Arg<String> = __runlet::arg::<String>("type", "");
    static __ARG_1: __runlet::Arg<Option<String>> = __runlet::arg::<
        Option<String>,
    >("in", "");
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
        "move",
        "",
        &[__ARG_0.spec(), __ARG_1.spec()],
    );
    impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for r#move {
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
                let r#type = __reader.take(&__ARG_0);
                let r#in = __reader.take(&__ARG_1);
                __reader.finish()?;
                let __output = r#move(r#type?, r#in?).await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(
        r#move = "move"(r#type : String = "type", r#in : Option < String > = "in",) ()
    );
};

#[allow(clippy::unused_async)]
/// Reads.
fn read_file(path: String) -> String {
    path
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct read_file {}
#[allow(deprecated)]
const _: () = {
    use ::kit::runlet::__private as __runlet;
    static __ARG_0: __runlet::Arg<String> = __runlet::arg::<String>("path", "");
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
            "read_file",
            "Reads.",
            &[__ARG_0.spec()],
        )
        .blocking();
    impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for read_file {
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
                let path = __reader.take(&__ARG_0);
                __reader.finish()?;
                let __output = read_file(path?);
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(read_file = "read_file"(path : String = "path",) ());
};

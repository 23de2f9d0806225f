#[allow(clippy::unused_async)]
async fn find<'a, 'b: 'a>(
    pool: &'a Pool<'b>,
    names: Names<'_>,
    id: Cow<'a, str>,
) -> String
where
    'b: 'a,
{
    pool.find(names, id)
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct find {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    static __ARG_0: __runlet::Arg<Names<'static>> = __runlet::arg::<
        Names<'static>,
    >("names", "");
    static __ARG_1: __runlet::Arg<Cow<'static, str>> = __runlet::arg::<
        Cow<'static, str>,
    >("id", "");
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
        "find",
        "",
        &[__ARG_0.spec(), __ARG_1.spec()],
    );
    impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for find
    where
        Pool<'static>: __runlet::Lend<__D>,
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
                let names = __reader.take(&__ARG_0);
                let id = __reader.take(&__ARG_1);
                __reader.finish()?;
                let __output = find(
                        <Pool<'static> as __runlet::Lend<__D>>::lend(__context),
                        names?,
                        id?,
                    )
                    .await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(
        find = "find"(names : Names < 'static > = "names", id : Cow < 'static, str > =
        "id",) (Pool < 'static >,)
    );
};

#[allow(clippy::unused_async)]
async fn search(
    query: String,
    limit: u32,
    score: Option<f64>,
    tag: String,
    since: String,
) -> u32 {
    1
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct search {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    static __ARG_0: __runlet::Arg<String> = __runlet::arg::<String>("q", "")
        .example("\"red shoes\"")
        .min_len(1)
        .max_len(200);
    static __ARG_1: __runlet::Arg<u32> = __runlet::arg::<u32>("limit", "")
        .default(|| 10, __runlet::Option::Some("10"))
        .min(1)
        .max(50);
    static __ARG_2: __runlet::Arg<Option<f64>> = __runlet::arg::<
        Option<f64>,
    >("score", "")
        .min_float(-0.5)
        .max(1);
    static __PATTERN_3: __runlet::Pattern = __runlet::Pattern::new("^[a-z]+$");
    static __ARG_3: __runlet::Arg<String> = __runlet::arg::<String>("tag", "")
        .pattern(&__PATTERN_3);
    static __ARG_4: __runlet::Arg<String> = __runlet::arg::<String>("since", "")
        .default(
            || __runlet::text("2024-01-01"),
            __runlet::Option::Some("\"2024-01-01\""),
        )
        .format("date");
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
        "search",
        "",
        &[__ARG_0.spec(), __ARG_1.spec(), __ARG_2.spec(), __ARG_3.spec(), __ARG_4.spec()],
    );
    impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for search {
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
                let query = __reader.take(&__ARG_0);
                let limit = __reader.take(&__ARG_1);
                let score = __reader.take(&__ARG_2);
                let tag = __reader.take(&__ARG_3);
                let since = __reader.take(&__ARG_4);
                __reader.finish()?;
                let __output = search(query?, limit?, score?, tag?, since?).await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(
        search = "search"(query : String = "q", limit : u32 = "limit", score : Option <
        f64 > = "score", tag : String = "tag", since : String = "since",) ()
    );
};

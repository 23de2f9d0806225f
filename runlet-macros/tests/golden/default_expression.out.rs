#[allow(clippy::unused_async)]
async fn convert(unit: Unit, value: i32) -> f64 {
    0.0
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
struct convert {}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    static __ARG_0: __runlet::Arg<Unit> = __runlet::arg::<Unit>("unit", "")
        .default(|| Unit::Celsius, __runlet::Option::None);
    static __ARG_1: __runlet::Arg<i32> = __runlet::arg::<i32>("value", "")
        .default(|| -40, __runlet::Option::Some("-40"));
    static __TOOL: __runlet::Definition = __runlet::Definition::new(
        "convert",
        "",
        &[__ARG_0.spec(), __ARG_1.spec()],
    );
    impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for convert {
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
                let unit = __reader.take(&__ARG_0);
                let value = __reader.take(&__ARG_1);
                __reader.finish()?;
                let __output = convert(unit?, value?).await;
                __runlet::IntoOutput::into_output(__output)
            })
        }
    }
    __runlet::tool_type!(
        convert = "convert"(unit : Unit = "unit", value : i32 = "value",) ()
    );
};

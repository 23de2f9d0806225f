impl Files {
    #[allow(clippy::unused_async)]
    /// Reads a file.
    async fn read(&self, db: &Db, path: String) -> String {
        self.root(path)
    }
    fn root(&self, path: String) -> String {
        path
    }
    #[allow(clippy::unused_async)]
    async fn list(&self) -> u32 {
        1
    }
}
#[allow(deprecated)]
const _: () = {
    use ::runlet::__private as __runlet;
    type __Set = Files;
    #[allow(non_camel_case_types)]
    struct __Tool_read(__runlet::Arc<__Set>);
    const _: () = {
        static __ARG_0: __runlet::Arg<String> = __runlet::arg::<
            String,
        >("path", "The path.");
        static __TOOL: __runlet::Definition = __runlet::Definition::new(
                "files_read",
                "Reads a file.",
                &[__ARG_0.spec()],
            )
            .effect(__runlet::Effect::Read);
        impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for __Tool_read
        where
            Db: __runlet::Lend<__D>,
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
                    let path = __reader.take(&__ARG_0);
                    __reader.finish()?;
                    let __output = __Set::read(
                            &self.0,
                            <Db as __runlet::Lend<__D>>::lend(__context),
                            path?,
                        )
                        .await;
                    __runlet::IntoOutput::into_output(__output)
                })
            }
        }
    };
    #[allow(non_camel_case_types)]
    struct __Tool_list(__runlet::Arc<__Set>);
    const _: () = {
        static __TOOL: __runlet::Definition = __runlet::Definition::new(
            "files_list",
            "",
            &[],
        );
        impl<__D: __runlet::Dependencies> __runlet::Tool<__D> for __Tool_list {
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
                    let __output = __Set::list(&self.0).await;
                    __runlet::IntoOutput::into_output(__output)
                })
            }
        }
    };
    impl Files {
        /// The tools of the set, which share the value.
        #[allow(dead_code, unreachable_pub, private_bounds)]
        pub fn tools<__D: __runlet::Dependencies>(
            set: impl __runlet::Into<__runlet::Arc<Self>>,
        ) -> __runlet::Vec<__runlet::Arc<dyn __runlet::Tool<__D>>>
        where
            Db: __runlet::Lend<__D>,
        {
            let __set: __runlet::Arc<Self> = __runlet::Into::into(set);
            __runlet::list([
                __runlet::share(__Tool_read(__runlet::again(&__set))),
                __runlet::share(__Tool_list(__runlet::again(&__set))),
            ])
        }
    }
};

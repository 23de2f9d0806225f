const _: () = {
    use ::runlet::__private as __runlet;
    impl<'a, T: Db> __runlet::Lend<Shop<'a, T>> for Vec<T>
    where
        T: Send,
    {
        fn lend<'__run>(
            context: &'__run __runlet::Context<Shop<'a, T>>,
        ) -> &'__run Self {
            &__runlet::Context::deps(context).0
        }
    }
    impl<'a, T: Db> __runlet::Lend<Shop<'a, T>> for Names<'a>
    where
        T: Send,
    {
        fn lend<'__run>(
            context: &'__run __runlet::Context<Shop<'a, T>>,
        ) -> &'__run Self {
            &__runlet::Context::deps(context).1
        }
    }
};

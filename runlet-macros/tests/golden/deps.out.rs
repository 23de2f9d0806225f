const _: () = {
    use ::runlet::__private as __runlet;
    impl __runlet::Lend<Shop> for OrderDb {
        fn lend<'__run>(context: &'__run __runlet::Context<Shop>) -> &'__run Self {
            &__runlet::Context::deps(context).orders
        }
    }
    impl __runlet::Lend<Shop> for Arc<Clock> {
        fn lend<'__run>(context: &'__run __runlet::Context<Shop>) -> &'__run Self {
            &__runlet::Context::deps(context).clock
        }
    }
    impl __runlet::Lend<Shop> for Clock {
        fn lend<'__run>(context: &'__run __runlet::Context<Shop>) -> &'__run Self {
            &*__runlet::Context::deps(context).clock
        }
    }
    impl __runlet::Lend<Shop> for Box<dyn Mailer> {
        fn lend<'__run>(context: &'__run __runlet::Context<Shop>) -> &'__run Self {
            &__runlet::Context::deps(context).mailer
        }
    }
    impl __runlet::Lend<Shop> for dyn Mailer {
        fn lend<'__run>(context: &'__run __runlet::Context<Shop>) -> &'__run Self {
            &*__runlet::Context::deps(context).mailer
        }
    }
};

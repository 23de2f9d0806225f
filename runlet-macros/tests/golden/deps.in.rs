#[derive(Deps)]
struct Shop {
    orders: OrderDb,
    clock: Arc<Clock>,
    mailer: Box<dyn Mailer>,
    #[deps(skip)]
    other: OrderDb,
}

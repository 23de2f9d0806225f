use std::sync::Arc;

use runlet::{CallContext, Context, Deps, Tool, tool};

trait Mailer: Send + Sync {}
struct Post;
impl Mailer for Post {}

struct Db;

#[derive(Deps)]
struct Shop {
    db: Arc<Db>,
    mailer: Box<dyn Mailer>,
    #[deps(skip)]
    other: Arc<Db>,
}

#[tool]
async fn everything(
    ctx: &Context<Shop>,
    call: &dyn CallContext,
    shop: &Shop,
    db: &Db,
    shared: &Arc<Db>,
    mailer: &dyn Mailer,
    boxed: &Box<dyn Mailer>,
) {
    let _ = (ctx, call, shop, db, shared, mailer, boxed);
}

#[tool]
async fn any_agent(call: &dyn CallContext) -> u32 {
    call.info().step()
}

#[derive(Deps)]
struct Generic<'a, T: Send>(Vec<T>, &'a str)
where
    T: Sync;

fn register<D: Send + Sync + 'static, T: Tool<D>>(_: T) {}

fn main() {
    register::<Shop, _>(everything {});
    register::<Shop, _>(any_agent {});
    register::<(), _>(any_agent {});
    let shop = Shop { db: Arc::new(Db), mailer: Box::new(Post), other: Arc::new(Db) };
    let _ = (shop.db, shop.mailer, shop.other);
    let generic = Generic(vec![1], "x");
    let _ = (generic.0, generic.1);
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use runlet::tool::Toolbox;
use runlet::{Context, toolset};

struct Counter {
    count: AtomicU32,
}

struct Db;

#[toolset]
impl Counter {
    const STEP: u32 = 2;

    /// Counts.
    #[tool]
    async fn count(&self, db: &Db, #[arg(default = Self::STEP)] step: u32) -> u32 {
        let _ = db;
        self.count.fetch_add(step, Ordering::Relaxed)
    }

    #[runlet::tool(name = "reset", effect = idempotent)]
    pub(crate) async fn set_to_nothing<'a>(&'a self, ctx: &'a Context<Db>) {
        let _ = ctx;
        self.count.store(0, Ordering::Relaxed);
    }

    fn plain(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }
}

fn main() {
    let counter = Arc::new(Counter { count: AtomicU32::new(1) });
    let mut tools = Toolbox::<Db>::new();
    for tool in Counter::tools(Arc::clone(&counter)) {
        tools.add_arc(tool).unwrap();
    }
    assert_eq!(tools.specs().len(), 2);
    assert_eq!(counter.plain(), 1);
}

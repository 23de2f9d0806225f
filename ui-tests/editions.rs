//! Tools, toolsets and dependencies as crates of other editions write them. Two packages build this file, each in its
//! own edition.

use runlet::{Deps, Tool, tool, toolset};

#[derive(Deps)]
struct Shop {
    db: std::sync::Arc<Db>,
}

struct Db(u8);

/// Finds.
#[tool(timeout = "1s", effect = read, retries = 1)]
async fn find(
    db: &Db,
    /// A name that is a keyword in some editions.
    r#gen: String,
    #[arg(default = 3, min = 1)] r#dyn: u8,
) -> Result<String, std::fmt::Error> {
    Ok(format!("{} {} {}", db.0, r#gen, r#dyn))
}

#[tool]
async fn r#try(list: Vec<Option<String>>) -> usize {
    list.len()
}

struct Files;

#[toolset]
impl Files {
    #[tool]
    async fn read<'a>(&'a self, db: &'a Db, path: String) -> String {
        format!("{}{}", path, db.0)
    }
}

macro_rules! declare {
    ($name:ident, $type:ty) => {
        #[tool]
        async fn $name(value: $type) -> $type {
            value
        }
    };
}

declare!(echo, String);

fn names<D: Send + Sync + 'static>(tools: &[&dyn Tool<D>]) -> Vec<String> {
    tools.iter().map(|tool| tool.spec().name.to_string()).collect()
}

#[test]
fn tools_are_declared_in_every_edition() {
    assert_eq!(names::<Shop>(&[&find {}, &r#try {}, &echo {}]), ["find", "try", "echo"]);
    let shop = Shop { db: std::sync::Arc::new(Db(1)) };
    assert_eq!(Files::tools::<Shop>(Files).len(), usize::from(shop.db.0));
}

#![deny(private_interfaces, private_bounds)]

pub mod shop {
    pub struct Db;

    #[runlet::tool]
    pub async fn find(db: &Db, id: u32) -> u32 {
        let _ = db;
        id
    }

    #[runlet::tool]
    pub(crate) async fn internal(id: u32) -> u32 {
        id
    }

    #[runlet::tool(type = Private)]
    async fn private(id: u32) -> u32 {
        id
    }

    pub fn make() -> impl runlet::Tool<Db> {
        Private {}
    }
}

fn main() {
    let _ = (shop::find {}, shop::internal {}, shop::make());
}

fn main() {
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Local(u8);

    const TEN: u8 = 10;

    #[runlet::tool]
    async fn find(local: Local, #[arg(default = TEN)] limit: u8) -> u8 {
        local.0 + limit
    }

    #[derive(runlet::Deps)]
    struct Shop {
        db: u16,
    }

    let shop = Shop { db: 1 };
    assert_eq!(find::NAME, "find");
    assert_eq!(shop.db, 1);
}

use runlet::{Tool, tool};

#[tool(name = "a-b_C9")]
async fn find(#[arg(name = "x.y-z")] id: u8) -> u8 {
    id
}

#[tool(name = "groesse")]
async fn größe(#[arg(name = "laenge")] länge: u8) -> u8 {
    länge
}

fn main() {
    assert_eq!(find::NAME, "a-b_C9");
    assert_eq!(Tool::<()>::spec(&größe {}).name, "groesse");
}

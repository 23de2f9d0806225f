use runlet::{Context, tool};

struct Db(u8);

#[tool]
async fn find(db: &Db, mut id: u32, name: Option<String>, context: u8) -> String {
    id += 1;
    format!("{} {id} {name:?} {context}", db.0)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let context = Context::detached(Db(1));
    let output = find::call(&context, 2, Some("x".to_owned()), 3).await.expect("the tool answers");
    let runlet::Part::Text(text) = &output.content()[0] else { panic!("the tool gave no text") };
    assert_eq!(text.text, "1 3 Some(\"x\") 3");
}

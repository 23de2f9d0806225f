use runlet::{Context, tool};

struct Db(u8);

#[tool]
async fn find(db: &Db, mut id: u32, name: Option<String>, context: u8) -> String {
    id += 1;
    format!("{} {id} {name:?} {context}", db.0)
}

fn main() {
    let context = Context::detached(Db(1));
    let future = find::call(&context, 2, Some("x".to_owned()), 3);
    let output = std::pin::pin!(future).as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    let std::task::Poll::Ready(Ok(output)) = output else { panic!("the tool failed") };
    let runlet::Part::Text(text) = &output.content()[0] else { panic!("the tool gave no text") };
    assert_eq!(text.text, "1 3 Some(\"x\") 3");
}

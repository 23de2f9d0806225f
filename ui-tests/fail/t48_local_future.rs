use runlet::tool;

#[tool]
async fn read() -> String {
    let cell = std::cell::RefCell::new(String::new());
    let text = &cell;
    std::future::ready(()).await;
    text.borrow().clone()
}

fn main() {}

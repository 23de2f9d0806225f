use runlet::tool;

#[tool]
async fn count(text: String) -> usize {
    let shared = std::rc::Rc::new(text);
    std::future::ready(()).await;
    shared.len()
}

fn main() {}

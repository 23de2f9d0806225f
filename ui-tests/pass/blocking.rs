use std::rc::Rc;

use runlet::{Context, Tool, tool, toolset};

struct Shelf(String);

/// Reads the shelf, one thread at a time.
#[tool(blocking)]
fn read_shelf(shelf: &Shelf, times: usize) -> Result<String, std::fmt::Error> {
    // What may not leave its thread is fine: nothing is awaited.
    let text = Rc::new(shelf.0.repeat(times));
    Ok(String::clone(&text))
}

#[toolset]
impl Shelf {
    /// Counts.
    #[tool(blocking)]
    fn count(&self) -> usize {
        self.0.len()
    }
}

fn main() {
    assert!(Tool::<Shelf>::spec(&read_shelf {}).blocking);
    let tools = Shelf::tools::<()>(Shelf("a".to_owned()));
    assert!(tools.iter().all(|tool| tool.spec().blocking));
    let _ = read_shelf::call(&Context::detached(Shelf("a".to_owned())), 2);
    assert_eq!(read_shelf(&Shelf("a".to_owned()), 2), Ok("aa".to_owned()));
}

use runlet::{Tool, tool};

/// Before.
#[doc = concat!("in", "side")]
/// After.
#[tool]
async fn count() {}

macro_rules! documented {
    ($doc:expr) => {
        #[doc = $doc]
        #[tool]
        async fn other() {}
    };
}

documented!("From a macro.");

fn main() {
    let description = &Tool::<()>::spec(&count {}).description;
    assert!(description.contains("Before.") && description.contains("inside") && description.contains("After."));
    assert_eq!(Tool::<()>::spec(&other {}).description, "From a macro.");
}

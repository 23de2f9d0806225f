use runlet::{Tool, tool};

#[tool]
async fn weather() {}

macro_rules! names {
    ($($tool:ty),*) => {
        [$(Tool::<()>::spec(&<$tool as Default>::default()).name.clone()),*]
    };
}

fn main() {
    assert_eq!(names![weather], ["weather"]);
}

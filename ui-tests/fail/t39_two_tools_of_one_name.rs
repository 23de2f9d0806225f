use runlet::tool;

#[tool(name = "find")]
async fn find_order() {}

#[tool]
async fn find() {}

const _: () = runlet::__private::assert_unique(&[find_order::NAME, find::NAME]);

fn main() {}

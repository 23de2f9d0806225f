use runlet::tool;

#[tool]
async fn find() {}

#[tool]
async fn search() {}

struct ByHand;

const _: () = {
    use runlet::__private::Unnamed as _;
    runlet::__private::assert_unique(&[find::NAME, search::NAME, ByHand::NAME, ByHand::NAME]);
};

fn main() {}

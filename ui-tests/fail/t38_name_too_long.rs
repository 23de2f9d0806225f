use runlet::tool;

#[tool]
async fn a_name_that_goes_on_and_on_and_on_until_it_is_longer_than_providers_allow() {}

fn main() {}

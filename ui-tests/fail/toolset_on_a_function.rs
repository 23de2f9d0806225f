use runlet::toolset;

#[toolset]
async fn read() {}

fn main() {}

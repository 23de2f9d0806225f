// The tool's type has the module's name and namespace. Name it by its path instead, or use `type = ..`.
mod weather {
    #[runlet::tool]
    pub async fn weather() {}
}

use weather::weather;

fn main() {}

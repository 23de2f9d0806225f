mod weather {
    #[runlet::tool]
    pub async fn weather() -> u8 {
        1
    }
}

mod forecast {
    #[runlet::tool(type = Forecast)]
    pub async fn forecast() -> u8 {
        2
    }
}

use forecast::Forecast;

fn main() {
    let _ = (weather::weather {}, Forecast {});
}

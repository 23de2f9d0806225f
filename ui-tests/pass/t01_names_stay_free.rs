use runlet::tool;

#[tool]
async fn weather(city: String) -> String {
    city
}

fn describe(weather: u8) -> u8 {
    match weather {
        0 => 0,
        weather => weather + 1,
    }
}

fn main() {
    let weather = describe(1);
    assert_eq!(weather, 2);
    let weather = |weather: u8| weather;
    assert_eq!(weather(3), 3);
}

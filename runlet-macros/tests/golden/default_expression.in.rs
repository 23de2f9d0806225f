#[tool]
async fn convert(#[arg(default = Unit::Celsius)] unit: Unit, #[arg(default = -40)] value: i32) -> f64 {
    0.0
}

#[tool]
async fn log(
    #[cfg(feature = "metrics")] metrics: &Metrics,
    text: String,
    #[cfg(feature = "levels")]
    #[cfg_attr(docsrs, doc = "for docs.rs")]
    level: u8,
) {
    write(text);
}

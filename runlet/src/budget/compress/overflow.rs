//! What a provider's refusal of a request that was counted as fitting says about the count.

/// The size of the request where the provider's words name it: the largest number above the limit and below sixteen times
/// of it, as no ruler is that wrong. "Your prompt is 10,234 tokens long and the limit is 8192" has one.
pub(crate) fn reported_tokens(words: &str, limit: u64) -> Option<u64> {
    let digits = |character: char| character.is_ascii_digit() || matches!(character, ',' | '_');
    let numbers = words.split(|character| !digits(character));
    let numbers = numbers.filter_map(|number| number.replace([',', '_'], "").parse::<u64>().ok());
    numbers.filter(|number| *number > limit && *number / 16 < limit).max()
}

#[cfg(test)]
mod tests {
    use super::reported_tokens;

    #[test]
    fn the_size_of_a_request_is_read_from_the_words_of_a_refusal() {
        let check = |words: &str, limit, expected| assert_eq!(reported_tokens(words, limit), expected, "{words}");
        check("prompt is too long: 203456 tokens > 200000 maximum", 200_000, Some(203_456));
        check("maximum context length is 8,192 tokens, your messages resulted in 10,234 tokens", 8_192, Some(10_234));
        check("your input exceeds the context window of this model", 8_192, None);
        check("the limit is 8192. Request 20260101093015 failed", 8_192, None);
        check("", 0, None);
    }
}

use super::*;
use crate::budget::Utf8Ruler;
use crate::message::Extra;

/// Compares what a picture of a size takes, likely and at most.
#[track_caller]
fn check(provider: &str, model: &str, size: Option<(u64, u64)>, detail: Option<&str>, expected: (u64, u64)) {
    let tokens = Dialect::of(provider, model, None).image.measure(size, detail);
    assert_eq!((tokens.expected, tokens.upper), expected, "{provider} {model} {size:?} {detail:?}");
}

#[test]
fn pictures_take_what_the_providers_publish() {
    // The examples of the providers' own pages.
    check("openai", "gpt-4o", Some((1_024, 1_024)), Some("high"), (765, 765));
    check("openai", "gpt-4o", Some((2_048, 4_096)), None, (1_105, 1_105));
    check("openai", "gpt-4o-2024-08-06", Some((4_096, 8_192)), Some("low"), (85, 85));
    check("openai", "gpt-4.1-mini", Some((1_024, 1_024)), None, (1_659, 1_659));
    check("openai", "o4-mini", Some((5_000, 5_000)), None, (2_642, 2_642));
    check("anthropic", "claude-sonnet-4-5", Some((1_000, 1_000)), None, (1_334, 1_342));
    check("anthropic", "claude-sonnet-4-5", Some((8_000, 8_000)), None, (1_600, 1_600));
    check("anthropic", "claude-opus-4-8", Some((8_000, 8_000)), None, (4_784, 4_784));
    check("gemini", "gemini-2.5-flash", Some((384, 384)), None, (258, 258));
    check("gemini", "gemini-2.5-flash", Some((960, 540)), None, (258 * 6, 258 * 6));
    check("gemini", "gemini-3-pro", Some((960, 540)), None, (1_120, 2_240));
    // 30 pictures of 3,000 pixels square were billed 318,283 tokens with the text around them.
    check("openai", "gpt-5.5", Some((3_000, 3_000)), Some("original"), (10_604, 10_604));
}

#[test]
fn pictures_of_unknown_size_take_the_most_that_is_published() {
    check("openai", "gpt-4o", None, None, (765, 1_445));
    check("openai", "gpt-4o-mini", None, Some("low"), (2_833, 2_833));
    check("openai", "gpt-unheard-of", None, None, (1_844, 12_000));
    check("anthropic", "claude-3-7-sonnet-latest", None, None, (1_600, 1_600));
    check("anthropic", "claude-unheard-of", None, None, (1_600, 4_784));
    check("gemini", "gemini-2.0-flash", None, None, (1_032, 4_128));
    check("elsewhere", "", None, None, (765, 4_784));
}

#[test]
fn sizes_are_read_from_the_first_bytes() {
    // A PNG of 3 by 2 pixels, a GIF of 10 by 20, a JPEG of 8 by 16 and a WebP of 1 by 1; then none of them.
    let check = |data: &str, expected| assert_eq!(image_size(data), expected, "{data}");
    check("iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFN", Some((3, 2)));
    check("R0lGODlhCgAUAIAAAP8AAAAAACwAAAAA", Some((10, 20)));
    check("/9j/4AAQSkZJRgABAQAAAQABAAD/wAARCAAQAAgDASIAAhEBAxEB", Some((8, 16)));
    check("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA", Some((1, 1)));
    for none in ["", "====", "iVBORw0KGgo", "QUJD", "not base64", "R0lGODlhAAAAAA=="] {
        check(none, None);
    }
}

#[test]
fn files_take_their_text_or_their_pages() {
    let dialect = Dialect::of("anthropic", "claude-sonnet-4-5", None);
    let check = |media_type: &str, data: &str, expected: (u64, u64)| {
        let source = MediaSource::Base64 { media_type: media_type.to_owned(), data: data.to_owned() };
        let media = Media { kind: MediaKind::File, source, name: None, extra: Extra::default() };
        let tokens = measure(&media, &dialect, &Utf8Ruler::default());
        assert_eq!((tokens.expected, tokens.upper), expected, "{media_type}");
    };
    let hello = Utf8Ruler::default().measure("hello world");
    check("text/plain", "aGVsbG8gd29ybGQ=", (hello.expected, hello.upper));
    check("application/pdf", "L1R5cGUgL1BhZ2UgL1R5cGUvUGFnZXMgL1R5cGUvUGFnZQ==", (2 * (1_600 + 4), 2 * (1_600 + 9)));
    check("application/pdf", "AAAA", (1_600, 1_601));
    check("application/zip", "AAAAAAAA", (1, 3));
    let unseen = Media {
        kind: MediaKind::File,
        source: MediaSource::FileId { id: "file_1".to_owned() },
        name: None,
        extra: Extra::default(),
    };
    assert_eq!(measure(&unseen, &dialect, &Utf8Ruler::default()).upper, 300_000);
    let told = Dialect::of("anthropic", "claude-sonnet-4-5", Some(5_000));
    assert_eq!(measure(&unseen, &told, &Utf8Ruler::default()).upper, 5_000);
}

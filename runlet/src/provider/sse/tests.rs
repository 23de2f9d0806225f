use super::*;

const LIMITS: SseLimits = SseLimits { event: 1000, stream: 10_000 };

/// The events of a stream that arrives in the given pieces, as `name|data`, and the error it ended with.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: SseLimits) -> (Vec<String>, Option<SseError>) {
    let mut parser = SseParser::new(limits);
    let mut events = Vec::new();
    for piece in pieces {
        parser.push(piece);
        loop {
            match parser.next_event() {
                Ok(Some(event)) => events.push(format!("{}|{}", event.name, event.data)),
                Ok(None) => break,
                Err(error) => return (events, Some(error)),
            }
        }
    }
    (events, None)
}

fn check(stream: impl AsRef<[u8]>, expected: &[&str]) {
    let stream = stream.as_ref();
    let (events, error) = read([stream], LIMITS);
    assert_eq!(error, None);
    assert_eq!(events, expected, "as one piece");
    assert_eq!(read(stream.chunks(1), LIMITS).0, expected, "byte by byte");
    for first in 0..stream.len() {
        for second in first..stream.len() {
            let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
            assert_eq!(read(pieces, LIMITS).0, expected, "split at {first} and {second}");
        }
    }
}

fn check_error(stream: impl AsRef<[u8]>, limits: SseLimits, expected: SseError) {
    assert_eq!(read([stream.as_ref()], limits).1, Some(expected), "as one piece");
    assert_eq!(read(stream.as_ref().chunks(1), limits).1, Some(expected), "byte by byte");
}

#[test]
fn row_01_a_byte_order_mark_is_stripped() {
    check("\u{feff}data: a\n\ndata: \u{feff}b\n\n", &["|a", "|\u{feff}b"]);
    check("\u{feff}", &[]);
    check(b"\xEF\xBBdata: a\n\ndata: b\n\n", &["|b"]);
}

#[test]
fn row_02_all_line_ends_are_one() {
    check("data: a\n\ndata: b\n\n", &["|a", "|b"]);
    check("data: a\r\rdata: b\r\r", &["|a", "|b"]);
    check("data: a\r\n\r\ndata: b\r\n\r\n", &["|a", "|b"]);
    check("event: x\r\ndata: a\n\r\ndata: b\r\n\revent: y\ndata: c\r\n\n", &["x|a", "|b", "y|c"]);
    check("\n\r\n\rdata: a\n\n\n\n", &["|a"]);
}

#[test]
fn row_03_data_fields_are_joined_by_line_feeds() {
    check("data: a\ndata:b\ndata:  c\ndata\ndata:\n\n", &["|a\nb\n c\n\n"]);
    check("data\n\n", &["|"]);
    check("data: a\ndata: b\n\ndata: c\n\ndata: d\ndata: e\n\n", &["|a\nb", "|c", "|d\ne"]);
}

#[test]
fn row_04_comments_and_events_without_data_give_nothing() {
    check(": ping\n\n:\n\nevent: ping\n\ndata: a\n: in between\n\n", &["|a"]);
    check("event: x\nid: 7\nretry: 3\nother: y\ndatax: z\ndata: a\n\n", &["x|a"]);
    check("event: x\nevent: y\ndata: a\n\n", &["y|a"]);
}

#[test]
fn row_05_text_may_be_split_anywhere() {
    check("event: é\ndata: 日本語 🎈\n\n", &["é|日本語 🎈"]);
}

#[test]
fn row_06_invalid_utf8_in_an_event_is_an_error() {
    check_error(b"data: a\xFF\n\n", LIMITS, SseError::Utf8);
    check_error(b"data: a\ndata: \xE6\x97\n\n", LIMITS, SseError::Utf8);
    check_error(b"event: \xFF\ndata: a\n\n", LIMITS, SseError::Utf8);
}

#[test]
fn row_07_invalid_utf8_elsewhere_is_passed_over() {
    check(b": \xFF\nid: \xFE\ndata: a\n\n", &["|a"]);
}

#[test]
fn row_08_sizes_are_limited() {
    let event = SseLimits { event: 16, stream: 100 };
    check("data: 123456789\n\n", &["|123456789"]);
    check_error("data: 123456789012\n\n", event, SseError::EventTooLarge(16));
    check_error("data: 1\ndata: 2\ndata: 3\n\n", event, SseError::EventTooLarge(16));
    check_error(": 1234567890123456", event, SseError::EventTooLarge(16));
    check_error("data: 1\n\n".repeat(20), event, SseError::StreamTooLarge(100));
    let comments = ": a comment\n".repeat(8) + "data: a\n\n";
    assert_eq!(read([comments.as_bytes()], SseLimits { event: 16, stream: 200 }), (vec!["|a".to_owned()], None));
}

#[test]
fn row_08_a_long_line_in_small_pieces_costs_linear_time() {
    // Searching the line anew for each of its 65,536 pieces would look at 2^38 bytes and take minutes.
    let limits = SseLimits::default();
    let mut line = b"data: ".to_vec();
    line.resize(4 << 20, b'x');
    line.extend_from_slice(b"\n\n");
    let started = std::time::Instant::now();
    let (events, error) = read(line.chunks(64), limits);
    assert_eq!((events.len(), error), (1, None));
    assert!(started.elapsed().as_secs() < 20, "took {:?}", started.elapsed());
}

#[test]
fn row_09_a_tail_without_an_empty_line_is_dropped() {
    check("data: a\n\ndata: b", &["|a"]);
    check("data: a\n\ndata: b\n", &["|a"]);
}
